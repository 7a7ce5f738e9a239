"""Floor 0: pure helpers. No Flask, no database."""
