"""A real Galaxy on this machine, from Python packages: install, configure, serve."""
