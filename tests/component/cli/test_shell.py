"""The shell of `growthhouse sql`: what it answers of what is typed or piped into it."""

from __future__ import annotations

import io

import duckdb
import pytest

from pipeline.cli.formats import Format
from pipeline.cli.shell import run_shell


def output(text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the shell prints if this is piped in."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    run_shell(duckdb.connect(), Format.TABLE, is_interactive=False)
    found = capsys.readouterr()
    return found.out + found.err


@pytest.mark.parametrize("end", ["", "\n", "\n\n", ";", ";\n"])
def test_the_last_query_is_answered_once_also_without_a_semicolon(
    end: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = output(f"select 5 * 3 as first;\nselect 40\n+ 2 as second{end}", monkeypatch, capsys)
    assert (out.count("15"), out.count("42")) == (1, 1)


def test_an_unfinished_query_is_told_as_an_error_and_not_raised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "error: Parser Error" in output("select 40 +", monkeypatch, capsys)


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str | type[BaseException]) -> None:
    """Let a person at a terminal type these lines, Ctrl-C (KeyboardInterrupt) or Ctrl-D (the end)."""
    waiting = iter([*lines, EOFError])

    def type_line(prompt: str) -> str:
        print(prompt, end="")
        line = next(waiting)
        if isinstance(line, str):
            return line
        raise line

    monkeypatch.setattr("builtins.input", type_line)


def test_what_is_interrupted_is_not_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch, "select 40 + 2", KeyboardInterrupt)
    assert run_shell(duckdb.connect(), Format.TABLE, is_interactive=True)
    assert "42" not in capsys.readouterr().out


def test_ctrl_c_at_the_prompt_drops_the_line_and_not_the_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "select 40 +", KeyboardInterrupt, "select 6 * 7 as n;")
    run_shell(duckdb.connect(), Format.TABLE, is_interactive=True)
    found = capsys.readouterr()
    assert "42" in found.out and not found.err


def test_a_person_is_greeted_and_prompted_and_a_pipe_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "select 1")
    run_shell(duckdb.connect(), Format.TABLE, is_interactive=True)
    out = capsys.readouterr().out
    assert ".help" in out and "growthhouse> " in out and "        ...> " in out
    monkeypatch.undo()
    monkeypatch.setattr("sys.stdin", io.StringIO("select 1 as n"))
    run_shell(duckdb.connect(), Format.CSV, is_interactive=False)
    assert capsys.readouterr().out == "n\n1\n"


@pytest.mark.parametrize(("is_interactive", "is_good"), [(True, True), (False, False)])
def test_a_failed_query_counts_only_where_nobody_saw_it(
    is_interactive: bool, is_good: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "select nothing;", "select 6 * 7 as n;")
    assert run_shell(duckdb.connect(), Format.CSV, is_interactive=is_interactive) is is_good
    found = capsys.readouterr()
    assert "42" in found.out and "error: Binder Error" in found.err


def test_nothing_is_asked_where_only_blank_lines_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "error" not in output("\n  \n", monkeypatch, capsys)


@pytest.fixture
def tables() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "create schema marts; create table marts.orders (id integer, amount double); create table bare (n integer)"
    )
    con.execute("comment on table marts.orders is 'Grain: order,\nkey id. Bots are here: flagged.'")
    con.execute("comment on column marts.orders.amount is 'What was paid.'")
    return con


def lines_of(con: duckdb.DuckDBPyConnection, text: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(text))
        run_shell(con, Format.TABLE, is_interactive=False)
    return capsys.readouterr().out.splitlines()


def test_tables_are_one_line_each_with_the_first_sentence(
    tables: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines_of(tables, ".tables\n", capsys)[:2] == ["main.bare", "marts.orders  Grain: order, key id."]


@pytest.mark.parametrize("name", ["marts.orders", "orders", "marts.orders;"])
def test_describe_tells_the_whole_comment_and_the_columns(
    name: str, tables: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *columns = lines_of(tables, f".describe {name}\n", capsys)[:3]
    assert first == "marts.orders  Grain: order, key id. Bots are here: flagged."
    assert [line.split(maxsplit=2) for line in columns] == [["id", "integer"], ["amount", "double", "What was paid."]]


@pytest.mark.parametrize("line", [".help", ".schema", ".describe", "."])
def test_a_line_with_a_dot_is_no_query_and_leads_to_the_commands(
    line: str, tables: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    output = "\n".join(lines_of(tables, f"{line}\nselect 6 * 7 as n;\n", capsys))
    assert ".describe TABLE" in output and "error" not in output
    assert ("unknown command" in output) == (line != ".help")
    assert "42" in output


def test_a_table_that_is_not_there_is_told(
    tables: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there is no table nowhere" in lines_of(tables, ".describe nowhere\n", capsys)[0]
