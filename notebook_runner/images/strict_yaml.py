"""YAML as a person writes it: plain types, each key once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from notebook_runner.images.declared_values import printable

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that is there twice, of which the first would be lost."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises
    ------
    ValueError
        When it cannot be read or is no such YAML, with the reason in one line.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except RecursionError:
        # The traceback has thousands of frames and no more to say.
        raise ValueError("lists and mappings are too deep inside each other") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(printable(" ".join(str(error).split()))) from error
