"""The optional cookie: it follows the anonymous id of events, and gives it to events without one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from collector_client import EVENT, SERVER, WEB, Client, settings_of

from pipeline.settings import ConfigError

OLD, NEW = "a1b2c3d4e5f6", "b1b2c3d4e5f6"
ANONYMOUS = {key: value for key, value in EVENT.items() if key != "userId"}


@pytest.fixture
def client() -> Client:
    return Client(settings_of(id_cookie="shop_id"))


def kept(client: Client, source: str = "shop") -> list[Any]:
    return [event.get("anonymousId") for event in client.writer.events.get(source, [])]


def test_without_the_option_there_is_no_cookie() -> None:
    client = Client(settings_of())
    answer = client.post(EVENT, {"Cookie": f"shop_id={OLD}"})
    assert "set-cookie" not in answer.headers and answer.json == {"accepted": 1, "rejected": []}
    assert kept(client) == [None]
    assert client.post(ANONYMOUS, {"Cookie": f"shop_id={OLD}"}).json["rejected"][0]["code"] == "missing_identity"


def test_a_new_browser_gets_an_id_that_its_events_have(client: Client) -> None:
    answer = client.post([ANONYMOUS, EVENT])
    (made,) = set(kept(client))
    assert re.fullmatch("[0-9a-f]{32}", made)
    rules = "Max-Age=33696000; Path=/; HttpOnly; SameSite=Lax"
    assert answer.headers["set-cookie"] == f"shop_id={made}; {rules}"
    assert answer.json["anonymousId"] == made
    assert client.post(ANONYMOUS).json["anonymousId"] != made


def test_a_known_browser_keeps_its_id(client: Client) -> None:
    answer = client.post(ANONYMOUS, {"Cookie": f"other=1; shop_id={OLD}; x", "X-Forwarded-Proto": "https"})
    assert kept(client) == [OLD] and answer.json["anonymousId"] == OLD
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"shop_id={OLD};") and cookie.endswith("; Secure")


@pytest.mark.parametrize("key", ["anonymousId", "anonymous_id"])
def test_it_follows_the_events_of_a_page_that_makes_ids_itself(client: Client, key: str) -> None:
    answer = client.post([ANONYMOUS, {**ANONYMOUS, key: NEW}], {"Cookie": f"shop_id={OLD}"})
    assert [event.get(key) for event in client.writer.events["shop"]][1] == NEW and kept(client)[0] == OLD
    assert answer.headers["set-cookie"].startswith(f"shop_id={NEW};") and answer.json["anonymousId"] == NEW


@pytest.mark.parametrize(
    "bad", ["a;b=c-and-more", "x\r\nSet-Cookie: y=z", "short", "ü" * 10, "a" * 65, 12345678.5, True, "undefined"]
)
def test_an_id_that_no_tracker_makes_is_not_set(client: Client, bad: Any) -> None:
    assert "set-cookie" not in client.post({**EVENT, "anonymousId": bad}).headers


@pytest.mark.parametrize("cookie", ["shop_id=", "shop_id=../../etc/passwd", "shop_id", "SHOP_ID=a1b2c3d4e5f6"])
def test_a_cookie_that_was_not_set_here_is_replaced(client: Client, cookie: str) -> None:
    assert re.fullmatch("[0-9a-f]{32}", client.post(ANONYMOUS, {"Cookie": cookie}).json["anonymousId"])


def test_servers_and_those_who_opt_out_get_none(client: Client) -> None:
    answer = client.post(ANONYMOUS, {**WEB, "Cookie": f"shop_id={OLD}", "Sec-GPC": "1"})
    assert "set-cookie" not in answer.headers and "anonymousId" not in answer.json
    assert kept(client)[0].startswith("gpc-")
    answer = client.post(EVENT, {**SERVER, "Cookie": f"shop_id={OLD}"})
    assert "set-cookie" not in answer.headers and kept(client, "app") == [None]


def test_odd_events_are_judged_as_ever(client: Client) -> None:
    answer = client.post([EVENT, "no object", {**EVENT, "anonymousId": []}, {**EVENT, "anonymousId": {"a": 1}}])
    assert [entry["code"] for entry in answer.json["rejected"]] == ["bad_json", "type_conflict", "type_conflict"]
    assert answer.json["anonymousId"] == kept(client)[0]  # of the event that was accepted


@pytest.mark.parametrize("name", ["", "a b", "a;b", "ü"])
def test_a_name_that_no_cookie_may_have(name: str) -> None:
    with pytest.raises(ConfigError, match="id_cookie"):
        settings_of(id_cookie=name)
