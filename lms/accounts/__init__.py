"""Floor 6: people, how they sign in, and what they may do."""
