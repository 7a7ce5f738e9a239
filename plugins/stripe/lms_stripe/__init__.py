"""Stripe for Stoa: connection, checkout, customer portal, webhooks."""
