"""The report on models: which version scores and why, its metrics beside the baselines, feature importance, drift.

Belongs here: reading `ml.*` and the card of the version that scores. Not here: learning; the importance of the
features is computed by `models.propensity`, also for the UI.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb

from pipeline.predict.scores import nobody_has_bought
from pipeline.reports.rows import Row, exact_sum, first, rows

KINDS = ("churn", "purchase")
BASELINES = ("base-rate", "recency-rule")
METRICS = ("pr_auc", "roc_auc", "lift_top_10", "precision_top_10", "brier", "ece")
BANDS = {"churn": "risk_band", "purchase": "propensity_band"}
RULE = "recency-rule"
MAX_FEATURES = 10
MAX_DRIFTED = 6
_SCORED = (
    "from marts.user_features "
    "where is_active_lookback and as_of_date = (select max(as_of_date) from marts.user_features)"
)


def model(con: duckdb.DuckDBPyConnection, kind: str, artifacts: Path) -> Row:
    """One section: the version that scores, its model selection, its scores, its features, its drift."""
    from models.propensity import base_rate_of

    scored = first(
        con,
        "select count(*) as n_persons, count(probability) as n_probabilities, max(model_version) as version, "
        f"{exact_sum('probability')} / count(*) as mean "
        f"from ml.{kind}_scores",
    )
    version = scored["version"]
    card = card_of(artifacts / kind, version)
    selection = _selection(con, kind, version)
    latest = _read_card(artifacts / kind / RULE)  # of each training, whoever scores after it
    return {
        "kind": kind,
        "table": f"ml.{kind}_scores",
        **scored,
        "nobody_has_bought": kind == "purchase" and nobody_has_bought(con),
        "is_rule": version is None or version.startswith(RULE),
        "algorithm": _algorithm(version, card),
        "is_promoted": any(one["scores"] and one["is_promoted"] for one in selection),
        "why": _why(artifacts / kind, version, card),
        "horizon_days": card["horizon_days"] if card else None,
        "base_rate": base_rate_of(card) if card else None,
        "history": card.get("history") if card else None,
        "test": latest["data"].get("test") if latest else None,
        "selection": selection,
        "bands": _bands(con, kind),
        "tenths": _tenths(con, kind),
        "importance": _importance(con, kind, artifacts / kind, version),
        "drift": _drift(con, kind),
    }


def _folder(folder: Path, version: str) -> Path:
    return folder / (RULE if version.startswith(RULE) else version)


def card_of(folder: Path, version: str | None) -> dict[str, Any] | None:
    """The card of the version that scores; None where it is missing or belongs to another version.

    folder: of the model; with a folder per version, or with the card of the latest version only.
    """
    cards = [_read_card(place) for place in (_folder(folder, version), folder)] if version is not None else []
    return next((card for card in cards if card and card["model_version"] == version), None)


def _read_card(folder: Path) -> dict[str, Any] | None:
    from models.common import ArtifactError, read_card

    try:
        return read_card(folder)
    except ArtifactError:
        return None


def _algorithm(version: str | None, card: dict[str, Any] | None) -> str | None:
    return card["algorithm"] if card else version


def describe_scoring(con: duckdb.DuckDBPyConnection, folder: Path, kind: str) -> str:
    """Which version scores, and why. folder: of the model's artefacts."""
    version = first(con, f"select max(model_version) as version from ml.{kind}_scores")["version"]
    if version is None:
        return "no scores, as nobody was active recently"
    why = _why(folder, version, card_of(folder, version))
    scores = "the recency rule scores" if version.startswith(RULE) else f"{version} scores"
    return f"{scores} ({why})" if why else scores


def _why(folder: Path, version: str | None, card: dict[str, Any] | None) -> str | None:
    """The reason of the latest decision for the version; for the recency rule, which may have none, of its card."""
    from models.common import ArtifactError
    from models.propensity import read_registry

    try:
        decisions = read_registry(folder).decisions
    except ArtifactError:
        decisions = ()
    decided = [one.reason for one in decisions if version is not None and one.champion == version]
    return decided[-1] if decided else card["reason"] if card else None


def _selection(con: duckdb.DuckDBPyConnection, kind: str, version: str | None) -> list[Row]:
    """One row per candidate and baseline on the test snapshot, best ranking first; each metric with its interval."""
    found = rows(
        con,
        "select algorithm, model_version, metric, value, ci_low, ci_high, is_promoted from ml.model_metrics "
        "where model = ? and split = 'test' and list_contains(?, metric) order by algorithm, model_version",
        [kind, list(METRICS)],
    )
    candidates: dict[tuple[str, str], Row] = {}
    for row in found:
        key = (row["algorithm"], row["model_version"])
        one = candidates.setdefault(
            key,
            {
                "algorithm": row["algorithm"],
                "version": row["model_version"],
                "is_baseline": row["algorithm"] in BASELINES,
                "is_promoted": row["is_promoted"],
                "scores": row["model_version"] == version,
                "metrics": {},
            },
        )
        one["metrics"][row["metric"]] = row
    return sorted(candidates.values(), key=_ranks_last)


