"""`growthhouse sources inspect` on real data sets, beside the sources that people wrote for them by hand."""

from __future__ import annotations

import pytest
import yaml
from shared_data import shared_path

from pipeline.ingest import recognise


@pytest.mark.parametrize("name", ["taobao", "rees46", "ecom", "gamelaunch"])
def test_columns_and_events_are_recognised_as_a_person_would(name: str) -> None:
    config = shared_path("data", name, "growth.yaml")
    (by_hand,) = yaml.safe_load(config.read_text())["sources"]
    (found,) = recognise([config.parent / by_hand["path"]], config.parent)
    assert found.source["columns"] == by_hand["columns"]
    assert found.sample and found.sample.n_lines > 5_000 and found.sample.n_rejected == 0
    renamed = {theirs: ours for theirs, ours in by_hand.get("event_names", {}).items() if theirs != ours}
    assert renamed.items() <= found.source.get("event_names", {}).items()


@pytest.mark.parametrize("file", ["cookiecats/cookie_cats.csv.gz", "cdnow/cdnow_customers_summary.csv"])
def test_tables_without_times_are_no_source(file: str) -> None:
    path = shared_path("data", *file.split("/"))
    (found,) = recognise([path], path.parent)
    assert found.guess and found.guess.missing == "a time" and not found.sample
