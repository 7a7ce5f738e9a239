"""Questions about the site's health, asked of rooms and plugins."""
