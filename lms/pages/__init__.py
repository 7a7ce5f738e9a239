"""Pages of the site: the first owners of documents."""
