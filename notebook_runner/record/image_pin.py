"""The pin: which container image a notebook was saved in, kept in the notebook itself.

It stands in the notebook's metadata, survives editing and travels with the file, so that whoever
opens it later knows the image to open it in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

#: Where the pin stands in a notebook's metadata.
METADATA_KEY = "galaxy_notebook"
#: The field that names what a session added to the image: distribution: version.
_ADDED = "added_packages"
#: The fields of a pin, and those of an image's identity that they are taken from.
_FIELDS = {"image": "name", "tag": "tag", "content_id": "content_id", "lock_hash": "lock_hash"}


def make_pin(identity: Mapping[str, str]) -> dict[str, str]:
    """Return the pin of an image; what its identity does not say is left out."""
    return {field: identity[key] for field, key in _FIELDS.items() if identity.get(key)}


def read_pin(metadata: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the pin in a notebook's metadata, ``None`` where there is no readable one."""
    found = metadata.get(METADATA_KEY)
    if not isinstance(found, dict) or not isinstance(found.get("image"), str):
        return None
    return {field: found[field] for field in _FIELDS if isinstance(found.get(field), str)}


def write_pin(
    metadata: MutableMapping[str, Any],
    identity: Mapping[str, str] | None,
    added: Mapping[str, str] | None = None,
) -> None:
    """Pin a notebook to the image that this process runs in; outside an image, change nothing.

    Other things that stand beside the pin under the same key are kept.

    Parameters
    ----------
    added
        The packages that the session added to those of the image, with their versions.
    """
    if identity is None:
        return
    before = metadata.get(METADATA_KEY)
    kept = before if isinstance(before, dict) else {}
    others = {key: value for key, value in kept.items() if key not in {*_FIELDS, _ADDED}}
    noted = {_ADDED: dict(added)} if added else {}
    metadata[METADATA_KEY] = {**others, **make_pin(identity), **noted}


def compare_pin(metadata: Mapping[str, Any], identity: Mapping[str, str] | None) -> str | None:
    """Say in one line that a notebook is pinned to another image than this one, if it is.

    Two images are the same when their content ids are, or where one is not known, name and tag.
    """
    pin = read_pin(metadata)
    if pin is None:
        return None
    saved_in = f"The notebook was saved in the image {_full_name(pin)}"
    if identity is None:
        return f"{saved_in} and now does not run in an image."
    here = make_pin(identity)
    fields = ["content_id"] if "content_id" in pin and "content_id" in here else ["image", "tag"]
    if all(pin.get(field) == here.get(field) for field in fields):
        return None
    if _full_name(pin) == _full_name(here):
        return f"{saved_in} and now runs in another one of that name, of other content."
    return f"{saved_in} and now runs in {_full_name(here)}."


def _full_name(pin: Mapping[str, str]) -> str:
    name, tag = pin.get("image", ""), pin.get("tag")
    return f"{name}:{tag}" if tag else name
