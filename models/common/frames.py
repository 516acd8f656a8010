"""Columns as every family reads them: required columns, dates, booleans, numbers.

Does not belong here: names of features or labels (see the families).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class FrameError(ValueError):
    """A frame lacks a column or has duplicate keys; the message says which."""


def require_columns(frame: pd.DataFrame, columns: list[str], name: str) -> None:
    """Raise `FrameError` naming every missing column."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise FrameError(f"{name} lacks the column(s) {', '.join(missing)}")


def as_dates(values: pd.Series) -> pd.Series:
    """Dates, timestamps or ISO text as plain `datetime.date` objects."""
    return pd.Series(pd.to_datetime(values).dt.date, index=values.index, dtype=object)


def date_column(values: pd.Series) -> pd.Series:
    """Dates for an output frame; an empty column is a timestamp, since empty objects have no type to store."""
    return as_dates(values) if len(values) else pd.Series([], dtype="datetime64[us]")


def as_bools(values: pd.Series) -> NDArray[np.bool_]:
    """Booleans with nulls read as false."""
    return np.asarray(values.astype("boolean").fillna(False).to_numpy(dtype=bool))


def numbers(frame: pd.DataFrame, column: str) -> FloatArray:
    """One column as floats; nulls, infinities and unreadable values become NaN."""
    values = pd.to_numeric(frame[column], errors="coerce").astype("Float64")
    array = np.array(values.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)
    array[~np.isfinite(array)] = np.nan
    return array
