"""growth.yaml: what is accepted, and what a person reads who made a mistake."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from shared_data import SHARED

from pipeline.settings import ConfigError, default_config_text, load_settings, parse_settings

REAL_SETS = SHARED / "data"
BASE = """\
site: {timezone: Asia/Shanghai}
sources:
  - name: shop
    path: raw/*.jsonl
"""


def error_of(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, Path("growth.yaml"))
    return caught.value


def test_site_and_sources_are_enough_and_the_rest_has_the_contracts_defaults() -> None:
    settings = parse_settings(BASE)
    assert settings.cleaning.model_dump() == {
        "max_duration_s": 86400,
        "max_future_hours": 24,
        "max_line_bytes": 1048576,
        "max_rejected_rate": 0.05,
        "max_orders_per_day": 50,
        "max_events_per_minute": 300,
        "max_expansion": 200,
        "days_late_allowed": None,
        "brushing_window_days": 7,
        "max_orders_per_item": 10,
        "max_accounts_per_device": 5,
    }
    assert (settings.sessions.timeout_minutes, settings.sessions.max_hours) == (30, 24)
    assert [step.event for step in settings.funnels[0].steps] == ["sign_up", "view_item", "add_to_cart", "purchase"]
    assert settings.funnels[0].window == 7 * 86400
    assert settings.has_default_funnels
    assert (settings.churn.horizon_days, settings.churn.lookback_days, settings.purchase.horizon_days) == (7, 30, 7)
    assert settings.notices == ()


def test_the_config_that_init_writes_is_valid_also_with_every_comment_taken_off(tmp_path: Path) -> None:
    text = default_config_text()
    assert parse_settings(text).sources[0].name == "shop"
    (tmp_path / "growth.yaml").write_text(text)
    assert load_settings(tmp_path / "growth.yaml").home == tmp_path
    commented = re.compile(r"^( *)# (?= *(?:#|- |\w+: |\w+:$))")
    settings = parse_settings("\n".join(commented.sub(r"\1", line) for line in text.splitlines()))
    assert not settings.has_default_funnels
    assert settings.alerts.on == parse_settings(text).alerts.on
    assert settings.alerts.email and settings.alerts.email.to == ("data@shop.example",)
    assert settings.funnels == parse_settings(text).funnels
    assert [source.name for source in settings.sources] == ["shop", "orders", "mp", "web_log", "nps"]
    not_defaults: Any = {"sources": True, "alerts": True, "churn": {"action", "bands"}}
    assert settings.model_dump(exclude=not_defaults) == parse_settings(text).model_dump(exclude=not_defaults)
    assert settings.notices == ()


@pytest.mark.parametrize("name", ["taobao", "rees46", "ecom", "gamelaunch", "gitactivity"])
def test_the_configs_of_the_real_sets_are_valid(name: str) -> None:
    config = REAL_SETS / name / "growth.yaml"
    if not config.exists():
        pytest.skip(f"no real data at {config.parent}")
    assert load_settings(config).notices == ()


@pytest.mark.parametrize(
    ("text", "key", "line", "words"),
    [
        ("site: {}\nsources: []\n", "sources", 2, ["at least one source"]),
        ("site: {}\n", "sources", 1, ["missing", "`sources:`"]),
        (BASE + "sesions: {}\n", "sesions", 5, ["unknown key", "`sessions`"]),
        (
            BASE + "cleaning:\n  max_rejected_rate: 5\n",
            "cleaning.max_rejected_rate",
            6,
            ["less than or equal to 1", "not 5"],
        ),
        (
            BASE + "cleaning:\n  days_late_allowed: -1\n",
            "cleaning.days_late_allowed",
            6,
            ["greater than or equal to 0"],
        ),
        (
            BASE + "cleaning:\n  max_orders_per_item: 0\n",
            "cleaning.max_orders_per_item",
            6,
            ["greater than or equal to 1"],
        ),
        (BASE + "market_basket:\n  max_items: 1\n", "market_basket.max_items", 6, ["greater than or equal to 2"]),
        (BASE + "cleaning:\n  days_late_allowed: some\n", "cleaning.days_late_allowed", 6, ["integer", "not 'some'"]),
        (BASE + "churn:\n  horizon_days: 0\n", "churn.horizon_days", 6, ["greater than or equal to 1"]),
        (BASE.replace("Asia/Shanghai", "Peking"), "site.timezone", 1, ["IANA", "not 'Peking'"]),
        (BASE.replace("shop", "Shop"), "sources[0].name", 3, ["[a-z]", "not 'Shop'"]),
        (BASE + "    timestamp_format: epoch\n", "sources[0].timestamp_format", 5, ["epoch_s", "strptime"]),
        (BASE + "  - {name: shop, path: x}\n", "sources", 2, ["'shop' is used twice"]),
        (BASE + "    name: other\n", "sources[0].name", 5, ["given twice", "line 3"]),
        (
            BASE + "funnels:\n  - name: f\n    steps: [{event: a}]\n    window: 7 fortnights\n",
            "funnels[0].window",
            8,
            ["fortnights", "weeks"],
        ),
        (BASE + "retention: {brackets: [[3, 1]]}\n", "retention.brackets", 5, ["first ≤ last"]),
        (
            BASE + "paths:\n  groups: [product/*]\n",
            "paths.groups[0]",
            6,
            ["starts with /", "/product/*", "not 'product/*'"],
        ),
        (BASE + "paths:\n  groups: [/p/*, /p/*]\n", "paths", 5, ["'/p/*'", "twice"]),
        (BASE + "paths: {stop: purchase}\n", "paths.stop", 5, ["unknown key", "one of start, end"]),
        (BASE + "aha: {counts: [2, 1]}\n", "aha.counts", 5, ["ascending"]),
        (BASE + "aha: {days: [0]}\n", "aha.days[0]", 5, ["greater than or equal to 1"]),
        (BASE + "retention: {breakdowns: [city]}\n", "retention.breakdowns[0]", 5, ["'acquisition_channel'", "'city'"]),
        (BASE + "retention: {breakdowns: [segment, segment]}\n", "retention.breakdowns", 5, ["listed twice"]),
        (BASE + "retention: {warm_up_days: -1}\n", "retention.warm_up_days", 5, ["greater than or equal to 0"]),
        (BASE + "retention: {history_start: spring}\n", "retention.history_start", 5, ["date"]),
        (BASE + "    format: table\n    columns: {user: 0}\n", "sources[0].columns", 6, ["'user'", "user_id"]),
    ],
)
def test_an_error_names_key_line_and_what_was_expected(text: str, key: str, line: int, words: list[str]) -> None:
    error = error_of(text)
    assert (error.key, error.line) == (key, line)
    assert str(error).startswith(f"growth.yaml, line {line}: {key}: ")
    assert error.others == ()
    for word in words:
        assert word in str(error)


def test_yaml_that_does_not_parse_names_the_line() -> None:
    error = error_of("site: {timezone: UTC\nsources: [\n")
    assert error.line is not None and "not valid YAML" in str(error)


@pytest.mark.parametrize("text", ["", "just text", "[1, 2]"])
def test_no_mapping_at_all(text: str) -> None:
    assert "`site` and `sources`" in str(error_of(text))


def test_all_errors_are_reported_at_once() -> None:
    error = error_of(BASE + "chrun: {}\npurchase: {horizon_days: x}\n")
    assert [one.key for one in (error, *error.others)] == ["chrun", "purchase.horizon_days"]


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="growthhouse init"):
        load_settings(tmp_path / "growth.yaml")


FUNNEL = BASE + "funnels:\n  - name: f\n    steps:\n      - event: a\n      - event: b\n"


def test_the_value_that_changes_nothing_is_no_mistake() -> None:
    text = FUNNEL + (
        "        optional: false\n    order: ordered\n    entry: first\n    exclude: []\n    hold_constant: []\n    "
        "scope: session\n"
    )
    assert parse_settings(text).funnels[0].entry == "first"


LONG = FUNNEL + "      - event: c\n"


@pytest.mark.parametrize(
    ("text", "key", "line", "words"),
    [
        (FUNNEL + "        optional: true\n", "funnels[0].steps", 7, "last step of a funnel is its conversion"),
        (
            BASE + "funnels:\n  - name: f\n    steps: [{event: a, optional: true}, {event: b}]\n",
            "funnels[0].steps",
            7,
            "first step",
        ),
        (FUNNEL + "        within: 1 hour\n    order: any\n", "funnels[0].order", 11, "`within` has no meaning"),
        (
            LONG.replace("event: b\n", "event: b\n        optional: true\n") + "    order: any\n",
            "funnels[0].order",
            12,
            "`optional`",
        ),
        (FUNNEL + "    exclude: [x, b]\n", "funnels[0].exclude", 10, "'b' is a step of this funnel"),
        (
            FUNNEL + "    hold_constant: [item]\n",
            "funnels[0].hold_constant[0]",
            10,
            "not a column of fct_events, did you mean item_id",
        ),
        (FUNNEL + "    order: sorted\n", "funnels[0].order", 10, "'ordered', 'strict' or 'any'"),
        (FUNNEL + "      - event: c\n" * 19, "funnels[0].steps", 7, "at most 20"),
        (
            FUNNEL + "      - {event: o, optional: true}\n" * 7 + "      - event: c\n",
            "funnels[0].steps",
            7,
            "at most 6",
        ),
    ],
)
def test_a_funnel_that_means_nothing_is_a_mistake(text: str, key: str, line: int, words: str) -> None:
    error = error_of(text)
    assert (error.key, error.line) == (key, line)
    assert words in str(error)


def test_bands_are_thresholds_in_order() -> None:
    settings = parse_settings(BASE + "churn: {bands: {high: 0.8, medium: 0.5}}\n")
    assert settings.churn.bands and (settings.churn.bands.high, settings.churn.bands.medium) == (0.8, 0.5)
    assert settings.purchase.bands is None  # by lift over the base rate
    error = error_of(BASE + "purchase: {bands: {high: 0.2, medium: 0.2}}\n")
    assert error.key == "purchase.bands" and "medium must be less than high" in str(error)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("interventions: [{campaign: c, who: {segment: new}, action: push}]", "interventions"),
        ("experiments: [{name: e, assignment: {event: x}, metrics: [{name: m}]}]", "experiments"),
        ("global_holdout: {share: 0.1}", "global_holdout"),
        ("segments: {rules: {at_risk: {inactive_days: 14}}}", "segments.rules.at_risk.inactive_days"),
        ("segments: {rules: {at_risk: {active_days: 60}}}", "segments.rules.at_risk.active_days"),
    ],
)
def test_what_nothing_reads_yet_is_accepted_with_a_notice(section: str, key: str) -> None:
    settings = parse_settings(BASE + section + "\n", Path("dir/growth.yaml"))
    assert settings.notices == (f"growth.yaml, line 5: {key}: accepted, but not used yet",)


def test_defaults_spelt_out_need_no_notice() -> None:
    text = BASE + "interventions: []\nexperiments: []\nretention: {brackets: [[1, 3], [4, 7], [8, 30]], max_days: 10}\n"
    assert parse_settings(text + "segments: {rules: {at_risk: {inactive_days: 7}}, kmeans: {k: 4}}\n").notices == ()


def test_paths_are_relative_to_the_config_and_home_is_put_in(tmp_path: Path) -> None:
    (tmp_path / "conf[1]").mkdir()
    config = tmp_path / "conf[1]" / "growth.yaml"
    config.write_text(BASE + '  - {name: own, path: "{home}/data/*.jsonl"}\n')
    for folder in (config.parent / "raw", tmp_path / "home*" / "data"):
        folder.mkdir(parents=True)
        (folder / "a.jsonl").touch()
        (folder / "b.jsonl").mkdir()
    settings = load_settings(config, tmp_path / "home*")
    shop, own = settings.sources
    assert settings.source_files(shop) == [config.parent / "raw" / "a.jsonl"]
    assert settings.source_folders(shop) == [config.parent / "raw" / "b.jsonl"]
    assert settings.source_files(own) == [tmp_path / "home*" / "data" / "a.jsonl"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7 days", 604800), ("30 min", 1800), ("1.5 h", 5400), ("90", 90), ("2w", 1209600), ("1 second", 1)],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_settings(FUNNEL + f"    window: {text}\n").funnels[0].window == seconds


@pytest.mark.parametrize("text", [".inf", ".nan", "1e30", "400000 days", "9" * 400 + " s"])
def test_a_duration_beyond_all_times_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(FUNNEL + f"    window: {text}\n")
    assert caught.value.key == "funnels[0].window"


@pytest.mark.parametrize("text", [".inf", ".nan"])
def test_a_number_that_is_none_is_refused_everywhere(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(BASE + f"cleaning: {{max_future_hours: {text}}}\n")
    assert caught.value.key == "cleaning.max_future_hours"


def test_shares_of_an_attribution_over_one_name_the_section_and_line() -> None:
    text = "site: {}\nsources: [{name: a, path: x}]\nattribution:\n  {first_share: 0.6, last_share: 0.5}\n"
    with pytest.raises(ConfigError) as caught:
        parse_settings(text)
    assert (caught.value.key, caught.value.line) == ("attribution", 3)
    assert "at most 1" in caught.value.problem
