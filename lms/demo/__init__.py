"""The sample site: one command starts everything that a newcomer wants to see."""
