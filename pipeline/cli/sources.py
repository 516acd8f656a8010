"""`growthhouse sources`: looks at raw files before a night does. Not here: recognising them (`pipeline.ingest`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, load_config, resolve_home

if TYPE_CHECKING:
    from pipeline.ingest import Recognised, Sample

_SHOWN_NAMES, _SHOWN_FILES, _SHOWN_CHARS = 12, 3, 160

app = typer.Typer(help="Look at raw files: which format they have, and what would be loaded.", no_args_is_help=True)


@app.command()
def inspect(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of files.")],
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Say what files are, and print the lines of growth.yaml that read them. Nothing is written.

    Exit codes: 0 every file can be read; 2 some cannot.
    """
    from pipeline.ingest import config_lines, recognise

    for path in paths:
        if not path.exists():
            raise fail(f"there is no {path}")
    found = recognise(paths, resolve_home(config, None))
    if not found:
        raise fail("there is no file in these folders")
    for result in found:
        _print_lines(_describe(result))
    sources = [result.source for result in found if result.source and result.guess and not result.guess.missing]
    if sources:
        typer.secho("\nTo read these files, paste into growth.yaml:\n", bold=True)
        typer.echo(config_lines(*sources), nl=False)
    if len(sources) < len(found):
        raise typer.Exit(2)


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="One source. Default: all.")] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Read the beginning of each source's files, and say what would be loaded and refused. Nothing is written.

    Exit codes: 0 the next night would read them; 2 it would not.
    """
    from pipeline.ingest import describe_sample, sample_source

    settings = load_config(config, home)
    sources = [source for source in settings.sources if name in (None, source.name)]
    if not sources:
        raise fail(
            f"there is no source {name}; {settings.config_path} has {', '.join(s.name for s in settings.sources)}"
        )
    has_error = False
    for source in sources:
        sample = sample_source(settings, source, with_preview=True)
        typer.secho(f"{source.name} ({source.format}): {settings.source_pattern(source)}", bold=True)
        if not sample.n_files:
            has_error = True
            typer.secho("  no file with content matches its path", fg=typer.colors.RED)
        _print_lines(_describe_sample(sample))
        findings = describe_sample(source, sample, settings.cleaning.max_rejected_rate)
        for level, text in findings:
            typer.secho(f"  {level}: {text}", fg=typer.colors.RED if level == "error" else typer.colors.YELLOW)
        has_error |= any(level == "error" for level, _ in findings)
    if has_error:
        raise typer.Exit(2)


def _print_lines(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)


def _describe(found: Recognised) -> Iterator[str]:
    more = f" and {len(found.paths) - 1:,} more like it" if len(found.paths) > 1 else ""
    yield typer.style(f"{found.paths[0]}{more}", bold=True)
    if found.problem or not found.guess or not found.beginning:
        yield f"  {found.problem or 'no format reads it'}"
        return
    layout = found.beginning.layout
    kind = {"json_lines": "JSON lines", "parquet": "Parquet"}.get(layout.kind)
    kind = kind or f"delimited text, {layout.delimiter!r} between columns"
    if found.guess.missing:
        yield f"  {kind}; not a source as it is: no column was recognised as {found.guess.missing}"
        if layout.columns:
            yield f"  columns: {_visible(', '.join(layout.columns))}"
        if len(layout.columns) == 1:
            yield "  it is one column: if others are aligned by spaces, convert the file, as with `tr -s ' ' ','`"
        return
    yield f"  {kind}; format: {found.guess.format}"
    for theirs, ours in _taken(found):
        yield f"  {theirs} → {ours}"
    yield from (f"  check: {note}" for note in found.guess.notes)
    if found.sample:
        yield from _describe_sample(found.sample)


def _taken(found: Recognised) -> list[tuple[str, str]]:
    columns = found.guess.keys.get("columns", {}) if found.guess else {}
    return [(str(theirs), ours) for ours, theirs in columns.items()]


def _describe_sample(sample: Sample) -> Iterator[str]:
    if not sample.n_lines:
        return
    refused = f", {sample.n_rejected:,} rejected ({sample.described_reasons})" if sample.n_rejected else ""
    yield f"  of {sample.n_lines:,} sampled lines, {sample.n_lines - sample.n_rejected:,} would be loaded{refused}"
    if preview := sample.preview:
        yield f"  from {preview.first_at:%Y-%m-%d %H:%M:%S} to {preview.last_at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"  {preview.n_users:,} user ids, {preview.n_anonymous:,} anonymous ids"
        names = [f"{event} {n:,}" for event, n in preview.event_names.items()]
        more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        yield f"  events: {', '.join(names[:_SHOWN_NAMES])}{more}"
        for row in preview.rows:
            values = (f"{name}={value}" for name, value in zip(preview.columns, row, strict=True) if value is not None)
            yield f"    {_visible(', '.join(values))}"
    for line in sample.rejected:
        yield f"  {line.reason} in line {line.line_number:,} of {line.file}: {_visible(line.raw_line)}"


def _visible(text: str) -> str:
    """On one line, and with nothing that a terminal would obey: strangers wrote the data."""
    from pipeline.cli.formats import visible

    shown = visible(text)
    return shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"
