"""The Dagster instance of one home: local storage below `data/dagster`, no telemetry.

Run as `python -m pipeline.orchestration.instance DIR [PORT]` it writes `dagster.yaml` there, which is what `make ui`
needs, and fails where something else listens on the port: Dagster would go on without a UI.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

from pipeline.home.atomic import write_text
from pipeline.home.error_advice import advice_for

DAGSTER_YAML = """\
# Written by growthhouse. Runs one at a time: the build database has one writer.
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
"""


class InstanceError(Exception):
    """Dagster's records cannot be written; the message is for a person."""


def prepare_instance(folder: Path) -> Path:
    """Create the instance folder with its `dagster.yaml` (an existing one is left as it is) and return it."""
    config = folder / "dagster.yaml"
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # HOME/data, as pipeline.home.permissions makes it
        folder.mkdir(exist_ok=True)
        if not config.exists():
            write_text(DAGSTER_YAML, config)
        _check_writable(folder)
    except OSError as error:
        place = error.filename or folder
        raise InstanceError(
            f"{place} cannot be written ({error.strerror}): Dagster keeps its records of runs there. Make it writable "
            f"for this user, or move {folder} away: the list of runs in the UI then starts again"
        ) from error
    return folder


def _check_writable(folder: Path) -> None:
    """SQLite would report this with a stack trace, and not name the file."""
    for path in (folder, *folder.glob("*"), *folder.glob("history/*")):
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "no permission, or a read-only file system", str(path))


def _end_dead_runs(folder: Path) -> None:
    """Before the UI shows them as running."""
    import dagster as dg

    from pipeline.home.paths import HomePaths
    from pipeline.orchestration.dead_runs import end_dead_runs_if_idle

    with dg.DagsterInstance.from_config(str(folder)) as instance:
        end_dead_runs_if_idle(instance, HomePaths(folder.parent.parent))


def is_taken(port: int) -> bool:
    """Whether something listens on this port of the machine itself."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main(folder: Path, port: int | None) -> str | None:
    """Prepare the instance for the UI; returns why it cannot be started."""
    if port and is_taken(port):
        return f"port {port} is taken, perhaps by the UI of another home: `make ui PORT={port + 1}`"
    try:
        _end_dead_runs(prepare_instance(folder.resolve()))
    except KeyboardInterrupt:
        return "stopped by Ctrl-C before the UI started"
    except Exception as error:
        problem = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        what = str(error) if isinstance(error, InstanceError) else advice_for(str(error), folder) or problem
        return f"the UI cannot be started: {what}"
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else None))
