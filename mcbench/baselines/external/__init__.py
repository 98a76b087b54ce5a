"""Methods that run as programs of their own: job folders, environments, and the runner."""
