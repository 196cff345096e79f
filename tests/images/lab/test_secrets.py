"""No layer holds a secret, a cache, or what belongs to the machine that built the image."""

from __future__ import annotations

import json
import os
import re
import ssl
import tarfile
import tempfile
from pathlib import Path

import pytest

#: What a key, a token or a password looks like in a file.
SECRETS = re.compile(
    rb"-----BEGIN (?:RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64}"
    rb"|\bAKIA[0-9A-Z]{16}\b|ghp_[A-Za-z0-9]{36}|(?:https?://)[^/\s:@'\"{}<>%$]+:[^/\s@:,'\"{}<>%$]{8,}@[a-z]"
)
#: Keys and addresses that packages bring for their own examples and tests.
FORBIDDEN_PATHS = re.compile(
    r"(^|/)(\.netrc|\.pypirc|pip\.conf|uv\.toml|\.docker/config\.json|id_rsa|id_ed25519|"
    r"\.git-credentials|\.cache/(pip|uv)|var/cache/uv|var/lib/apt/lists/.+_Packages|"
    r"run/secrets/.+|\.ssh/.+|\.bash_history)$"
)
#: Published by their makers, for examples and self-tests: no secret of anybody's.
EXAMPLES = re.compile(rb"//(?:user|username):password@")
SELF_TESTS = re.compile(r"usr/lib/[^/]+/libgnutls\.so\.[\d.]+$")
#: Layers in which nothing was found: images share them.
CLEAN: set[str] = set()
#: Larger files are libraries and data.
SEARCHED = 5_000_000


@pytest.fixture(scope="module")
def findings(image):
    """Look at every file of every layer once: forbidden paths, secrets, foreign certificates."""
    foreign = re.compile(b"|".join(map(re.escape, foreign_certificates())) or b"(?!)")
    found: dict[str, list[str]] = {"paths": [], "secrets": [], "certificates": []}
    # What a later layer hides is in the archive as well.
    saved = image.engine.images.get(image.attributes["Id"]).save(named=True)
    with tempfile.TemporaryFile() as file:
        for piece in saved:
            file.write(piece)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            layers = json.load(archive.extractfile("manifest.json"))[0]["Layers"]
            digests = image.attributes["RootFS"]["Layers"]
            for name, digest in zip(layers, digests, strict=True):
                if digest in CLEAN:
                    continue
                with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                    for entry in layer:
                        look_at(entry, layer, foreign, found)
                if not any(found.values()):
                    CLEAN.add(digest)
    return found


def look_at(entry, layer, foreign, found) -> None:
    """Note what is wrong with one file of a layer."""
    if FORBIDDEN_PATHS.search(entry.name):
        found["paths"].append(entry.name)
    if not entry.isfile() or entry.size > SEARCHED:
        return
    content = layer.extractfile(entry).read()
    secret = SECRETS.search(EXAMPLES.sub(b"", content))
    if secret and not SELF_TESTS.search(entry.name):
        found["secrets"].append(f"{entry.name}: {secret[0][:90]!r}")
    if foreign.search(content):
        found["certificates"].append(entry.name)


def foreign_certificates() -> list[bytes]:
    """Take a line of each certificate that this machine trusts and Debian does not know."""
    bundle = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    if not bundle or not Path(bundle).is_file():
        return []
    debian = {
        path.read_bytes().replace(b"\r", b"").strip()
        for path in Path("/usr/share/ca-certificates").rglob("*.crt")
    }
    known = b"\n".join(debian)
    certificates = re.findall(
        rb"-----BEGIN CERTIFICATE-----\n(.*?)\n-----END", Path(bundle).read_bytes(), re.DOTALL
    )
    # The last full line of a certificate is part of its signature: like no other's.
    lines = [certificate.split(b"\n")[-2] for certificate in certificates]
    return [line for line in lines if line not in known]


def test_no_layer_has_a_file_that_holds_secrets_or_a_cache(findings):
    assert findings["paths"] == []


def test_no_file_looks_like_a_secret(findings):
    assert findings["secrets"] == []


def test_no_certificate_of_the_builders_network_is_in_a_layer(findings):
    assert findings["certificates"] == []


def test_the_history_names_no_secret_and_no_address(image):
    history = image.engine.api.history(image.attributes["Id"])
    commands = "\n".join(entry["CreatedBy"] for entry in history)
    assert "finish" in commands
    assert not re.search(r"https?://|token|password|BEGIN CERTIFICATE", commands, re.IGNORECASE)
    index = os.environ.get("PIP_INDEX_URL") or os.environ.get("UV_DEFAULT_INDEX")
    assert not index or index not in commands


def test_the_environment_names_nothing_of_the_builder(image):
    names = {line.split("=")[0] for line in image.attributes["Config"]["Env"]}
    assert (
        names & {"SSL_CERT_FILE", "PIP_CERT", "HTTP_PROXY", "HTTPS_PROXY", "JUPYTER_TOKEN"} == set()
    )


def test_the_search_finds_what_it_looks_for():
    key = b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64 + b"\n-----END PRIVATE KEY-----"
    assert SECRETS.search(key)
    assert SECRETS.search(b"index = https://user:long-password@example.org/simple")
    assert FORBIDDEN_PATHS.search("home/notebook/.netrc")
    assert FORBIDDEN_PATHS.search("var/cache/uv")
    assert not FORBIDDEN_PATHS.search("opt/kernels/lib/python3.11/site-packages/pip/conf.py")
