"""The Dagster instance of one home: local storage below `data/dagster`, no telemetry.

Run as `python -m pipeline.orchestration.instance DIR [PORT]` it writes `dagster.yaml` there, which is what `make ui`
needs, and fails
where something else listens on the port: Dagster would go on without a UI.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from pipeline.home.atomic import write_text

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


def prepare_instance(folder: Path) -> Path:
    """Create the instance folder with its `dagster.yaml` (an existing one is left as it is) and return it."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # HOME/data, as pipeline.home.permissions makes it
    folder.mkdir(exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists():
        write_text(DAGSTER_YAML, config)
    return folder


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


if __name__ == "__main__":
    if sys.argv[2:] and is_taken(int(sys.argv[2])):
        sys.exit(
            f"port {sys.argv[2]} is taken, perhaps by the UI of another home: `make ui PORT={int(sys.argv[2]) + 1}`"
        )
    _end_dead_runs(prepare_instance(Path(sys.argv[1]).resolve()))
