"""Methods without weights that run in this process: the floor that any model must beat."""
