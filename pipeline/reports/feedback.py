"""The report on survey answers: the Net Promoter Score with its interval. Not here: its definition (`marts.nps`)."""

from __future__ import annotations

import duckdb

from pipeline.reports.rows import Row, first, rows

MIN_ANSWERS = 20
MAX_MONTHS, MAX_CATEGORIES = 6, 5
_COLUMNS = "n_responses, n_promoters, n_passives, n_detractors, nps, ci_low, ci_high"


def feedback(con: duckdb.DuckDBPyConnection) -> Row | None:
    """All answers to nps surveys, the latest months, and the categories with most answers; None without a score."""
    overall = rows(con, f"select {_COLUMNS} from marts.nps where period = 'all' and breakdown = 'all'")
    if not overall:
        return None
    months = rows(
        con,
        f"""select strftime(period_start, '%B %Y') as name, {_COLUMNS} from marts.nps
        where period = 'month' and breakdown = 'all' order by period_start desc limit {MAX_MONTHS}""",
    )
    categories = rows(
        con,
        f"""select breakdown_value as name, {_COLUMNS} from marts.nps
        where period = 'all' and breakdown = 'category' and n_responses >= {MIN_ANSWERS}
        order by n_responses desc, name limit {MAX_CATEGORIES}""",
    )
    comments = first(
        con, "select count(comment) as n from marts.fct_feedback where nps_group is not null and not is_bot"
    )
    groups = {"By month": months, "By category": categories}
    return {
        **overall[0],
        "n_comments": comments["n"],
        "is_few": overall[0]["n_responses"] < MIN_ANSWERS,
        "min_answers": MIN_ANSWERS,
        "groups": {title: found for title, found in groups.items() if len(found) > 1},
    }
