"""The ``notebook-runner`` command: one thin module per subcommand."""
