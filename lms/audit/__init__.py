"""Who changed what, and when: one row for every change of settings, access, plugins and roles."""
