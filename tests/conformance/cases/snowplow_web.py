"""Facts of a public suite: events in, sessions and users out.

Source: snowplow/dbt-snowplow-web 0.15.2, the last version under the Apache License 2.0; integration_tests/data:
source/snowplow_web_events.csv, expected/default/snowplow_web_sessions_expected.csv,
expected/snowplow_web_users_expected.csv.
Their rows are written as tracker lines: the moment (derived_tstamp), the page and the campaign; a person is what they
wrote into
user_id to name the case. Their session is the tracker's cookie, ours is made from the times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.conformance.harness import Line, line


@dataclass(frozen=True)
class Session:
    """What their sessions table says of a session."""

    started_at: datetime
    ended_at: datetime
    n_page_views: int
    landing_page: str
    exit_page: str
    channel: str


COLUMNS = tuple(Session.__dataclass_fields__)
_AD = {"utm_source": "google-ad", "utm_medium": "display"}
_EBOOK, _DATA = "/resources/product-analytics-ebook/", "/resources/data-utilization/"
_DOCS = "/177234df-d425-412e-ad8d-8b97515b2807"


def _view(person: str, at: str, path: str, event_id: str, **more: Any) -> Line:
    page = {"path": path, "url": f"http://localhost{path}"}
    if "referrer" in more:
        page["referrer"] = more.pop("referrer")
    event = more.pop("event", "page_view")
    return line(f"snowplow/{person}", event, f"{at}Z", eventId=event_id, context={"page": page}, **more)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


_CLEAN, _TWICE, _LONG, _STITCH, _LAST = (
    "no_edge_cases",
    "an_event_id_twice",
    "long_session",
    "user_stitch",
    "multiple_last_sessions",
)
LINES: list[Line] = [
    _view(_CLEAN, "2021-03-02T15:55:18.539", _DOCS + "/getting-started", "b3278f"),
    _view(_CLEAN, "2021-03-02T15:55:26.044", _DOCS + "/data-structures", "71ee02"),
    _view(_CLEAN, "2021-03-02T15:55:27.084", _DOCS + "/data-models", "5abfad"),
    _view(_CLEAN, "2021-03-02T15:55:29.716", _DOCS + "/data-models/webmodel", "ea5bf9"),
    *(
        _view(_CLEAN, f"2021-03-02T{clock}", _DOCS + "/data-models/webmodel", f"ping{n}", event="page_ping")
        for n, clock in enumerate(("15:55:59.736", "15:56:59.750", "15:57:29.746", "15:58:59.748", "15:59:29.752"))
    ),
    _view(_TWICE, "2021-03-01T20:39:52.944", _EBOOK, "bcbeb5", utm_campaign="product-analytics-new-ebook", **_AD),
    _view(_TWICE, "2021-03-01T20:45:20.884", _EBOOK, "ca9708"),
    _view(_TWICE, "2021-03-01T20:56:39.192", _DATA, "1b4b3b", utm_campaign="data-utilization", **_AD),
    _view(_TWICE, "2021-03-01T20:56:39.192", _DATA, "1b4b3b", utm_campaign="data-utilization", **_AD),
    _view(_TWICE, "2021-03-01T20:58:11.004", _DATA, "2aee3c", utm_campaign="data-utilization", **_AD),
    _view(_TWICE, "2021-03-01T20:58:11.005", _EBOOK, "e74b2c"),
    _view(_TWICE, "2021-03-01T20:59:19.860", _DATA, "a40559"),
    _view(_LONG, "2021-03-01T21:39:43.815", _DATA, "9f53ce", utm_source="google-ad", utm_medium="ppc"),
    _view(_LONG, "2021-03-03T21:39:50.989", "/", "663bb2"),
    _view(_LAST, "2021-03-02T02:01:19.675", _DOCS + "/getting-started", "26e109"),
    _view(_LAST, "2021-03-02T02:01:27.774", _DOCS + "/data-structures", "bf8b2d"),
    _view(_LAST, "2021-03-02T02:01:28.297", _DOCS + "/data-models", "ddb201"),
    _view(_LAST, "2021-03-02T02:01:28.297", _DOCS + "/data-models-dummy-row", "f9640a"),
    *(
        _view(f"{_STITCH}/{n}", f"2021-03-0{day}T{clock}", "/", f"stitch{n}", anonymousId="snowplow/434dff")
        for n, (day, clock) in enumerate(
            (
                (1, "23:57:04.705"),
                (1, "23:57:07.554"),
                (2, "23:57:04.705"),
                (2, "23:57:07.554"),
                (3, "00:17:16.089"),
                (3, "00:29:41.466"),
                (3, "00:38:38.168"),
                (3, "00:43:51.137"),
                (3, "00:43:54.911"),
                (3, "00:47:49.409"),
            ),
            1,
        )
    ),
]

AGREED: dict[str, list[Session]] = {
    _CLEAN: [
        Session(
            _at("2021-03-02 15:55:18.539"),
            _at("2021-03-02 15:59:29.752"),
            4,
            _DOCS + "/getting-started",
            _DOCS + "/data-models/webmodel",
            "direct",
        ),
    ],
    _TWICE: [Session(_at("2021-03-01 20:39:52.944"), _at("2021-03-01 20:59:19.860"), 6, _EBOOK, _DATA, "display")],
}
# their sessions, ours, and why
DIFFERENT: dict[str, tuple[int, int, str]] = {
    _LONG: (1, 2, "a cookie lives on for days; here 48 hours of silence are a pause longer than the timeout"),
    _LAST: (2, 1, "two cookies at one instant; here one person's events without a pause are one session"),
    _STITCH: (2, 10, "all user_ids of a device are joined into the latest; here two known users are never merged"),
}
