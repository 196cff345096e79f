"""The tools that the local Galaxy offers: the suite's own and a few of Galaxy's."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from notebook_runner.checkout.tree import Checkout, digest_files

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.home import Home

#: Galaxy's own tools, relative to its package ``galaxy.tools``.
UPLOAD = ("bundled/data_source/upload.xml",)
COLLECTION_OPERATIONS = (
    "build_list.xml",
    "extract_dataset.xml",
    "filter_failed_collection.xml",
    "flatten_collection.xml",
    "merge_collection.xml",
    "apply_rules.xml",
    "zip_collection.xml",
    "unzip_collection.xml",
)


@dataclass(frozen=True)
class Toolbox:
    """The tools, where the server reads them."""

    folder: Path
    files: tuple[Path, ...]

    def digest(self) -> str:
        """Digest the tools and all that lies beside them."""
        return digest_files([self.folder])

    def section(self) -> str:
        """Name the section of the suite's tools; a server that has it has read these very tools."""
        return f"notebooks_{self.digest()[:12]}"

    def ids(self) -> list[str]:
        """Return the ids of the suite's own tools, as their XML gives them."""
        found = []
        for file in self.files:
            try:
                tool = etree.parse(str(file)).getroot()
            except etree.XMLSyntaxError:
                # Galaxy's log says what is wrong with it; the id is the file's name by our rules.
                found.append(file.stem)
                continue
            found.append(tool.get("id") or file.stem)
        return found


def lab_image(folder: Path) -> str:
    """Name the image that the tools in a folder run in, where a destination has containers."""
    macros = etree.parse(str(folder / "macros.xml"))
    return str(macros.findtext("token[@name='@LAB_IMAGE@']", "")).strip()


def stage_tools(checkout: Checkout, home: Home, account: Account) -> Toolbox:
    """Put the tools where the server can read them: a copy, if the checkout is closed to it."""
    folder = checkout.tools
    if not _is_open(folder, account):
        _copy(folder, home.tools)
        folder = home.tools
    files = sorted(path for path in folder.glob("*/*.xml") if path.stem == path.parent.name)
    return Toolbox(folder, tuple(files))


def _is_open(folder: Path, account: Account) -> bool:
    return all(account.can_read(path) for path in (folder, *folder.rglob("*")) if path.exists())


def _copy(source: Path, target: Path) -> None:
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (draft, *draft.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)


def render_tool_conf(toolbox: Toolbox, galaxy_tools: Path) -> str:
    """Render Galaxy's ``tool_conf.xml``.

    Parameters
    ----------
    galaxy_tools
        The folder of the installed package ``galaxy.tools``.
    """
    root = etree.Element("toolbox")
    for identifier, name, files in (
        ("get_data", "Get data", [galaxy_tools / file for file in UPLOAD]),
        (toolbox.section(), "Notebooks and models", list(toolbox.files)),
        ("collections", "Collections", [galaxy_tools / file for file in COLLECTION_OPERATIONS]),
    ):
        section = etree.SubElement(root, "section", id=identifier, name=name)
        for file in files:
            etree.SubElement(section, "tool", file=str(file))
    text: bytes = etree.tostring(root, pretty_print=True)
    return text.decode()
