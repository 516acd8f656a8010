"""The access log: which request is which event, whose it is, and when; results computed by hand."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ingest_home import Home

from pipeline.settings import ConfigError

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
LOG: dict[str, Any] = {"name": "web", "format": "access_log", "path": "in/*"}
SHOP = [
    {"path": "/product/{item_id}", "event": "view_item"},
    {"path": "/search", "event": "search", "search_term": "q"},
    {"path": "/cart", "event": "add_to_cart", "method": "POST"},
]


def hit(
    request: str = "GET / HTTP/1.1",
    status: int = 200,
    *,
    address: str = "192.0.2.7",
    user: str = "-",
    at: str = "05/Jan/2026:10:00:00 +0000",
    referrer: str = "-",
    agent: str = AGENT,
) -> str:
    """A line of combined."""
    return f'{address} - {user} [{at}] "{request}" {status} 512 "{referrer}" "{agent}"'


def read(folder: Path, *lines: str, name: str = "access.log", **source: Any) -> Home:
    home = Home(folder, {**LOG, **source})
    home.put(name, "".join(line + "\n" for line in lines).encode())
    home.ingest()
    return home


def test_what_events_names_else_a_page_else_a_request_of_nobody(tmp_path: Path) -> None:
    requests = {
        "GET /product/p%201 HTTP/1.1": ("view_item", "p 1", None),
        "GET /product/p1/reviews HTTP/1.1": ("page_view", None, None),
        "GET /search?page=2&q=red+sh%C3%B6es HTTP/1.1": ("search", None, "red shöes"),
        "POST /cart HTTP/1.1": ("add_to_cart", None, None),
        "GET /cart HTTP/1.1": ("page_view", None, None),
        "HEAD / HTTP/1.1": ("request", None, None),
        "POST /login HTTP/1.1": ("request", None, None),
        "GET /style.CSS?v=2 HTTP/1.1": ("request", None, None),
        "GET /robots.txt HTTP/1.1": ("request", None, None),
        "GET /about.html HTTP/1.1": ("page_view", None, None),
        "GET / HTTP/1.1": ("page_view", None, None),
    }
    home = read(tmp_path, *map(hit, requests), events=SHOP)
    assert home.values("event_name", "item_id", "search_term") == list(requests.values())
    assert [event["anonymous_id"] is None for event in home.events()] == [
        name == "request" for name, _, _ in requests.values()
    ]
    assert home.events()[2]["page_path"] == "/search"


def test_a_redirect_is_no_page_but_the_answer_to_a_form(tmp_path: Path) -> None:
    lines = [hit(status=status) for status in (200, 304, 301, 302, 206, 204, 404, 500)]
    assert read(tmp_path, *lines).values("event_name") == ["page_view"] * 2 + ["request"] * 6
    lines = [hit("POST /cart HTTP/1.1", status) for status in (200, 303, 403)]
    assert read(tmp_path / "forms", *lines, events=SHOP).values("event_name") == ["add_to_cart"] * 2 + ["request"]


def test_without_pages_only_what_events_names_is_somebodys(tmp_path: Path) -> None:
    home = read(tmp_path, hit(), hit("GET /product/p1 HTTP/1.1"), pages="none", events=SHOP)
    assert home.values("event_name") == ["request", "view_item"]


def test_a_visitor_is_somebody_for_one_day_of_the_site(tmp_path: Path) -> None:
    """10:00 and 15:59 UTC are one day in Shanghai, 16:00 is the next."""
    lines = [
        hit(),
        hit("GET /a HTTP/1.1", at="05/Jan/2026:16:59:00 +0100"),
        hit(agent="another"),
        hit(address="192.0.2.8"),
        hit(at="05/Jan/2026:16:00:00 +0000"),
    ]
    home = Home(tmp_path, LOG, site={"timezone": "Asia/Shanghai"})
    home.put("access.log", "\n".join(lines).encode())
    home.ingest()
    found = home.values("anonymous_id")
    assert found[0] == found[1]
    assert len(set(found)) == 4
    assert all(len(visitor) == 32 for visitor in found)


def test_no_address_is_kept_and_the_id_of_a_line_does_not_tell_it(tmp_path: Path, monkeypatch: Any) -> None:
    """Whoever knows the line but for its address must not find it by trying all of them."""
    monkeypatch.setenv("GROWTH_HASH_KEY", "first")
    one = read(tmp_path / "one", hit()).event()
    monkeypatch.setenv("GROWTH_HASH_KEY", "second")
    other = read(tmp_path / "other", hit()).event()
    assert one["event_id"] != other["event_id"]
    assert one["anonymous_id"] != other["anonymous_id"]
    assert "192.0.2" not in str(one)


def test_without_a_key_the_home_has_one_of_its_own(tmp_path: Path) -> None:
    home = read(tmp_path, hit())
    before = home.values("anonymous_id", "event_id")
    assert (tmp_path / "data" / "visitor_key").stat().st_mode & 0o77 == 0
    assert home.ingest(full_refresh=True).n_accepted == 1
    assert home.values("anonymous_id", "event_id") == before


def test_a_cookie_of_the_log_is_the_visitor_as_it_is(tmp_path: Path) -> None:
    form = '$remote_addr [$time_local] "$request" $status "$cookie_uid"'
    lines = [f'192.0.2.7 [05/Jan/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 "{uid}"' for uid in ("c1", "-")]
    home = read(tmp_path, *lines, log_format=form, visitor="cookie_uid")
    assert home.values("event_name", "anonymous_id") == [("page_view", "c1"), ("page_view", None)]
    assert "cookie_uid" not in json.loads(home.events()[1]["properties"])


def test_who_logged_in_at_the_server_is_a_user(tmp_path: Path) -> None:
    assert read(tmp_path, hit(user="frank")).values("user_id") == ["frank"]


def test_nginx_writes_when_the_request_is_over(tmp_path: Path) -> None:
    form = '$remote_addr [$time_local] "$request" $status $request_time'
    home = read(tmp_path, '192.0.2.7 [05/Jan/2026:10:00:02 +0000] "GET / HTTP/1.1" 200 1.750', log_format=form)
    assert home.values("event_at") == [datetime(2026, 1, 5, 10, 0, 0, 250_000)]
    assert json.loads(home.event()["properties"])["request_time"] == 1.75


def test_apache_writes_when_it_began(tmp_path: Path) -> None:
    line = '192.0.2.7 [05/Jan/2026:10:00:02 +0000] "GET / HTTP/1.1" 200 1750000'
    home = read(tmp_path, line, log_format='%h %t "%r" %s %D')
    assert home.values("event_at") == [datetime(2026, 1, 5, 10, 0, 2)]


def test_what_is_no_http_is_a_request_of_nobody_and_stops_nothing(tmp_path: Path) -> None:
    home = read(tmp_path, hit(r"\x16\x03\x01\x00\xF4", 400), hit("-", 408), hit())
    assert home.values("event_name", "page_url") == [("request", None), ("request", None), ("page_view", "/")]
    assert [json.loads(event["properties"]) for event in home.events()[:2]] == [
        {"bytes": 512, "status": 400, "request": r"\x16\x03\x01\x00\xF4"},
        {"bytes": 512, "status": 408},
    ]


def test_a_line_of_another_format_is_rejected_and_kept_without_its_address(tmp_path: Path) -> None:
    home = read(tmp_path, hit(), hit()[:-20], "{", hit(at="45/Jan/2026:10:00:00 +0000"))
    assert home.reasons() == [(2, "bad_row"), (3, "bad_row"), (4, "bad_timestamp")]
    assert home.rejects()[0]["raw_line"].startswith("192.0.2.0 - - [05/Jan/2026")


def test_words_of_a_search_engine_are_kept(tmp_path: Path) -> None:
    referrers = {
        "https://www.google.co.uk/search?hl=en&q=blue+shoes": "blue shoes",
        "http://www.baidu.com/s?wd=%E8%93%9D": "蓝",
        "https://www.google.com/": None,
        "https://news.example/?q=google": None,
        "https://notgoogle.com/?q=x": None,
    }
    home = read(tmp_path, *(hit(referrer=referrer) for referrer in referrers))
    found = [json.loads(event["properties"]).get("referrer_search_term") for event in home.events()]
    assert found == list(referrers.values())
    assert home.values("search_term") == [None] * 5


def test_campaigns_and_the_host_come_from_the_request(tmp_path: Path) -> None:
    home = read(tmp_path, hit("GET /a?utm_source=mail HTTP/1.1"), host="shop.example")
    assert home.values("page_url", "page_path", "utm_source") == [
        ("https://shop.example/a?utm_source=mail", "/a", "mail")
    ]


JSON_LINES: dict[str, dict[str, Any]] = {
    "nginx": {
        "time_iso8601": "2026-01-05T11:00:01+01:00",
        "remote_addr": "192.0.2.7",
        "request": "GET /a?b=1 HTTP/1.1",
        "status": "200",
        "request_time": "1.0",
        "http_user_agent": AGENT,
        "upstream": "u1",
    },
    "caddy": {
        "ts": 1767607200.0,
        "request": {"client_ip": "192.0.2.7", "method": "GET", "uri": "/a?b=1", "headers": {"User-Agent": [AGENT]}},
        "status": 200,
        "upstream": "u1",
    },
    "traefik": {
        "ClientHost": "192.0.2.7",
        "RequestMethod": "GET",
        "RequestPath": "/a?b=1",
        "DownstreamStatus": 200,
        "StartUTC": "2026-01-05T10:00:00Z",
        "request_User-Agent": AGENT,
        "upstream": "u1",
    },
}


@pytest.mark.parametrize("server", JSON_LINES)
def test_json_of_the_usual_servers_is_read(server: str, tmp_path: Path) -> None:
    event = read(tmp_path, json.dumps(JSON_LINES[server]), log_format="json").event()
    assert (event["event_name"], event["page_url"], event["user_agent"]) == ("page_view", "/a?b=1", AGENT)
    assert event["event_at"] == datetime(2026, 1, 5, 10)
    assert event["anonymous_id"]
    assert json.loads(event["properties"])["upstream"] == "u1"
    assert "192.0.2" not in str(event)


def test_json_that_is_none_is_rejected(tmp_path: Path) -> None:
    assert read(tmp_path, "{", json.dumps(JSON_LINES["nginx"]), log_format="json").reasons() == [(1, "bad_json")]


def test_a_rotated_file_gives_the_same_events(tmp_path: Path) -> None:
    home = read(tmp_path, hit(), hit("GET /a HTTP/1.1"))
    before = set(home.values("event_id"))
    home.put("access.log.1.gz", (hit() + "\n" + hit("GET /a HTTP/1.1") + "\n").encode())
    home.put("access.log", (hit("GET /b HTTP/1.1") + "\n").encode())
    home.ingest()
    assert before < set(home.values("event_id"))
    assert len(set(home.values("event_id"))) == 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"log_format": "%h %r"}, "`log_format` has no time"),
        ({"visitor": "cookie_uid"}, "the log format has no cookie_uid; it has address, ident, user"),
        ({"events": [{"path": "/p/{sku}", "event": "view_item"}]}, "{sku} in '/p/{sku}' is no canonical column"),
    ],
)
def test_a_mistake_in_the_config_says_what_is_expected(source: dict[str, Any], words: str, tmp_path: Path) -> None:
    home = Home(tmp_path, {**LOG, **source})
    with pytest.raises(ConfigError, match=re.escape(words)):
        home.ingest()