def _ranks_last(candidate: Row) -> tuple[float, str, str]:
    value = candidate["metrics"].get("pr_auc", {}).get("value")
    return (-value if value is not None else 1.0, candidate["algorithm"], candidate["version"])


def _bands(con: duckdb.DuckDBPyConnection, kind: str) -> list[Row]:
    band = BANDS[kind]
    return rows(
        con,
        f"select {band} as band, count(*) as n_persons, count(*) / sum(count(*)) over () as share, "
        f"min(probability) as lowest, max(probability) as highest, {exact_sum('probability')} / count(*) as mean "
        f"from ml.{kind}_scores where {band} is not null group by 1 order by mean desc",
    )


def _tenths(con: duckdb.DuckDBPyConnection, kind: str) -> list[int]:
    """Persons by tenth of the probability, from 0.0 to 0.1 upwards."""
    found = rows(
        con,
        f"select least(floor(probability * 10), 9) as tenth, count(*) as n from ml.{kind}_scores "
        "where probability is not null group by 1",
    )
    counts = {int(row["tenth"]): row["n"] for row in found}
    return [counts.get(tenth, 0) for tenth in range(10)]


def _importance(con: duckdb.DuckDBPyConnection, kind: str, folder: Path, version: str | None) -> list[Row]:
    """The features that move the scores of the published version most; none for the recency rule."""
    from models.common import ArtifactError
    from models.propensity import importance, importance_step, load_artifact

    if version is None or version.startswith(RULE):
        return []
    counted = first(con, f"select count(*) as n {_SCORED}")
    now = con.execute(
        f"select * {_SCORED} qualify (row_number() over (order by person_id) - 1) % ? = 0",
        [importance_step(counted["n"])],
    ).df()
    try:
        found = importance(kind, now, load_artifact(folder / version))  # type: ignore[arg-type]
    except ArtifactError:
        return []
    words = dict(
        con.execute(
            "select column_name, comment from duckdb_columns() "
            "where schema_name = 'marts' and table_name = 'user_features'"
        ).fetchall()
    )
    largest = max(float(found.max()), 1e-12) if len(found) else 1.0
    return [
        {"feature": name, "share": float(share), "width": float(share) / largest, "words": _short(words.get(name))}
        for name, share in found.head(MAX_FEATURES).items()
        if share > 0
    ]


def _short(comment: str | None) -> str:
    """The first sentence of a column description."""
    return " ".join(re.split(r"[;.](?:\s|$)", comment or "", maxsplit=1)[0].split())


def _drift(con: duckdb.DuckDBPyConnection, kind: str) -> Row | None:
    """How many features drifted since the test, the largest drifts, the scores, and the model as a whole."""
    from models.propensity import SCORE, describe_drift

    query = (
        "select feature, psi, missing_rate, reference_missing_rate, is_drifted from ml.feature_drift "
        "where model = ? order by psi desc, feature"
    )
    found = rows(con, query, [kind])
    if not found:
        return None
    features = [row for row in found if row["feature"] != SCORE]
    drifted = [row for row in features if row["is_drifted"]]
    return {
        "n_features": len(features),
        "n_drifted": len(drifted),
        "score": next((row for row in found if row["feature"] == SCORE), None),
        "description": describe_drift(con.execute(query, [kind]).df()),
        "shown": drifted[:MAX_DRIFTED],
    }


def recommendations(con: duckdb.DuckDBPyConnection, folder: Path) -> Row | None:
    """The ranking in use and why, NDCG@10 of every strategy on later data, and the share of each in the lists."""
    lists = first(
        con,
        "select count(*) as n_rows, count(distinct person_id) as n_persons, count(distinct item_id) as n_items, "
        "max(model_version) as version from ml.recommendations",
    )
    if not lists["n_rows"]:
        return None
    tested = rows(
        con,
        "select algorithm, value, ci_low, ci_high, is_promoted from ml.model_metrics "
        "where model = 'recommendations' and split = 'test' and metric = 'ndcg_at_10' order by value desc, algorithm",
    )
    ranking = "blend" if lists["version"].startswith("blend") else "popularity"
    used = rows(
        con,
        "select strategy, count(*) / sum(count(*)) over () as share "
        "from ml.recommendations group by 1 order by 2 desc, 1",
    )
    ndcg = {row["algorithm"]: row["value"] for row in tested}
    card = card_of(folder, lists["version"])
    why = card["reason"] if card else None
    return {**lists, "ranking": ranking, "tested": tested, "ndcg": ndcg, "used": used, "why": why}
