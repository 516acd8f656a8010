"""scikit-learn estimators as skops archives: without pickle, and the same bytes for the same estimator."""

import io
import re
import zipfile
from typing import Any

from models.common.artifacts import ArtifactError

_TRUSTED = ["numpy.dtype"]  # the only type beyond skops' own safe list that our files hold; any other is refused
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def dump(estimator: Any) -> bytes:
    """The estimator as a reproducible archive."""
    import skops.io

    return stable_archive(skops.io.dumps(estimator))


def load(content: bytes) -> Any:
    """The estimator of an archive; `ArtifactError` where it holds types that are not trusted."""
    import skops.io

    unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(_TRUSTED))
    if unknown:
        raise ArtifactError(f"the model file holds types that are not trusted: {', '.join(unknown)}")
    return skops.io.loads(content, trusted=_TRUSTED)


def stable_archive(content: bytes) -> bytes:
    """The same archive with memory addresses renumbered and dates fixed.

    skops names nodes and files after `id(object)` and stamps the time, so two dumps of one model differ.
    """
    source = zipfile.ZipFile(io.BytesIO(content))
    schema = source.read("schema.json").decode()
    numbers: dict[str, str] = {}

    def renumber(match: re.Match[str]) -> str:
        old = match.group(2)
        numbers.setdefault(old, str(len(numbers) + 1))
        return f"{match.group(1)}{numbers[old]}{match.group(3)}"

    schema = re.sub(r'("__id__": |"file": ")(\d+)(\.npy"|\b)', renumber, schema)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        members = [name for name in source.namelist() if name != "schema.json"]
        renamed = {name: _renamed(name, numbers) for name in members}
        for name in sorted(members, key=lambda member: (len(renamed[member]), renamed[member])):
            _add(archive, renamed[name], source.read(name))
        _add(archive, "schema.json", schema.encode())
    return target.getvalue()


def _renamed(member: str, numbers: dict[str, str]) -> str:
    stem, dot, ending = member.partition(".")
    return numbers.get(stem, stem) + dot + ending


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _ZIP_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content, compresslevel=6)
