"""Keeps a lab session safe: saves all the time, ends it at its limits, and leaves a record.

A container that Galaxy stops is killed without a word, so nothing here waits for a goodbye: at any
moment the folders that Galaxy collects hold the last good copy of every file.

Started as ``python -m notebook_runner.lab.supervision [OPTIONS] -- COMMAND``.
"""
