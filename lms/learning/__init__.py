"""Floor 6: enrolments and progress, and the pages on which people learn."""
