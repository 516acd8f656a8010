"""How close the churn scores are to the truth: `python -m bench.hazard` (see bench/README.md).

Simulates a shop, runs a night as of a past day, and compares the published scores with what the logs show afterwards,
beside the recency rule, the true hazard, and the best possible prediction from the log.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from bench.nights import growthhouse, simulated_home
from models.common.model_metrics import person_weights
from models.propensity.evaluation import Evaluation, evaluate
from pipeline.home.paths import HomePaths
from pipeline.simulate.oracle import History, inactivity_from_history, read_truth

HORIZON_DAYS = 7
RANKINGS = {
    "model": "churn model as published",
    "recency": "recency alone (days since last active)",
    "hazard": "true hazard (and who has left)",
    "log": "best that the log allows",
    "everything": "full information: hazard, visit rate, who has left",
}


def rank_persons(
    paths: HomePaths, database: Path, scores: pd.DataFrame, as_of: date, horizon_days: int
) -> pd.DataFrame:
    """One row per scored person who is exactly one simulated human: is_inactive, and a probability from each ranking.

    `scores` has person_id and probability at `as_of`; `database` has the marts, built as of that day or later.
    Inactivity is read from the lake, not from the labels under test: no event with the person's user_id or devices.
    """
    truths = read_truth(paths.data / "simulated_truth.json")
    rows = scores[["person_id", "probability"]].rename(columns={"probability": "model"})
    rows = rows[[name in truths and truths[name].is_human for name in rows["person_id"]]]
    rows = rows.merge(_histories(database, as_of), on="person_id")
    active = _active_after(paths, database, as_of, horizon_days)
    facts = []
    for name, first, last, n_sessions in rows[["person_id", "first", "last", "n_sessions"]].itertuples(index=False):
        truth, seen = truths[name], History(first.date(), last.date(), n_sessions)
        facts.append(
            {
                "is_inactive": name not in active,
                "is_known": not name.startswith("anon:"),
                "recency": float((as_of - seen.last).days) / 1000,
                "hazard": truth.leaving_probability(as_of, horizon_days),
                "log": inactivity_from_history(seen, truth.hazard_multiplier, as_of, horizon_days),
                "everything": truth.inactivity_probability(as_of, horizon_days),
            }
        )
    return pd.concat([rows.reset_index(drop=True), pd.DataFrame(facts)], axis=1)


def _histories(database: Path, as_of: date) -> pd.DataFrame:
    """First and last active day and number of sessions up to as_of."""
    with duckdb.connect(str(database), read_only=True) as con:
        return con.execute(
            "select person_id, min(session_date)::timestamp as first, max(ended_at::date)::timestamp as last, "
            "count(*) as n_sessions from marts.fct_sessions where session_date <= ? group by person_id",
            [as_of],
        ).df()


def _active_after(paths: HomePaths, database: Path, as_of: date, horizon_days: int) -> set[str]:
    """The person_id of everybody with an event in the horizon: of users, of devices, and of the users of devices."""
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.execute(
            "with events as (select user_id, anonymous_id from read_parquet(?) "
            "  where event_at >= ?::date + 1 and event_at < ?::date + 1 + ?::integer) "
            "select user_id from events where user_id is not null "
            "union select 'anon:' || anonymous_id from events where anonymous_id is not null "
            "union select person_id from marts.dim_identities join events using (anonymous_id) "
            "where events.user_id is null",
            [str(paths.lake / "events" / "*" / "*.parquet"), as_of, as_of, horizon_days],
        ).fetchall()
    return {name for (name,) in rows}


def evaluate_rankings(rows: pd.DataFrame) -> dict[str, Evaluation]:
    """Evaluate every ranking on the same resamples of persons, so that differences can be compared."""
    y, weights = rows["is_inactive"].to_numpy(dtype=np.int_), person_weights(rows["person_id"], 7, 400)
    return {name: evaluate(y, rows[name].to_numpy(dtype=np.float64), weights) for name in RANKINGS}


def table(rows: pd.DataFrame, title: str) -> str:
    """A Markdown table of one group of persons."""
    lines = [
        f"\n**{title}**: {len(rows):,} persons, {rows['is_inactive'].mean():.1%} inactive\n",
        "| ranking | ROC AUC (95 %) | PR AUC | Brier | mean probability | rank correlation with the model |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in evaluate_rankings(rows).items():
        low, high = found.interval("roc_auc")
        columns = [
            RANKINGS[name],
            f"{found.values['roc_auc']:.3f} ({low:.3f}–{high:.3f})",
            f"{found.values['pr_auc']:.3f}",
        ]
        is_probability = name != "recency"
        columns += [f"{found.values['brier']:.4f}", f"{rows[name].mean():.3f}"] if is_probability else ["", ""]
        columns.append(f"{rows['model'].corr(rows[name], method='spearman'):.3f}")
        lines.append(f"| {' | '.join(columns)} |")
    return "\n".join(lines)


def main() -> None:
    """Simulate, run the night of a day in the past, compare its scores with the week after."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    as_of = date(2026, 1, 1) + timedelta(days=chosen.days - 1 - HORIZON_DAYS)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        paths = HomePaths(home)
        simulated_home(home, chosen.users, chosen.days, chosen.seed)
        growthhouse(home, "run", "--as-of", as_of.isoformat())
        database = paths.warehouse.resolve()
        with duckdb.connect(str(database), read_only=True) as con:
            scores = con.execute("select person_id, probability, model_version from ml.churn_scores").df()
        rows = rank_persons(paths, database, scores, as_of, HORIZON_DAYS)
    print(f"scores of {as_of} by {scores['model_version'].iloc[0]}, {HORIZON_DAYS} days later")
    print(table(rows, "everybody scored"))
    print(table(rows[rows["is_known"]], "known users"))
    print(table(rows[~rows["is_known"]], "anonymous devices"))
    print(table(rows[rows["hazard"] < 1], "those who had not left for good (known only to the simulator)"))


if __name__ == "__main__":
    main()
