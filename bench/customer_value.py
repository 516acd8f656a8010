"""How well customer value predicts a real shop's later orders: `python -m bench.customer_value FILE`.

FILE has a header and one purchase per line: customer, date as YYYYMMDD, number of items, amount, separated by spaces
(CDNOW_master.txt, also gzipped). Both models are fitted to the first part and evaluated on the rest, as a night does.
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from models.common.bgnbd import BgNbd
from models.value import fit_value_model, value_customers

MOST_REPEATS = 7


def histories(days: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """Rows of marts.order_histories as of the start of the holdout, with what followed, and as of its end."""
    return pd.concat([_known_by(days, start, end), _known_by(days, end, None)], ignore_index=True)


def _known_by(days: pd.DataFrame, cutoff: date, until: date | None) -> pd.DataFrame:
    at = pd.Timestamp(cutoff)
    rows = (
        days[days["day"] <= at]
        .groupby("person_id")
        .agg(first=("day", "min"), last=("day", "max"), n_order_days=("day", "size"), spent=("amount", "sum"))
    )
    rows["as_of_date"] = cutoff
    rows["recency_days"], rows["age_days"] = (rows["last"] - rows["first"]).dt.days, (at - rows["first"]).dt.days
    rows["mean_order_value"] = rows["spent"] / rows["n_order_days"]
    later = days[(days["day"] > at) & (days["day"] <= pd.Timestamp(until or cutoff))].groupby("person_id")["amount"]
    known = {"n_order_days_after": later.size(), "revenue_after": later.sum()}
    for name, followed in known.items():
        rows[name] = followed.reindex(rows.index).fillna(0.0) if until else float("nan")
    rows["n_days_after"] = float((until - cutoff).days) if until else float("nan")
    return rows.reset_index()


def report(rows: pd.DataFrame, start: date, end: date) -> str:
    """Metrics with the same-rate baseline, totals, and expected and actual orders by repeat orders so far."""
    result = value_customers(rows, end, (end - start).days, seed=7)
    before = rows[rows["as_of_date"] == start]
    model = fit_value_model(before).bgnbd
    x, age, ahead = before["n_order_days"] - 1, before["age_days"], (end - start).days
    lines = [
        f"{len(before):,} customers, {ahead} days held out; {model}",
        "",
        "| metric | model | same-rate |",
        "|---|---|---|",
    ]
    lines += [
        f"| {row.metric} | {row.value:.3f} ({row.ci_low:.3f}–{row.ci_high:.3f}) | {row.baseline_value:.3f} |"
        for row in result.metrics.itertuples()
    ]
    made_before, made_after = float(x.sum()), float(before["n_order_days_after"].sum())
    lines += ["", "| repeat orders | expected | made |", "|---|---|---|"]
    lines += [f"| before | {_from_first(model, age):,.0f} | {made_before:,.0f} |"]
    lines += [f"| to the end | {_from_first(model, age + ahead):,.0f} | {made_before + made_after:,.0f} |"]
    expected = model.expected_transactions(ahead, x, before["recency_days"], age)
    groups = pd.DataFrame({"x": x.clip(upper=MOST_REPEATS), "expected": expected, "made": before["n_order_days_after"]})
    lines += ["", "| repeat orders before | customers | expected after | made after |", "|---|---|---|---|"]
    for repeats, group in groups.groupby("x"):
        means = f"{group['expected'].mean():.2f} | {group['made'].mean():.2f}"
        lines.append(f"| {repeats}{'+' if repeats == MOST_REPEATS else ''} | {len(group):,} | {means} |")
    return "\n".join(lines)


def _from_first(model: BgNbd, age: pd.Series) -> float:
    """Expected repeat orders of everybody since their first order, ignoring their history."""
    return float(model.expected_transactions(age, 0, 0, 0).sum())


def main() -> None:
    """Read the file, print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--start", type=date.fromisoformat, default=date(1997, 9, 30), help="last day of the fit")
    parser.add_argument("--end", type=date.fromisoformat, default=date(1998, 6, 30), help="last day of the holdout")
    chosen = parser.parse_args()
    lines = pd.read_csv(chosen.file, sep=r"\s+", dtype={0: str, 1: str}, header=0)
    lines.columns = pd.Index(["person_id", "day", "n", "amount"])
    lines["day"] = pd.to_datetime(lines["day"], format="%Y%m%d")
    days = lines.groupby(["person_id", "day"])["amount"].sum().reset_index()
    print(report(histories(days, chosen.start, chosen.end), chosen.start, chosen.end))


if __name__ == "__main__":
    main()
