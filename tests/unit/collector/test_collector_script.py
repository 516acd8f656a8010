"""The tracker as the collector serves it: under any name, sending to its own path, cached and compressed."""

from __future__ import annotations

import gzip

import pytest
from collector_client import Client, settings_of

from pipeline.settings import ConfigError


def test_it_is_served_and_sends_to_the_path_of_this_collector() -> None:
    client = Client(settings_of(path="/shop/in", script_path="/s.js"))
    answer = client.request("GET", "/s.js")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert answer.body.count(b'"/shop/in"') == 1 and b"/api/track" not in answer.body
    assert client.request("GET", "/growthhouse.js").status == 404
    assert client.request("POST", "/s.js").status == 404


def test_the_default_name() -> None:
    answer = Client(settings_of()).request("GET", "/growthhouse.js")
    assert answer.status == 200 and answer.body.count(b'"/api/track"') == 1


def test_it_is_compressed_for_whoever_can_read_that() -> None:
    client = Client(settings_of())
    plain = client.request("GET", "/growthhouse.js")
    zipped = client.request("GET", "/growthhouse.js", {"Accept-Encoding": "br, GZIP;q=0.5"})
    assert "content-encoding" not in plain.headers and zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert plain.headers["vary"] == "accept-encoding"
    assert len(zipped.body) < 4096


def test_a_browser_that_has_it_gets_no_second_copy_but_a_new_version() -> None:
    client = Client(settings_of())
    tag = client.request("GET", "/growthhouse.js").headers["etag"]
    again = client.request("GET", "/growthhouse.js", {"If-None-Match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert "content-length" not in again.headers
    other = Client(settings_of(path="/in"))
    assert other.request("GET", "/growthhouse.js", {"If-None-Match": tag}).status == 200


@pytest.mark.parametrize("path", ["/api/track", "/metrics", "s.js"])
def test_a_name_that_is_taken_is_an_error(path: str) -> None:
    with pytest.raises(ConfigError, match="script_path"):
        settings_of(script_path=path)
