"""Versions: hashes of data, parameters, code and libraries."""

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def library_versions() -> dict[str, str]:
    """Versions of everything that shapes a fitted model."""
    found = {"python": platform.python_version()}
    for name, package in (
        ("numpy", "numpy"),
        ("scikit-learn", "scikit-learn"),
        ("skops", "skops"),
        ("xgboost", "xgboost-cpu"),
    ):
        found[name] = version(package)
    return found


@cache
def code_digest(family: Path) -> str:
    """Hash of a family's modules and the common ones: other code must not use what an older release stored."""
    files = sorted(family.rglob("*.py")) + sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def fingerprint(parts: dict[str, Any], *arrays: np.ndarray) -> str:
    """First 12 hex digits of a hash over parameters and data: same input, same version.

    >>> fingerprint({"a": 1}) == fingerprint({"a": 1}), len(fingerprint({}))
    (True, 12)
    """
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode())
    for array in arrays:
        digest.update(str((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]
