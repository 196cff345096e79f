"""What lives inside a JupyterLab session, and how one is started on a person's own machine."""
