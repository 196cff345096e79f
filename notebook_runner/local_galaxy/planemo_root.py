"""A folder that planemo takes for a checkout of Galaxy, so that it clones none."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

from notebook_runner.local_galaxy.configuration import galaxy_package

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.local_galaxy.home import Home

_RUN_SCRIPT = """\
#!/bin/sh
# planemo calls this to start the Galaxy that it has configured.
. {activate}
# Gravity, called by root, would otherwise ask systemd.
GRAVITY_SKIP_SYSTEMD=1
export GRAVITY_SKIP_SYSTEMD
# No dependency is resolved here: the tools find their commands on the path.
PATH="$PATH":{runner}
export PATH
exec galaxy -c "$GALAXY_CONFIG_FILE"
"""


def make_planemo_root(home: Home) -> Path:
    """Make the folder for planemo's options ``--galaxy_root DIR --skip_venv``.

    Raises
    ------
    InstallError
        When Galaxy is not installed in the state folder.
    """
    package = galaxy_package(home)
    root = home.planemo_root
    for folder in ("config", "database", "tools/data_source", "lib/galaxy"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        package / "version",
        root / "lib" / "galaxy" / "version",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    script = root / "run.sh"
    activate = home.environment("galaxy") / "bin" / "activate"
    runner = home.environment("runner") / "bin"
    script.write_text(
        _RUN_SCRIPT.format(activate=shlex.quote(str(activate)), runner=shlex.quote(str(runner)))
    )
    script.chmod(0o755)
    return root
