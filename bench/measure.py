"""Measures a command with its children: wall time, CPU time, peak memory. Also describes the machine.

Belongs here: measuring processes. Not here: what is run, and how results are printed.
"""

from __future__ import annotations

import os
import platform
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

_SAMPLE_EVERY_S = 0.1


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds (user + system) of a process with its children, its peak resident memory, its output."""

    wall_s: float
    cpu_s: float
    peak_gib: float
    output: str
    returncode: int


def run_measured(command: list[str], environment: dict[str, str] | None = None) -> Cost:
    """Run a command; stdout is returned, stderr passes through.

    Memory is sampled, because the system's peak of a child includes that of its parent.
    """
    started = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    peaks: list[int] = [0]
    done = threading.Event()
    sampler = threading.Thread(target=_sample, args=(process.pid, peaks, done), daemon=True)
    sampler.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    done.set()
    sampler.join()
    wall, cpu = perf_counter() - started, usage.ru_utime + usage.ru_stime
    return Cost(wall, cpu, peaks[0] / 2**30, output, process.returncode)


def _sample(pid: int, peaks: list[int], done: threading.Event) -> None:
    while not done.wait(_SAMPLE_EVERY_S):
        try:
            root = psutil.Process(pid)
            total = sum(_resident(process) for process in [root, *root.children(recursive=True)])
        except psutil.Error:
            continue
        peaks[0] = max(peaks[0], total)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def machine() -> str:
    """Cores, memory and versions, without the machine's name."""
    import duckdb

    model = next(
        (line.split(":")[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.machine(),
    )
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
