"""A stand-in for Stripe: its API, hosted checkout and customer portal, on this machine only. No money moves."""
