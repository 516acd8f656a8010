"""dbt as a person starts it on a home: the variables of the last night, given to dbt's own command line.

Not here: what such a run may change (dbt_project/macros/manual_run.sql), a night's dbt (`pipeline.build.dbt_session`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import yaml

from pipeline.build.dbt_session import folder_options, give_home, release_database
from pipeline.build.variables import place_variables
from pipeline.home.atomic import write_text
from pipeline.home.lock import writer_lock
from pipeline.home.paths import HomePaths

_HEAD = """\
# The dbt variables of the last night. `growthhouse dbt -- build --select …` runs dbt with them;
# other tools read them with: dbt … --vars "$(cat dbt_vars.yml)", to build also with --full-refresh.
"""
WRITING = ("build", "run", "seed", "snapshot")


class ManualDbtError(Exception):
    """dbt was not started; the message says what to do."""


def write_variables(paths: HomePaths, variables: Mapping[str, Any]) -> None:
    """Keep the variables of a night for dbt by hand."""
    write_text(variables_text(variables), paths.dbt_variables)


def place_of_views(paths: HomePaths, variables: Mapping[str, Any]) -> str | None:
    """The lake that views of the build still read, where the home was moved or copied since; else None."""
    if not (paths.dbt_variables.exists() and paths.build_db.exists()):
        return None
    place = str(yaml.safe_load(paths.dbt_variables.read_text(encoding="utf-8"))["lake_events"])
    return None if os.path.realpath(place) == os.path.realpath(variables["lake_events"]) else place


def variables_text(variables: Mapping[str, Any]) -> str:
    """The same as YAML. What is built by hand is built whole, from the whole lake, also after a delta night."""
    plain = json.loads(json.dumps({**variables, "is_full": True, "partial_files": []}))
    return _HEAD + yaml.safe_dump(plain, sort_keys=False, width=100)


@contextmanager
def only_writer(paths: HomePaths) -> Iterator[None]:
    """Hold the home's lock for the length of the block; raises WriterBusy, or ManualDbtError where a program that knows
    no lock has the build database open."""
    with writer_lock(paths.writer_lock):
        if paths.build_db.exists():
            try:
                duckdb.connect(str(paths.build_db)).close()
            except duckdb.IOException as error:
                reason = str(error).split(". See also")[0]
                raise ManualDbtError(f"the build database cannot be opened: {reason}") from error
        yield


def run_dbt(paths: HomePaths, arguments: Sequence[str]) -> int:
    """Run dbt's command line with the home's variables, database and folders; returns dbt's exit code."""
    from dbt.cli.main import cli

    completed = complete_arguments(cli, arguments, paths)
    give_home(paths)
    # Unit tests come with variables of their own and count on the defaults for all others.
    os.environ.setdefault("DBT_EXCLUDE_RESOURCE_TYPES", "unit_test")
    try:
        cli.main(args=completed, prog_name="dbt")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    finally:
        release_database()
    return 0


def complete_arguments(cli: Any, arguments: Sequence[str], paths: HomePaths) -> list[str]:
    """The arguments with the options that the home decides, as far as dbt's command takes them."""
    command = find_command(cli, arguments)
    taken = {option for parameter in command.params for option in parameter.opts} if command is not cli else set()
    options = folder_options(paths.dbt_target)
    added = [
        part
        for option, value in zip(options[::2], options[1::2], strict=True)
        if option in taken
        for part in (option, value)
    ]
    if "--full-refresh" in taken and command.name in WRITING:
        added.append("--full-refresh")
    rest = list(arguments)
    if "--vars" in taken:
        rest, given = _split_variables(arguments)
        added += ["--vars", json.dumps({**_read_variables(paths), **given})]
    return [*rest, *added]


def find_command(cli: Any, arguments: Sequence[str]) -> Any:
    """The click command that the arguments name (`docs generate` is one of the group `docs`); `cli` where none is."""
    command, is_value = cli, False
    for argument in arguments:
        if not hasattr(command, "commands"):
            break
        if is_value or argument.startswith("-"):
            with_value = {option for p in command.params if not p.is_flag for option in p.opts}
            is_value = not is_value and argument in with_value
        elif argument in command.commands:
            command = command.commands[argument]
        else:
            break
    return command


def _split_variables(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The arguments without --vars, and the variables given with it."""
    rest: list[str] = []
    given: dict[str, Any] = {}
    waits = False
    for argument in arguments:
        if waits or argument.startswith("--vars="):
            given |= _parse(argument.removeprefix("--vars="))
            waits = False
        elif argument == "--vars":
            waits = True
        else:
            rest.append(argument)
    return rest, given


def _parse(text: str) -> dict[str, Any]:
    try:
        variables = yaml.safe_load(text)
    except yaml.YAMLError:
        variables = None
    if not isinstance(variables, dict):
        raise ManualDbtError(f"--vars {text}: expected a YAML mapping, e.g. '{{max_late_days: 7}}'")
    return variables


def _read_variables(paths: HomePaths) -> dict[str, Any]:
    if not paths.dbt_variables.exists():
        raise ManualDbtError(f"no night has left its variables in {paths.dbt_variables}; `growthhouse run` runs one")
    variables: dict[str, Any] = yaml.safe_load(paths.dbt_variables.read_text(encoding="utf-8"))
    return variables | place_variables(paths)  # the home may have moved since
