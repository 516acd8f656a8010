"""Where the real data sets, the public cases and the tools that check a published warehouse are: outside the project.

GROWTH_SHARED names the folder (default: `shared` beside the project). Tests skip what is not there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("GROWTH_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def shared_path(*parts: str) -> Path:
    """The path below the shared folder; the test that asks for it skips where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not in {SHARED}; set GROWTH_SHARED to the folder that holds it")
    return path


def run_tool(name: str, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a tool of the shared folder."""
    done = subprocess.run(
        [sys.executable, str(shared_path("tools", name)), *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr
