"""Survival, customer value and churn scores against the simulator's truth, over many seeds: `python -m bench.truth`.

A shop is simulated in memory and goes on after as_of, which no night can see: every lifetime, order and silence is then
known. The estimates are those of the functions of a night on what is known at as_of. Not here: whole nights (`hazard`).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.propensity import FEATURES, score, train
from models.survival import curves_by_group
from models.value import value_customers
from pipeline.build.variables import snapshot_dates
from pipeline.predict.lifetimes import read_lifetimes
from pipeline.simulate.people import HUMAN, churn_tonight, make_population, record_day
from pipeline.simulate.sessions import simulate_day
from pipeline.simulate.world import DAY_MS, PURCHASE, TYPES, make_catalogue

START = date(2026, 1, 1)
LOOKBACK, HORIZON, VALUE_HORIZON = 30, 7, 45
MARKS = (1, 5, 10, 20, 30)
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Shop:
    """Humans × days: visits, and cents of orders (NaN where there is no order). `as_of`: the day that a night knows."""

    latent: NDArray[np.int64]
    visits: Matrix
    cents: Matrix
    as_of: int

    @property
    def day(self) -> date:
        """as_of as a date."""
        return START + timedelta(days=self.as_of)


def simulate_shop(users: int, days: int, days_after: int, seed: int) -> Shop:
    """A shop of which a night sees `days`; everybody has arrived by then. The visits of `days_after` follow."""
    shop, people = make_catalogue(seed), make_population(users, days, seed)
    total = days + days_after
    visits, cents = np.zeros((people.size, total + 1)), np.full((people.size, total + 1), np.nan)
    for day in range(total):
        rng = np.random.default_rng([seed, 1000 + day])
        events = simulate_day(people, shop, day, (START + timedelta(days=day)).weekday(), rng)
        event_day = np.minimum(events.at_ms // DAY_MS, total)
        record_day(people, events.person, events.code, event_day)
        seen = np.unique(np.stack([events.person, event_day, events.session]), axis=1)
        np.add.at(visits, (seen[0], seen[1]), 1)
        bought = events.code == PURCHASE
        where = (events.person[bought], event_day[bought])
        cents[where] = np.nan_to_num(cents[where])
        np.add.at(cents, where, events.cents[bought])
        churn_tonight(people, day, rng)
    human = people.kind == HUMAN
    return Shop(people.latent[human], visits[human, :total], cents[human, :total], days - 1)


def measure_survival(shop: Shop) -> pd.DataFrame:
    """By type and day of life: the estimate with its interval, and the true share of lifetimes that are longer."""
    known, active = shop.visits[:, : shop.as_of + 1] > 0, shop.visits > 0
    first, last = _first(known), _last(known)
    persons = pd.DataFrame({"person_id": _ids(shop), "first": shop.as_of - first, "last": shop.as_of - last})
    persons["segment"] = [TYPES[index].name for index in shop.latent]  # a group that only the simulator knows
    with tempfile.TemporaryDirectory() as folder:
        file, segments = Path(folder) / "growth.duckdb", Path(folder) / "segments.parquet"
        seen = persons[known.any(axis=1)]  # noqa: F841 (SQL reads it)
        with duckdb.connect(str(file)) as con:
            con.execute("create schema marts")
            con.execute(
                f"create table marts.user_features as select person_id, date '{shop.day}' as as_of_date, "
                f'"first" as days_since_first_seen, "last" as days_since_last_active, "last" < {LOOKBACK} as '
                "is_active_lookback from seen"
            )
            con.execute("create table marts.dim_users as select person_id, 'x' as acquisition_channel from seen")
            con.execute(
                f"copy (select person_id, segment, 'x' as cluster_name from seen) to '{segments}' (format parquet)"
            )
        curves = curves_by_group(read_lifetimes(file, segments, shop.day, LOOKBACK))
    could_be_seen, lifetime = shop.as_of - first > LOOKBACK, _last(active) - first
    rows = []
    for index, latent in enumerate(TYPES):
        curve, truth = curves["segment", latent.name], lifetime[could_be_seen & (shop.latent == index)]
        for day in MARKS:
            estimate = curve.survival[day], curve.ci_low[day], curve.ci_high[day]
            rows.append((latent.name, latent.daily_hazard, day, *estimate, (truth > day).sum(), len(truth)))
    columns = ["type", "hazard", "day", "survival", "ci_low", "ci_high", "n_longer", "n"]
    return pd.DataFrame(rows, columns=columns)


def measure_value(shop: Shop) -> dict[str, float]:
    """Expected order days and revenue of buyers, and what they bought in the horizon after as_of."""
    halfway = shop.as_of - min(VALUE_HORIZON, shop.as_of // 2)
    histories = pd.concat([_orders(shop, halfway, shop.as_of - halfway), _orders(shop, shop.as_of, None)])
    found = value_customers(histories, shop.day, VALUE_HORIZON, 7)
    rows = found.frame["person_id"].astype(int).to_numpy()
    after = shop.cents[rows, shop.as_of + 1 : shop.as_of + 1 + VALUE_HORIZON]
    return {
        "is_promoted": float(found.card["is_promoted"]),
        "expected_orders": float(found.frame["expected_orders"].sum()),
        "orders": float((~np.isnan(after)).sum()),
        "expected_revenue": float(found.frame["expected_revenue"].sum()),
        "revenue": float(np.nansum(after)) / 100,
    }


def measure_churn(shop: Shop) -> pd.DataFrame:
    """Probability of everybody scored at as_of, and whether they did nothing in the horizon after it."""
    days = [date.fromisoformat(day) for day in snapshot_dates(START, shop.day, HORIZON)]
    features = pd.concat([_features(shop, (day - START).days) for day in days], ignore_index=True)
    labels = pd.concat([_labels(shop, (day - START).days) for day in days], ignore_index=True)
    with tempfile.TemporaryDirectory() as folder:
        trained = train("churn", features, labels, shop.day, Path(folder), 7)
        found = score("churn", features[features["as_of_date"] == shop.day], trained.artifact)
    rows = found["person_id"].astype(int).to_numpy()
    found["is_inactive"] = shop.visits[rows, shop.as_of + 1 : shop.as_of + 1 + HORIZON].sum(axis=1) == 0
    return found.assign(is_promoted=trained.promoted)


def _first(active: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.asarray(active.argmax(axis=1), dtype=np.int64)


def _last(active: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.asarray(active.shape[1] - 1 - active[:, ::-1].argmax(axis=1), dtype=np.int64)


def _ids(shop: Shop) -> list[str]:
    return [f"{number:07d}" for number in range(len(shop.latent))]


def _orders(shop: Shop, day: int, n_days_after: int | None) -> pd.DataFrame:
    """Rows of `marts.order_histories` at `day`, with the `n_days_after` that followed, if any."""
    cents = shop.cents[:, : day + 1]
    ordered = ~np.isnan(cents)
    buyers = np.flatnonzero(ordered.any(axis=1))
    after = shop.cents[buyers, day + 1 : day + 1 + (n_days_after or 0)]
    n, first, last = ordered[buyers].sum(axis=1), _first(ordered[buyers]), _last(ordered[buyers])
    return pd.DataFrame(
        {
            "person_id": np.array(_ids(shop))[buyers],
            "as_of_date": START + timedelta(days=day),
            "n_order_days": n,
            "recency_days": last - first,
            "age_days": day - first,
            "mean_order_value": np.nansum(cents[buyers], axis=1) / 100 / n,
            "n_order_days_after": (~np.isnan(after)).sum(axis=1) if n_days_after else np.nan,
            "revenue_after": np.nansum(after, axis=1) / 100 if n_days_after else np.nan,
            "n_days_after": n_days_after if n_days_after else np.nan,
        }
    )


def _features(shop: Shop, day: int) -> pd.DataFrame:
    """Recency and frequency of visits at `day`, under the names of the features; the others are missing."""
    visits = shop.visits[:, : day + 1]
    seen = np.flatnonzero((visits > 0).any(axis=1))
    visits, active = visits[seen], visits[seen] > 0
    frame = pd.DataFrame(np.nan, index=range(len(seen)), columns=list(FEATURES))
    frame["days_since_first_seen"], frame["days_since_last_active"] = day - _first(active), day - _last(active)
    for name, days in (("7d", 7), ("14d", 14), ("30d", 30), ("90d", 90), ("total", day + 1)):
        recent = slice(max(day + 1 - days, 0), day + 1)
        for feature, values in (("n_active_days", active), ("n_sessions", visits), ("n_events", visits)):
            if f"{feature}_{name}" in frame:
                frame[f"{feature}_{name}"] = values[:, recent].sum(axis=1)
    frame["is_active_lookback"] = frame["days_since_last_active"] < LOOKBACK
    return frame.assign(person_id=np.array(_ids(shop))[seen], as_of_date=START + timedelta(days=day))


def _labels(shop: Shop, day: int) -> pd.DataFrame:
    """Labels of everybody seen by `day`, unknown where their horizon is not over by as_of."""
    frame = _features(shop, day)
    rows = frame["person_id"].astype(int).to_numpy()
    inactive = shop.visits[rows, day + 1 : day + 1 + HORIZON].sum(axis=1) == 0
    is_known = day + HORIZON <= shop.as_of
    label = pd.array(inactive if is_known else [None] * len(rows), dtype="boolean")
    keys = frame[["person_id", "as_of_date"]]
    return keys.assign(is_eligible=frame["is_active_lookback"], label_churned=label, label_purchased=label)


def interval(values: NDArray[np.float64]) -> str:
    """Mean over seeds with its 95 % interval (Student's t)."""
    from scipy.stats import t

    mean, n = float(np.mean(values)), len(values)
    half = float(t.ppf(0.975, n - 1)) * float(np.std(values, ddof=1)) / n**0.5 if n > 1 else float("nan")
    return f"{mean:.3f} ({mean - half:.3f}–{mean + half:.3f})"


def survival_table(shops: list[pd.DataFrame]) -> str:
    """Mean estimate over seeds beside the truth of all their persons, and how often an interval holds that truth."""
    rows = pd.concat(shops)
    total = rows.groupby(["type", "day"])[["n_longer", "n"]].transform("sum")
    rows["truth"] = total["n_longer"] / total["n"]
    rows["holds"] = (
        rows["truth"].between(rows["ci_low"], rows["ci_high"]).where(rows["ci_low"].notna()).astype("Float64")
    )
    lines = ["| type | day | estimate | truth | intervals that hold it |", "|---|---|---|---|---|"]
    for (_, latent, day), group in rows.groupby(["hazard", "type", "day"]):
        estimate = interval(group["survival"].to_numpy())
        lines.append(f"| {latent} | {day} | {estimate} | {group['truth'].iloc[0]:.3f} | {group['holds'].mean():.0%} |")
    return "\n".join([*lines, "", f"All intervals: {rows['holds'].mean():.1%} hold the truth."])


def churn_table(shops: list[pd.DataFrame]) -> str:
    """Mean probability and share inactive, of all and by tenth of the probability: means over seeds."""
    lines = ["| scores | predicted | inactive | difference (95 %) |", "|---|---|---|---|"]
    groups: list[tuple[str, Callable[[pd.DataFrame], pd.Series]]] = [("all", lambda rows: rows["probability"] >= 0)]
    for low in np.arange(0, 1, 0.2):
        groups.append(
            (f"{low:.1f}–{low + 0.2:.1f}", lambda rows, low=low: rows["probability"].between(low, low + 0.2, "left"))
        )
    for name, chosen in groups:
        means = np.array([rows.loc[chosen(rows), ["probability", "is_inactive"]].mean() for rows in shops], dtype=float)
        means = means[~np.isnan(means).any(axis=1)]
        if len(means) > 1:
            difference = interval(means[:, 0] - means[:, 1])
            lines.append(f"| {name} | {means[:, 0].mean():.3f} | {means[:, 1].mean():.3f} | {difference} |")
    return "\n".join(lines)


def value_table(shops: list[dict[str, float]]) -> str:
    """Predicted over observed, means over seeds."""
    frame = pd.DataFrame(shops)
    lines = ["| | predicted ÷ observed (95 %) |", "|---|---|"]
    for name in ("orders", "revenue"):
        lines.append(f"| {name} | {interval((frame[f'expected_{name}'] / frame[name]).to_numpy())} |")
    return "\n".join([*lines, "", f"BG/NBD scored in {frame['is_promoted'].mean():.0%} of the shops."])


def main() -> None:
    """Simulate a shop per seed and print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    survival, churn, value = [], [], []
    for seed in range(1, given.seeds + 1):
        shop = simulate_shop(given.users, given.days, 150, seed)
        survival.append(measure_survival(shop))
        churn.append(measure_churn(shop))
        value.append(measure_value(shop))
    print(f"{given.seeds} shops of {given.users:,} people, as of day {given.days}\n")
    for title, text in (
        ("Survival", survival_table(survival)),
        (f"Inactive in {HORIZON} days", churn_table(churn)),
        (f"Customer value, {VALUE_HORIZON} days", value_table(value)),
    ):
        print(f"**{title}**\n\n{text}\n")


if __name__ == "__main__":
    main()
