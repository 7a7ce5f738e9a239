"""Background work in the database: enqueued with the change that needs it, done once, lost never."""
