"""The rules that keep the house easy to change."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "notebook_runner"
MODULES = sorted(PACKAGE.rglob("*.py"))


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_a_module_has_at_most_250_lines(module):
    assert len(module.read_text().splitlines()) <= 250


def test_imports_point_one_way():
    ended = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


def test_every_public_name_has_a_docstring():
    missing = []
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                private = node.name.startswith("_")
                if not private and ast.get_docstring(node) is None and _is_top(module, node):
                    missing.append(f"{module.relative_to(ROOT)}: {node.name}")
    assert missing == []


def _is_top(module: Path, node: ast.AST) -> bool:
    return node in ast.parse(module.read_text()).body or getattr(node, "col_offset", 1) == 0


def test_importing_the_package_loads_nothing_that_is_not_used():
    source = (
        "import sys, __future__, typing; before = set(sys.modules); import notebook_runner; "
        "print(sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    assert loaded.stdout == b"['notebook_runner']\n"


def test_help_loads_neither_papermill_nor_bioblend():
    source = (
        "import sys\nsys.argv = ['notebook-runner', '--help']\n"
        "from notebook_runner.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'papermill', 'nbformat', 'bioblend', 'rich', 'jupyter_client', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    assert ended.stdout.splitlines()[-1] == b"[]"


def test_lock_files_name_no_address():
    named = [
        str(file.relative_to(ROOT))
        for file in tracked_files()
        if file.parent.name == "requirements" or file.name == "package-lock.json"
        if re.search(r"://|--index|--find-links|\"resolved\"", file.read_text())
    ]
    assert named == []


def test_lock_files_carry_a_hash_for_every_package():
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        text = lock.read_text()
        pins = len(re.findall(r"^[A-Za-z0-9._-]+(?:\[[^\]]*\])?==", text, flags=re.MULTILINE))
        blocks = re.findall(r"^[A-Za-z0-9._-]+.*?\\\n(?:    --hash=sha256:\S+)", text, re.MULTILINE)
        assert len(blocks) == pins, lock.name


def test_versions_agree():
    import tomllib

    from notebook_runner import __version__

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert declared == __version__
