"""The card: what a model was learned from, how, and how good it is.

Belongs here: building and reading `card.json`. Does not belong here: the model's own file (see `artifacts`).
"""

from dataclasses import asdict
from typing import Any

import pandas as pd

from models.common.fingerprint import library_versions
from models.propensity.baselines import RecencyRule
from models.propensity.calibration import Calibration
from models.propensity.features import FEATURES, Kind
from models.propensity.split import TimeSplit

FORMAT = 3  # raise it when the way of fitting changes, so that old and new models never share a version
_UNCALIBRATED = Calibration("identity")


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
    calibration: Calibration = _UNCALIBRATED,
    **more: Any,
) -> dict[str, Any]:
    """Everything that a reader, or `score`, needs of a model; plain JSON types only."""
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
        "recency_edges": list(rule.edges),
        "recency_rates": list(rule.rates) if rule.rates is not None else None,
        "calibration": asdict(calibration),
        "versions": library_versions(),
        **more,
    }


def base_rate_of(card: dict[str, Any]) -> float | None:
    """The rate that a version's scores are compared with: of its test snapshot; where that is 0 or missing, of all."""
    parts = [part for part in card["data"].values() if isinstance(part, dict) and part["base_rate"] is not None]
    n_rows = sum(part["n_rows"] for part in parts)
    if not n_rows:
        return None
    overall = sum(part["n_rows"] * part["base_rate"] for part in parts) / n_rows
    return card["data"].get("test", {}).get("base_rate") or overall


def rule_of(card: dict[str, Any]) -> RecencyRule:
    """The recency rule a card holds."""
    rates = card["recency_rates"]
    edges = tuple(card["recency_edges"])
    return RecencyRule(card["model"], card["horizon_days"], edges, tuple(rates) if rates is not None else None)


def calibration_of(card: dict[str, Any]) -> Calibration:
    """The calibration a card holds."""
    return Calibration(**card["calibration"])
