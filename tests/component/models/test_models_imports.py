"""A family is imported in a moment: its libraries are loaded when something is fitted or scored."""

import subprocess
import sys
from pathlib import Path

FAMILIES = sorted(path.parent.name for path in (Path(__file__).parents[3] / "models").glob("*/__init__.py"))
HEAVY = ("implicit", "scipy.optimize", "scipy.stats", "skops", "sklearn", "xgboost")


def test_no_family_loads_a_heavy_library_before_it_is_needed() -> None:
    imports = ", ".join(f"models.{name}" for name in FAMILIES)
    code = f"import sys; import {imports}; print(*set({HEAVY}) & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert len(FAMILIES) == 6 and found.split() == []
