"""What a page costs, as ratios measured in one run."""
