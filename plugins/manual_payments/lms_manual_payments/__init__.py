"""Invoices and bank transfer: the payment provider for sites that need no payment service."""
