"""The beginning of some files of a source, read as a night would read them, and nothing kept.

For `growthhouse doctor` and `growthhouse sources`. Not here: reading (read.py), and advice on anything but sources
(`pipeline.operate.doctor`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipeline.home.calendar import naive_utc
from pipeline.home.error_advice import is_full
from pipeline.ingest import warnings
from pipeline.ingest.beginning import copy_beginning
from pipeline.ingest.lake.files import Staging
from pipeline.ingest.late import LateRule
from pipeline.ingest.plan import RawFile, layout_of
from pipeline.ingest.present import shown_path
from pipeline.ingest.preview import Preview, RejectedLine, first_rejected, preview_events
from pipeline.ingest.pseudonyms import privacy_filter
from pipeline.ingest.read import BatchReader, connect
from pipeline.ingest.text.inspect import inspect_file
from pipeline.ingest.text.unpack import ExpandsTooFar
from pipeline.settings import Settings, Source

_N_FILES = 3


@dataclass
class Sample:
    """What was found in the sampled files of one source."""

    n_files: int = 0
    n_lines: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    file_problems: list[str] = field(default_factory=list)  # of files that are not what the source says
    warnings: list[str] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)  # the first few of each reason
    preview: Preview | None = None  # where events were accepted

    @property
    def n_rejected(self) -> int:
        """Sampled lines that a night would reject."""
        return self.reasons.total()

    @property
    def described_reasons(self) -> str:
        """`bad_timestamp 12, bad_json 3`, the most frequent first."""
        return ", ".join(f"{reason} {n:,}" for reason, n in self.reasons.most_common())


def sample_source(
    settings: Settings, source: Source, files: list[Path] | None = None, with_preview: bool = False
) -> Sample:
    """Read the beginning of the newest, the oldest and the largest file; only a temporary folder is written to.

    `files`: those to choose from, instead of the source's own. `with_preview`: the first events and rejects, too.
    """
    sample = Sample()
    with TemporaryDirectory(prefix="growthhouse-") as folder:
        scratch, privacy = Path(folder), privacy_filter(settings)
        (scratch / "staged").mkdir()
        con = connect(scratch / "spill")
        try:
            privacy.install(con)
            reader = BatchReader(
                con, settings, source, naive_utc(datetime.now(UTC)), Staging(scratch / "staged"), privacy
            )
            for path in _chosen(settings.source_files(source) if files is None else files):
                sample.n_files += 1
                _sample_file(reader, path, scratch / f"sample-{sample.n_files}", sample)
            sample.warnings += warnings.of_empty_columns(source, reader.n_accepted, reader.filled_columns)
            if with_preview:
                sample.preview = preview_events(con, scratch / "staged")
                sample.rejected = first_rejected(con, scratch / "staged")
        finally:
            con.close()
    return sample


def _chosen(files: list[Path]) -> list[Path]:
    sizes = {path: path.stat() for path in files if path.exists()}
    filled = [path for path, stat in sizes.items() if stat.st_size]
    by_time = sorted(filled, key=lambda path: sizes[path].st_mtime_ns)
    largest = sorted(filled, key=lambda path: sizes[path].st_size)
    return list(dict.fromkeys([*by_time[-1:], *by_time[:1], *largest[-1:]]))[:_N_FILES]


def _sample_file(reader: BatchReader, path: Path, target: Path, sample: Sample) -> None:
    name = shown_path(reader.settings.home, path)
    try:
        copy_beginning(reader.con, path, target)
    except ExpandsTooFar as error:
        sample.file_problems.append(f"{name} {error.why}")
        return
    except (OSError, duckdb.Error) as error:
        if is_full(str(error)):
            sample.warnings.append(f"no sample of {name} could be taken: {target.parent} has no room; set TMPDIR")
            return
        sample.file_problems.append(f"{name} cannot be read: {getattr(error, 'strerror', None) or str(error)}")
        return
    found = inspect_file(target, reader.settings.cleaning.max_line_bytes)
    layout, problem = layout_of(reader.con, reader.source, target, name, found)
    if problem:
        sample.file_problems.append(f"{name} {problem}")
        return
    if layout.kind == "none":
        return
    stat = target.stat()
    file = RawFile(
        path=target,
        file=name,
        size_bytes=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        ctime_ns=stat.st_ctime_ns,
        is_settled=True,
        inspection=found,
        file_id=target.name,
        layout=layout,
        late_rule=LateRule(),
    )
    (counts,) = reader.read([file])
    if counts.refusal:
        sample.file_problems.append(f"{name} cannot be read: {counts.refusal}")
        return
    sample.n_lines += counts.n_accepted + counts.n_rejected
    sample.reasons.update(counts.reasons)


def describe_sample(source: Source, sample: Sample, max_rejected_rate: float) -> list[tuple[str, str]]:
    """Levels (warn, error) and sentences about a sample; none where a night would read it well."""
    name = f"source {source.name}"
    level = "error" if len(sample.file_problems) == sample.n_files else "warn"
    found = [(level, f"{name}: {problem}") for problem in sample.file_problems]
    if sample.n_lines and sample.n_rejected > max_rejected_rate * sample.n_lines:
        found.append(
            (
                "error",
                f"{name}: {sample.n_rejected:,} of {sample.n_lines:,} lines of a sample would be rejected "
                f"({sample.described_reasons}), more than cleaning.max_rejected_rate allows; correct the source in "
                "growth.yaml, or the files",
            )
        )
    return found + [("warn", text) for text in sample.warnings]
