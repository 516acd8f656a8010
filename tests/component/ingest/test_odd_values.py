"""Any value in any column: the line is loaded or rejected with a reason. `tests.faults.fuzz` tries millions."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_values import KNOWN, odd_texts

from pipeline.settings import CANONICAL_COLUMNS
from tests.faults.fuzz import FORMS, Form, is_read_alone_alike, mixed_rows, rows_of, times_of

FORMATS = [form for form in FORMS if "timestamp_format" not in form.source]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_no_known_odd_value_stops_an_ingest_in_any_column(form: Form) -> None:
    assert times_of(form, [row for column in CANONICAL_COLUMNS for row in rows_of(column, KNOWN)])


@settings(max_examples=4)
@given(st.sampled_from(FORMS), st.integers(0, 2**32))
def test_no_odd_values_stop_an_ingest_or_change_another_line(form: Form, seed: int) -> None:
    rng, texts = random.Random(seed), list(odd_texts(400, seed))
    rows = [*rows_of("event_at", texts), *mixed_rows(texts, rng)]
    assert is_read_alone_alike(form, rows, times_of(form, rows), rng)
