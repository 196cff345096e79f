"""Loaded by Galaxy's Celery worker: load what every job needs before the first job comes.

It is no part of this package: it is copied beside the server's configuration and named in Celery's
setting ``imports``, and runs in Galaxy's environment.
"""
# mypy: ignore-errors
# What is imported here is installed where it runs, and nowhere else.

import threading

from celery.signals import worker_ready
from galaxy.celery import celery_app


def load_pool() -> None:
    """Let each process of the worker's pool start, which imports Galaxy's metadata code."""
    for _ in range(celery_app.conf.worker_concurrency or 2):
        celery_app.fork_pool.schedule(int)


@worker_ready.connect
def begin(**_: object) -> None:
    """Begin as soon as the worker is ready, without keeping it from its messages."""
    threading.Thread(target=load_pool, daemon=True).start()
