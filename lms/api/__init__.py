"""Floor 7, the facade: all that a plugin may call. Stable; what is not here may change without notice."""
