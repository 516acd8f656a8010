"""Who may read `data`: it holds personal data, so a new folder is private to its owner. Not here: encryption."""

from __future__ import annotations

import stat

from pipeline.home.paths import HomePaths


def make_private(paths: HomePaths) -> None:
    """Create `data`, private to its owner; an existing folder keeps its permissions."""
    paths.home.mkdir(parents=True, exist_ok=True)
    paths.data.mkdir(mode=0o700, exist_ok=True)


def privacy(paths: HomePaths) -> tuple[str, str] | None:
    """Level and sentence where every account of the machine can read `data`."""
    if paths.data.exists() and stat.S_IMODE(paths.data.stat().st_mode) & stat.S_IROTH:
        return "warn", f"{paths.data} can be read by every account of this machine: `chmod o-rwx {paths.data}`"
    return None
