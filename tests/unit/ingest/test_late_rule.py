"""The rule of one file about late events, and how the ledger keeps it."""

from __future__ import annotations

from datetime import date

from pipeline.ingest.late import LateRule


def span(first: int, last: int) -> list[tuple[date, date]]:
    return [(date(2026, 1, first), date(2026, 1, last))]


def test_dates_taken_in_are_merged_and_end_before_the_limit() -> None:
    rule = LateRule(date(2026, 1, 10))
    for first, last in ((5, 6), (1, 1), (7, 7), (9, 31), (20, 22)):
        rule = rule.with_days(span(first, last))
    assert rule.days_taken_in == "2026-01-01/2026-01-01 2026-01-05/2026-01-07 2026-01-09/2026-01-09"
    assert LateRule.of(rule.before, rule.days_taken_in) == rule
    assert [(start.day, end.day) for start, end in rule.held_back()[1:]] == [(2, 5), (8, 9)]
    assert rule.with_days([(date.min, date.max)]).held_back() == []
    assert LateRule().with_days(span(1, 5)) == LateRule()
