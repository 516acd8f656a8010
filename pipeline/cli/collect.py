"""`growthhouse collect`: the options of the event collector. Not here: what it does (`collector/`)."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, quote_command, read_settings


def collect(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="Where to listen. Default: collector.host, 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0: any free one. Default: collector.port, 8000.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer requests.")] = 1,
) -> None:
    """Take events by HTTP and keep them in data/raw, where the next night reads them.

    An event is on disk before it is acknowledged. SIGTERM or Ctrl-C ends the collector after the last request.

    Exit codes: 0 ended by a signal; 2 wrong configuration, or a port or folder that cannot be used.
    """
    from collector.files import write_canary
    from collector.policy import read_policy
    from collector.serve import NotStarted, listen, serve
    from pipeline.settings import ConfigError

    settings = read_settings(config, home, with_formats=False)  # it reads no source, and starts without DuckDB
    address = host or settings.collector.host
    try:
        policy = read_policy(settings, address)
    except ConfigError as error:
        raise fail(str(error)) from error
    raw = settings.data_dir / "raw"
    try:
        write_canary(raw, "start")
    except OSError as error:
        raise fail(f"{raw} cannot be written: {error.strerror or error}; make it a folder of this user") from error
    try:
        opened = listen(address, settings.collector.port if port is None else port)
    except OSError as error:
        raise fail(f"cannot listen on {address}: {error.strerror or error}; choose another --host or --port") from error
    with opened:
        shown = f"[{address}]" if ":" in address else address
        typer.echo(f"events are taken at http://{shown}:{opened.getsockname()[1]}{settings.collector.path}")
        folders = ", ".join(f"data/raw/{source}" for source in policy.sources)
        typer.echo(f"and kept in {folders} of {settings.home}; {quote_command('run', config, home)} loads them")
        try:
            serve(opened, address, workers)
        except NotStarted as error:
            raise fail(str(error)) from error
