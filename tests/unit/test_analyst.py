"""The shell of `growthhouse sql`: what it answers of what is typed or piped into it."""

from __future__ import annotations

import io

import duckdb
import pytest

from pipeline.analyst import shell


def said(text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the shell prints when this comes in and then the input ends."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    shell(duckdb.connect())
    return capsys.readouterr().out


@pytest.mark.parametrize("end", ["", "\n", "\n\n", ";", ";\n"])
def test_the_last_query_is_answered_once_also_without_a_semicolon(
    end: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(f"select 5 * 3 as first;\nselect 40\n+ 2 as second{end}", monkeypatch, capsys)
    assert (out.count("15"), out.count("42")) == (1, 1)


def test_an_unfinished_query_is_told_as_an_error_and_not_raised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "error: Parser Error" in said("select 40 +", monkeypatch, capsys)


def test_what_is_interrupted_is_not_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = iter(["select 40 + 2"])

    def typed(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("builtins.input", typed)
    shell(duckdb.connect())
    assert "42" not in capsys.readouterr().out


def test_nothing_is_asked_where_only_blank_lines_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "error" not in said("\n  \n", monkeypatch, capsys)
