"""Loaded by Galaxy's Celery worker: it looks for messages often, and is warm before the first job.

It is no part of this package: it is copied beside the server's configuration and named in Celery's
setting ``imports``, and runs in Galaxy's environment.
"""
# mypy: ignore-errors
# What is imported here is installed where it runs, and nowhere else.

import threading

from celery.signals import worker_ready
from galaxy.celery import celery_app
from kombu.transport.sqlalchemy import Transport

#: Seconds between two looks for messages. Celery's option for it reaches every
#: transport but this one, which hands its options to SQLAlchemy. The default
#: of one second would be most of the time that a small job takes.
Transport.polling_interval = 0.1


def load_pool() -> None:
    """Let each process of the worker's pool start, which imports Galaxy's metadata code."""
    for _ in range(celery_app.conf.worker_concurrency or 2):
        celery_app.fork_pool.schedule(int)


@worker_ready.connect
def begin(**_: object) -> None:
    """Begin as soon as the worker is ready, without keeping it from its messages."""
    threading.Thread(target=load_pool, daemon=True).start()
