"""What the core asks itself. Each check answers with one sentence and at most one thing to do."""
