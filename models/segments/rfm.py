"""RFM: how recently, how often and for how much each buyer bought, as quintiles from 1 to 5.

Belongs here: the three scores. Does not belong here: rules and clusters (see `segmentation`).

Source: Hughes (1994), Strategic Database Marketing; independent quintiles, 5 is the best.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.common.frames import FloatArray, numbers

RFM_FEATURES = ("days_since_last_order", "n_orders_total", "net_revenue_total")
_N_SCORES = 5


def quintile(values: FloatArray) -> NDArray[np.int64]:
    """1 to 5 by rank, 5 for the largest; equal values get the score of the middle of their ranks.

    So no score depends on the order of persons, and where many are equal (bought once) some scores do not occur.

    >>> quintile(np.array([1.0, 1.0, 1.0, 1.0, 9.0])).tolist()
    [2, 2, 2, 2, 5]
    """
    from scipy.stats import rankdata

    middle = rankdata(values, method="average") - 0.5
    return np.ceil(np.round(_N_SCORES * middle / max(len(values), 1), 9)).astype(np.int64)


def rfm_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """`rfm_recency`, `rfm_frequency`, `rfm_monetary`, and the three concatenated as `rfm_score`, such as 545.

    Ranked among everybody with an order; null for the others. Fewer days since the last order score higher.
    """
    days, orders, revenue = (numbers(rows, name) for name in RFM_FEATURES)
    buyers = np.flatnonzero((orders > 0) & ~np.isnan(days))
    by_name = {
        "rfm_recency": quintile(-days[buyers]),
        "rfm_frequency": quintile(orders[buyers]),
        "rfm_monetary": quintile(np.nan_to_num(revenue[buyers])),
    }
    scores = pd.DataFrame({name: pd.Series(found, index=buyers, dtype="Int64") for name, found in by_name.items()})
    digits = scores.astype("string")
    scores["rfm_score"] = digits["rfm_recency"] + digits["rfm_frequency"] + digits["rfm_monetary"]
    return scores.reindex(range(len(rows))).astype({"rfm_score": "string"})
