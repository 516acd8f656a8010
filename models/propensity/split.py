"""The split by time: which snapshots are for training, selection, calibration and test.

Belongs here: choosing snapshot dates. Does not belong here: rows, features or models.
"""

from dataclasses import dataclass
from datetime import date, timedelta

MAX_ORIGINS = 3


@dataclass(frozen=True)
class Origin:
    """A step of the rolling-origin evaluation: what was known, and the later snapshot to test on."""

    train: tuple[date, ...]
    held_out: date


@dataclass(frozen=True)
class TimeSplit:
    """Snapshot dates of each part; `has_overlap`: label windows of two parts overlap.

    `origins` lie inside `train`, the newest first: algorithms and their parameters are chosen on them, before the
    calibration on `validation` and the test on `test`. Empty if the history is too short for them.
    """

    train: tuple[date, ...]
    validation: date
    test: date
    has_overlap: bool
    origins: tuple[Origin, ...] = ()


def split_by_time(snapshots: list[date], horizon_days: int) -> TimeSplit:
    """Last snapshot = test, before it validation, before that training, each a full horizon before the next part.

    The gap matters: a label looks `horizon_days` ahead, so a training snapshot closer than that to the test snapshot
    would contain a part of the answer. If the history is too short for gaps, the nearest snapshots are used and
    `has_overlap` is set; such an evaluation is shown but never promotes a model.

    >>> split_by_time([date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 15)], 7).validation
    datetime.date(2026, 1, 8)
    """
    days = sorted(set(snapshots))
    if len(days) < 3:
        raise ValueError("a split by time needs at least three snapshots")
    gap = timedelta(days=horizon_days)
    test = days[-1]
    validations = [day for day in days if day <= test - gap]
    if validations:
        train = tuple(day for day in days if day <= validations[-1] - gap)
        if train:
            return TimeSplit(train, validations[-1], test, False, rolling_origins(train, gap))
    return TimeSplit(tuple(days[:-2]), days[-2], test, has_overlap=True)


def rolling_origins(days: tuple[date, ...], gap: timedelta, most: int = MAX_ORIGINS) -> tuple[Origin, ...]:
    """Each of the latest days, with all days at least `gap` before it (Tashman, 2000), the newest first.

    >>> week = timedelta(days=7)
    >>> rolling_origins((date(2026, 1, 1), date(2026, 1, 8)), week)[0].held_out
    datetime.date(2026, 1, 8)
    """
    found = (Origin(tuple(day for day in days if day <= held_out - gap), held_out) for held_out in reversed(days))
    return tuple(origin for origin in found if origin.train)[:most]
