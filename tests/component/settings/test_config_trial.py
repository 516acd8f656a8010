"""What DuckDB refuses on any event, in a config that is written correctly: found before a night, with key and line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.ingest import check_formats, config_trial
from pipeline.settings import ConfigError, parse_settings

CONFIG = """\
site: {timezone: %(zone)s}
sources:
  - {name: shop, path: 'raw/*', timezone: Europe/Berlin, timestamp_format: %(form)s}
funnels:
  - name: buy
    steps:
      - {event: view_item, where: %(where)s}
"""


def refused(zone: str = "UTC", form: str = "iso", where: str = "price > 0") -> ConfigError:
    texts = {
        key: yaml.safe_dump(text, default_style='"', width=999) for key, text in (("form", form), ("where", where))
    }
    values = {"zone": zone, **{key: text.removesuffix("\n") for key, text in texts.items()}}
    text = CONFIG % values
    with pytest.raises(ConfigError) as error:
        check_formats(parse_settings(text, Path("growth.yaml")))
    return error.value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("regexp_matches(category, '[')", "missing ]"),
        ("date_trunc('fortnight', event_at) < event_at", "FORTNIGHT"),
        ("event_at > 'yesterday'", "yesterday"),
        ("event_date >= date '2026-02-30'", "2026-02-30"),
        ("price between 'low' and 'high'", "low"),
        ("is_bot = 'maybe'", "maybe"),
        ("properties->>'$.a[' = 'x'", "JSON path"),
        ("event_at + 1 > event_at", "No function matches"),
        ("cast(category as fruit) = 1", "fruit"),
        ("properties->>'rank' > 3", "explicit cast"),
        ("date_trunc(category, event_at) < event_at", "CATEGORY"),
    ],
)
def test_a_condition_that_no_event_could_evaluate_is_refused(text: str, words: str) -> None:
    error = refused(where=text)
    assert (error.key, error.line) == ("funnels[0].steps[0].where", 7)
    assert words in str(error)


@pytest.mark.parametrize("pattern", ["%s", "%Q", "%Y %"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    error = refused(form=pattern)
    assert (error.key, error.line) == ("sources[0].timestamp_format", 3)


def test_a_zone_that_only_python_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_trial, "is_timezone", lambda name: name != "Asia/Shanghai")
    error = refused(zone="Asia/Shanghai")
    assert (error.key, error.line) == ("site.timezone", 1)
    assert "DuckDB" in str(error)
