"""Floor 3: finds, tries, runs and contains plugins."""
