"""The Dagster instance of one home: local storage below `data/dagster`, no telemetry.

Run as `python -m pipeline.instance DIR` it writes `dagster.yaml` there, which is what `make ui` needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

DAGSTER_YAML = """\
# Written by growthhouse. Runs one at a time: the build database has one writer.
telemetry:
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
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML, encoding="utf-8")
    return folder


if __name__ == "__main__":
    prepare_instance(Path(sys.argv[1]))
