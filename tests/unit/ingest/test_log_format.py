"""Apache's LogFormat and nginx's log_format as one regular expression; the lines are of the servers' documentation."""

from __future__ import annotations

import re

import pytest

from pipeline.ingest.log_format import BadLogFormat, read_log_format

MAIN = """log_format main '$remote_addr - $remote_user [$time_local] "$request" '
    '$status $body_bytes_sent "$http_referer" '
    '"$http_user_agent" "$http_x_forwarded_for" rt=$request_time uct="$upstream_connect_time" $cookie_uid';"""
VHOST = r'LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D" vhost_combined'
FRANK = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'


def values(form: str, line: str) -> dict[str, str]:
    """The values of a line by name; none where the format does not match."""
    found = read_log_format(form)
    match = re.match(found.pattern, line)
    return dict(zip(found.names, match.groups(), strict=True)) if match else {}


def test_common_is_apaches_common_log_format() -> None:
    found = values("common", FRANK)
    assert found.pop("line") == FRANK
    assert found == {
        "address": "127.0.0.1",
        "ident": "-",
        "user": "frank",
        "time": "10/Oct/2000:13:55:36 -0700",
        "request": "GET /apache_pb.gif HTTP/1.0",
        "status": "200",
        "bytes": "2326",
    }


def test_a_quote_within_a_value_is_escaped_by_the_server() -> None:
    line = FRANK.replace("/apache_pb.gif", r"/a\"b") + r' "-" "a \"quoted\" agent"'
    found = values("combined", line)
    assert (found["request"], found["user_agent"]) == (r"GET /a\"b HTTP/1.0", r"a \"quoted\" agent")


def test_combined_keeps_what_a_site_appends() -> None:
    assert values("combined", FRANK + ' "-" "curl" "10.0.0.1" 0.003')["rest"] == '"10.0.0.1" 0.003'
    assert values("combined", FRANK) == {}


def test_a_line_that_begins_with_a_virtual_host_is_not_combined() -> None:
    line = 'shop.example:80 192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5 "-" "curl" 1250'
    assert values("combined", line.removesuffix(" 1250")) == {}
    found = values(VHOST, line)
    assert (found["host"], found["port"], found["address"], found["request_us"]) == (
        "shop.example",
        "80",
        "192.0.2.7",
        "1250",
    )


def test_nginx_as_it_stands_in_its_config() -> None:
    line = (
        '192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "-" "curl" "192.0.2.9, 10.0.0.1" '
        'rt=0.250 uct="-" abc'
    )
    found = values(MAIN, line)
    assert (found["http_x_forwarded_for"], found["request_time"], found["cookie_uid"]) == (
        "192.0.2.9, 10.0.0.1",
        "0.250",
        "abc",
    )
    assert read_log_format(MAIN).is_time_of_end
    assert not read_log_format("combined").is_time_of_end


@pytest.mark.parametrize(
    ("form", "time_format", "is_end"),
    [
        ("%h %t %r", "%d/%b/%Y:%H:%M:%S %z", False),
        ("%h [%{end:%Y-%m-%d %H:%M:%S}t] %r", "%Y-%m-%d %H:%M:%S", True),
        ("%h %{msec}t %r", "epoch_ms", False),
        ("$remote_addr $time_iso8601 $request", "iso", True),
        ("$remote_addr $msec $request", "epoch_s", True),
        ('{"t":"${time_iso8601}","uri":"$request_uri"}', "iso", True),
    ],
)
def test_times_are_read_as_the_format_writes_them(form: str, time_format: str, is_end: bool) -> None:
    found = read_log_format(form)
    assert (found.time_format, found.is_time_of_end) == (time_format, is_end)


def test_cookies_and_headers_keep_their_names() -> None:
    form = '%a %t "%r" %s "%{uid}C" "%{X-Forwarded-For}i" "%{Referer}i" %{UNIQUE_ID}e'
    assert read_log_format(form).names == (
        *("line", "address", "time", "request", "status"),
        *("cookie_uid", "http_x_forwarded_for", "referrer", "env_unique_id"),
    )


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("%h %r", "has no time"),
        ("%h %t", "has no request"),
        ("combinde", "has no time"),
        ("%h%t %r", "nothing between address"),
        ("%h %t %r %", "a % that no directive follows"),
    ],
)
def test_what_is_no_format_says_why(form: str, words: str) -> None:
    with pytest.raises(BadLogFormat, match=words):
        read_log_format(form)
