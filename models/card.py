"""The card: what a model was learned from, how, and how good it is.

Belongs here: building and reading `card.json`. Does not belong here: the model's own file (see `artifacts`).
"""

import hashlib
import json
import platform
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.baselines import RecencyRule
from models.calibration import Calibration
from models.features import FEATURES, Kind
from models.split import TimeSplit

FORMAT = 2  # raise it when the way of fitting changes, so that old and new models never share a version


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
def code_digest(package: Path) -> str:
    """Hash of a package's own modules: a release that fits in another way must not find what an older one stored."""
    files = sorted(package.glob("*.py"))
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


def data_window(rows: pd.DataFrame, split: TimeSplit | None) -> dict[str, Any]:
    """Snapshots, row counts and base rates of each part."""
    if split is None:
        parts: dict[str, list[Any]] = {"labelled": sorted(set(rows["as_of_date"]))}
    else:
        parts = {"train": list(split.train), "validation": [split.validation], "test": [split.test]}
    window: dict[str, Any] = {"has_overlap": bool(split and split.has_overlap)}
    for name, days in parts.items():
        part = rows[rows["as_of_date"].isin(days)]
        rate = round(float(part["y"].mean()), 9) if len(part) else None
        window[name] = {"snapshots": [str(day) for day in days], "n_rows": len(part), "base_rate": rate}
    return window


def build_card(
    kind: Kind,
    model_version: str,
    algorithm: str,
    reason: str,
    is_promoted: bool,
    window: dict[str, Any],
    seed: int,
    rule: RecencyRule,
    **more: Any,
) -> dict[str, Any]:
    """Everything a reader, or `score`, has to know about a model; plain JSON types only."""
    calibration: Calibration = more.pop("calibration", Calibration("identity"))
    return {
        "format": FORMAT,
        "model": kind,
        "model_version": model_version,
        "algorithm": algorithm,
        "is_promoted": is_promoted,
        "reason": reason,
        "data": window,
        "features": list(FEATURES),
        "seed": seed,
        "horizon_days": rule.horizon_days,
        "recency_rates": list(rule.rates) if rule.rates is not None else None,
        "calibration": asdict(calibration),
        "versions": library_versions(),
        **more,
    }


def rule_of(card: dict[str, Any]) -> RecencyRule:
    """The recency rule a card holds."""
    rates = card["recency_rates"]
    return RecencyRule(card["model"], card["horizon_days"], tuple(rates) if rates is not None else None)


def calibration_of(card: dict[str, Any]) -> Calibration:
    """The calibration a card holds."""
    return Calibration(**card["calibration"])
