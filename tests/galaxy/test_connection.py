"""Connecting to a Galaxy, and to what is none."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notebook_runner.errors import GalaxyKeyError, GalaxyUnreachableError
from notebook_runner.galaxy.connection import connect

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.local_galaxy.instance import LocalGalaxy

KEY = "0123456789abcdef" * 2
HTML = {"content-type": "text/html; charset=utf-8"}
VERSION = (200, {"content-type": "application/json"}, b'{"version_major": "26.1"}')

Serve = Any


def refused(url: str) -> str:
    with pytest.raises(GalaxyUnreachableError) as caught:
        connect(url, KEY)
    assert KEY not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


# ---- addresses ------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["usegalaxy.org", "localhost:8080", "ftp://usegalaxy.org", "", "http://", "http://[::1",
     "http://localhost:99999", "file:///etc/passwd"],
)  # fmt: skip
def test_an_address_without_http_and_host_is_refused(url: str) -> None:
    assert "is not the address of a Galaxy" in refused(url)


@pytest.mark.parametrize(
    "url", [f"https://me:{KEY}@example.org", f"https://example.org/?key={KEY}"]
)
def test_an_address_with_a_secret_in_it_is_refused_without_showing_it(url: str) -> None:
    assert "has a user name, a query or a fragment in it" in refused(url)


def test_an_unknown_host_is_named_as_such() -> None:
    assert "its host name is not known" in refused("https://galaxy.invalid")


def test_a_name_that_no_host_can_have_is_named_as_such() -> None:
    assert "no possible host name" in refused(f"http://{80 * 'a'}.com")


def test_a_server_that_is_down_refuses_the_connection(closed_port: int) -> None:
    assert "the connection is refused" in refused(f"http://127.0.0.1:{closed_port}")


def test_https_to_a_server_without_it_is_named_as_such(serve: Serve) -> None:
    server = serve(lambda _: VERSION)
    message = refused(server.url.replace("http:", "https:"))
    assert "does not speak TLS properly" in message


@pytest.fixture
def own_certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_that_is_not_trusted_is_named_as_such(
    serve: Serve, own_certificate: ssl.SSLContext
) -> None:
    server = serve(lambda _: VERSION, tls=own_certificate)
    assert "its TLS certificate is not trusted (self" in refused(server.url)
    assert server.asked == []


# ---- what is no Galaxy ----------------------------------------------------------


def test_a_web_page_is_no_galaxy(serve: Serve) -> None:
    server = serve(lambda _: (200, HTML, b"<html>Welcome</html>"))
    assert "is no Galaxy: its /api/version gives status 200 and text/html" in refused(server.url)


def test_a_missing_page_is_no_galaxy(serve: Serve) -> None:
    server = serve(lambda _: (404, HTML, b"not found"))
    assert "is no Galaxy: its /api/version gives status 404" in refused(server.url)


def test_other_json_is_no_galaxy(serve: Serve) -> None:
    server = serve(lambda _: (200, {"content-type": "application/json"}, b"5"))
    assert "is no Galaxy" in refused(server.url)


@pytest.mark.parametrize("body", [100_000 * b"[", b'{"version_major": ' + 100_000 * b"["])
def test_json_that_nests_too_deeply_is_no_galaxy(body: bytes, serve: Serve) -> None:
    server = serve(lambda _: (200, {"content-type": "application/json"}, body))
    assert "is no Galaxy" in refused(server.url)


def test_an_answer_is_read_up_to_a_limit_only(serve: Serve) -> None:
    body = b'{"version_major": "26.1", "filler": "' + 3_000_000 * b"x" + b'"}'
    server = serve(lambda _: (200, {"content-type": "application/json"}, body))
    assert "is no Galaxy" in refused(server.url)


def test_an_unavailable_server_is_named_as_such(serve: Serve) -> None:
    server = serve(lambda _: (503, HTML, b"maintenance"))
    assert "answers 503: Galaxy is not available there now" in refused(server.url)


def test_a_server_that_hangs_up_is_named_as_such(serve: Serve) -> None:
    server = serve(lambda _: (0, {}, b""))
    assert "the connection broke off" in refused(server.url)


def test_a_redirect_is_told_and_not_followed(serve: Serve) -> None:
    server = serve(lambda _: (302, {"location": "https://galaxy.invalid/api/version"}, b""))
    assert "sends its visitors on to https://galaxy.invalid." in refused(server.url)


def test_the_key_goes_to_no_server_that_is_not_a_galaxy(serve: Serve) -> None:
    server = serve(lambda _: (200, HTML, b"<html>Welcome</html>"))
    refused(server.url)
    assert server.asked
    assert all(KEY not in str(asked) for asked in server.asked)


# ---- keys -----------------------------------------------------------------------


def key_refused(url: str) -> str:
    with pytest.raises(GalaxyKeyError) as caught:
        connect(url, KEY)
    assert KEY not in str(caught.value) + repr(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_as_such(status: int, serve: Serve) -> None:
    server = serve(
        lambda asked: VERSION if "version" in asked.path else (status, {}, b'{"err_msg": "No."}')
    )
    assert "refuses the API key (No)" in key_refused(server.url)


def test_a_server_that_shows_the_key_back_does_not_show_it_here(serve: Serve) -> None:
    body = f'{{"err_msg": "bad key {KEY}"}}'.encode()
    server = serve(lambda asked: VERSION if "version" in asked.path else (401, {}, body))
    assert "bad key [API key]" in key_refused(server.url)


@pytest.mark.parametrize("body", [b"null", b"<html>log in</html>"])
def test_an_answer_as_to_a_visitor_is_not_taken_for_a_login(body: bytes, serve: Serve) -> None:
    server = serve(lambda asked: VERSION if "version" in asked.path else (200, HTML, body))
    assert "as to a visitor who is not logged in" in key_refused(server.url)


@pytest.mark.galaxy
def test_the_local_galaxy_takes_its_key(galaxy: LocalGalaxy) -> None:
    assert connect(f"{galaxy.url}/", galaxy.api_key).base_url == galaxy.url


@pytest.mark.galaxy
def test_the_local_galaxy_refuses_another_key(galaxy: LocalGalaxy) -> None:
    assert "Provided API key is not valid" in key_refused(galaxy.url)


# ---- encryption -----------------------------------------------------------------


def test_an_unencrypted_address_elsewhere_gives_a_warning() -> None:
    said: list[str] = []
    with pytest.raises(GalaxyUnreachableError):
        connect("http://galaxy.invalid", KEY, warn=said.append)
    assert len(said) == 1
    assert "http://galaxy.invalid is not encrypted: others on the way can read" in said[0]


def test_an_unencrypted_address_of_this_machine_gives_no_warning(serve: Serve) -> None:
    said: list[str] = []
    server = serve(lambda _: (404, HTML, b""))
    with pytest.raises(GalaxyUnreachableError):
        connect(server.url, KEY, warn=said.append)
    assert said == []
