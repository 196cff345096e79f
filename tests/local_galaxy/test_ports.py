from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from notebook_runner.errors import PortInUseError
from notebook_runner.local_galaxy.ports import choose_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_taken_port_that_was_asked_for_is_an_error_that_names_it(taken: int) -> None:
    with pytest.raises(PortInUseError, match=f"Port {taken} is in use"):
        choose_port(taken, None)


def test_taken_port_of_the_last_start_is_passed_over(taken: int) -> None:
    assert choose_port(None, taken) != taken


def test_free_port_of_the_last_start_is_kept(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    assert choose_port(None, free) == free


def test_port_of_the_system_is_never_chosen() -> None:
    assert choose_port(None, 1) >= 1024
