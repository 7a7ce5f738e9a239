"""What money does: cards, payments, invoices, subscriptions, checkouts. Shared by the API, the pages and the clock."""
