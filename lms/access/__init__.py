"""Floor 6: what a product opens, who holds it, and the one decision about every door."""
