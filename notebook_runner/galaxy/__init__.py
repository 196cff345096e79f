"""Everything that talks to a Galaxy server, and what a job of ``run_notebook`` reads and writes.

Importing the package loads nothing: ``job`` must start fast, and only the
modules that talk to a server import bioblend.
"""
