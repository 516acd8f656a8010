"""Names, texts and files inside the text of an SQL statement, where a parameter is not allowed.

Belongs here: quoting. Does not belong here: statements. Wherever DuckDB takes a parameter, that is the better way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def quote(text: object) -> str:
    """An SQL string literal.

    >>> quote("Mary's")
    "'Mary''s'"
    """
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """An SQL identifier.

    >>> identifier('5" disk')
    '"5"" disk"'
    """
    return '"' + name.replace('"', '""') + '"'


def file_list(paths: Iterable[Path]) -> str:
    """An SQL list of files, each taken as it is named and not as a pattern.

    >>> file_list([Path("raw/[x].csv")])
    "['raw/[[]x].csv']"
    """
    return "[" + ", ".join(quote(re.sub(r"([*?\[])", r"[\1]", str(path))) for path in paths) + "]"
