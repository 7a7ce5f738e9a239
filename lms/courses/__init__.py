"""Floor 6: courses, their sections and lessons, and where each lesson stands."""
