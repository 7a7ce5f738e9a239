"""Floor 6: offers, orders and subscriptions as facts, whoever takes the money."""
