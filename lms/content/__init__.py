"""Floor 5: documents, blocks, dynamic links."""
