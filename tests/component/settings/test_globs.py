"""Globs: the same as Python's where no links lead in a circle, and an end where they do."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest

from pipeline.settings.globs import find_matches


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "a/x.jsonl",
        "a/b/x.jsonl",
        "a/b/[c]/y.csv",
        "a/.hidden/x.jsonl",
        "a/.x.jsonl",
        "d/b/z.jsonl",
        "e.csv",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    ["**/*.jsonl", "**", "a/**", "*/b/*.jsonl", "a/**/b/**/*", "**/b/**", "**/*", "none/**/*", "a/b/x.jsonl", "**/.x*"],
)
def test_a_glob_finds_what_python_finds(tree: Path, pattern: str) -> None:
    whole = os.path.join(glob.escape(str(tree)), pattern)
    expected = {Path(path) for path in glob.glob(whole, recursive=True)}
    assert {Path(path) for path in find_matches(whole)} == expected


def test_links_in_circles_end_and_give_each_file_once(tree: Path) -> None:
    (tree / "a" / "up").symlink_to(tree)
    (tree / "a" / "b" / "over").symlink_to(tree / "d")
    (tree / "d" / "back").symlink_to(tree / "a")
    (tree / "itself").symlink_to(tree / "itself")
    found = sorted(Path(path).relative_to(tree).as_posix() for path in find_matches(f"{tree}/**/*.jsonl"))
    assert found == ["a/b/x.jsonl", "a/x.jsonl", "d/b/z.jsonl"]


def test_a_folder_that_only_a_link_leads_to_is_entered(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    archive = tmp_path_factory.mktemp("archive")
    (archive / "days").mkdir()
    (archive / "days" / "w.jsonl").write_text("")
    (archive / "back").symlink_to(tree)
    for name in ("one", "two"):
        (tree / name).symlink_to(archive)
    found = {Path(path).relative_to(tree).as_posix() for path in find_matches(f"{tree}/**/w.jsonl")}
    assert found == {"one/days/w.jsonl"}
