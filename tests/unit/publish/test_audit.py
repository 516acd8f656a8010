"""When a build that was made in parts may be published. Times are made up: larger is later."""

import pytest

from pipeline.publish.audit import CheckRecord, objections

PARENTS = {"events": [], "sessions": ["events"], "report": ["sessions"]}
BUILT = {"events": 1.0, "sessions": 2.0, "report": 3.0}


def gate(asset: str, asked_at: float | None, has_failed: bool = False) -> CheckRecord:
    return CheckRecord(asset, "gate", asked_at, has_failed, is_gate=True)


def dbt_test(asset: str, asked_at: float | None, has_failed: bool = False) -> CheckRecord:
    return CheckRecord(asset, "test", asked_at, has_failed, is_gate=False)


def test_a_whole_night_in_order_may_be_published() -> None:
    assert objections(PARENTS, BUILT, [], [gate("sessions", 2.5), dbt_test("report", 3.1)]) == []


def test_a_table_never_built_is_named() -> None:
    assert objections(PARENTS, {"events": 1.0, "sessions": 2.0}, [], []) == ["never built: report"]


def test_a_table_older_than_its_parent_is_named_with_the_parent() -> None:
    found = objections(PARENTS, BUILT | {"sessions": 4.0}, [], [])
    assert found == ["older than what they are made of: report (built before sessions)"]


def test_a_run_that_broke_off_is_named() -> None:
    assert objections(PARENTS, BUILT, ["report"], []) == ["left unfinished by a later run: report"]


@pytest.mark.parametrize("make", [gate, dbt_test])
def test_a_failed_check_is_named_however_old(make) -> None:  # type: ignore[no-untyped-def]
    assert len(objections(PARENTS, BUILT, [], [make("sessions", 9.0, has_failed=True)])) == 1


@pytest.mark.parametrize("make", [gate, dbt_test])
def test_an_answer_from_before_the_table_was_rebuilt_does_not_count(make) -> None:  # type: ignore[no-untyped-def]
    (found,) = objections(PARENTS, BUILT, [], [make("sessions", 1.5)])
    assert found.startswith("not checked since they were built: ")


def test_a_gate_never_asked_counts_but_a_dbt_test_that_was_never_due_does_not() -> None:
    assert objections(PARENTS, BUILT, [], [gate("sessions", None)]) == [
        "not checked since they were built: gate on sessions"
    ]
    assert objections(PARENTS, BUILT, [], [dbt_test("sessions", None)]) == []


def test_many_tables_are_named_in_part_and_counted() -> None:
    (found,) = objections({f"t{i}": [] for i in range(7)}, {}, [], [])
    assert found == "never built: t0, t1, t2, t3, t4 and 2 more"
