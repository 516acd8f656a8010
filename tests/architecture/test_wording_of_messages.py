"""Every message that a person can get, found in the code: plain words, a proper end, and commands that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
import typer

from pipeline.cli.app import app
from pipeline.home.paths import PROJECT_ROOT

# What prints or raises text for a person; a class whose name ends in one of these is an error of ours.
PRINTS = {"fail", "echo", "secho", "say", "Finding", "Failure", "warning", "note"}
RAISED = ("Error", "Problem", "Busy", "Broken")
BUILTIN_ERRORS = {"ValueError", "RuntimeError", "TypeError", "KeyError", "OSError", "PermissionError", "ImportError"}
# Words of ours that the documentation of dbt or DuckDB would not use.
DIALECT = re.compile(r"\b(anew|mend(s|ed)?|tell(s)?|told|whole lot|went wrong|oops|sorry|please)\b", re.IGNORECASE)
FOLDERS = ("pipeline", "models", "expectations", "collector")


@cache
def messages() -> list[tuple[str, str]]:
    """Place and text of each message; a value in it is {}."""
    found = []
    for folder in FOLDERS:
        for file in sorted((PROJECT_ROOT / folder).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_for_a_person(node)):
                for text in (text_of(argument) for argument in call.args):
                    if text and " " in text.strip():
                        found.append((f"{file.relative_to(PROJECT_ROOT)}:{call.lineno}", text))
    return found


def is_for_a_person(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return name in PRINTS or (name.endswith(RAISED) and name not in BUILTIN_ERRORS)


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(value) if isinstance(value, ast.Constant) else "{}" for value in node.values)
    return ""


def commands_in(text: str) -> Iterator[str]:
    yield from re.findall(r"`(growthhouse [^`]+)`", text)


@cache
def options_of_commands() -> dict[str, set[str]]:
    group = typer.main.get_command(app)
    return {
        name: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }


def test_there_are_messages_to_look_at() -> None:
    assert len(messages()) > 150


def test_no_message_uses_words_of_its_own() -> None:
    assert [(place, text) for place, text in messages() if DIALECT.search(text)] == []


def test_every_message_begins_and_ends_properly() -> None:
    odd = [
        (place, text)
        for place, text in messages()
        if (text != text.strip() and not text.startswith((" ", "\n"))) or text.rstrip().endswith((",", ";", " -"))
    ]
    assert odd == []


def test_no_message_is_a_bare_exclamation_or_shows_python() -> None:
    assert [(p, t) for p, t in messages() if "!" in t or "Traceback" in t or re.search(r"\bNone\b", t)] == []


def all_texts() -> Iterator[tuple[str, str]]:
    """Every text of the code that names a command, wherever it is printed."""
    for folder in FOLDERS:
        for file in sorted((PROJECT_ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, (ast.Constant, ast.JoinedStr)) and "`growthhouse " in (text := text_of(node)):
                    yield f"{file.relative_to(PROJECT_ROOT)}:{node.lineno}", text


@pytest.mark.parametrize("kind", ["command", "option"])
def test_every_command_that_a_text_names_exists(kind: str) -> None:
    known, wrong = options_of_commands(), []
    for place, text in all_texts():
        for command in commands_in(text):
            ours = command.partition(" -- ")[0]  # what follows is for dbt
            name, options = ours.split()[1], re.findall(r"(?<!\S)--[a-z-]+", ours)
            if name.startswith("{"):
                continue
            if kind == "command" and name not in known:
                wrong.append((place, command))
            elif kind == "option" and name in known:
                wrong += [(place, command, option) for option in options if option not in known[name] | {"--help"}]
    assert wrong == []
