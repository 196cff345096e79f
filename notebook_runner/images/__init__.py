"""Build, probe, tag, compare and run the container images of ``containers/``."""
