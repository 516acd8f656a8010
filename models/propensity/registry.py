"""Which version of a model scores: the champion, its challengers, and rolling back.

Belongs here: the decision (a pure function), the record of decisions, rolling back. Does not belong here: training,
evaluation, the files of a version (see `artifacts`).

`<kind>/registry.json` is replaced as a whole after the version's own files are complete, so a night killed at any
moment leaves a registry that names only complete versions.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from models.common.artifacts import ArtifactError, read_card, write_file
from models.propensity.evaluation import Evaluation, beats, share_better

REGISTRY = "registry.json"
# A challenger need not be clearly better than the champion, which learned from older data: only not likely worse.
_NOT_WORSE_SHARE = 0.5
_MAX_DECISIONS = 200
_STARTED_AGAIN = "full refresh: decided again, without the champion of earlier nights"


@dataclass(frozen=True)
class Decision:
    """The outcome of a training: who scores from now on (`champion` None: the recency rule), and why.

    `training_key` and `data_digest` identify the training (both empty: a manual decision); `drifted` is what had
    drifted if that is why it took place.
    """

    challenger: str
    champion_before: str | None
    champion: str | None
    reason: str
    as_of: str = ""
    training_key: str = ""
    data_digest: str = ""
    drifted: str = ""


@dataclass(frozen=True)
class Registry:
    """The champion, versions that were rolled back and may not return, and the decisions, the newest last."""

    champion: str | None = None
    rejected: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = field(default_factory=tuple)

    def before(self, training_key: str, data_digest: str) -> "Registry":
        """As it was before the trainings of that key, where those were the latest.

        A repeated training decides the same. One on the same snapshots with other rows replaces the earlier one and is
        not compared with it, since a test must not choose twice.
        """
        champion, decisions = self.champion, self.decisions
        for decision in reversed(decisions):
            if decision.training_key != training_key:
                break
            champion = decision.champion_before
        if decisions and (decisions[-1].training_key, decisions[-1].data_digest) == (training_key, data_digest):
            decisions = decisions[:-1]
        return replace(self, champion=champion, decisions=decisions)

    @property
    def is_manual(self) -> bool:
        """Whether the latest decision was a manual one."""
        return bool(self.decisions) and not self.decisions[-1].training_key

    def drifted(self, training_key: str, data_digest: str) -> str:
        """What had drifted, if the latest decision is that training's and drift is why it took place, else ""."""
        latest = self.decisions[-1] if self.decisions else None
        if latest is None or (latest.training_key, latest.data_digest) != (training_key, data_digest):
            return ""
        return latest.drifted

    def decided(self, decision: Decision) -> "Registry":
        """With one more decision."""
        return replace(self, champion=decision.champion, decisions=(*self.decisions, decision)[-_MAX_DECISIONS:])

    def reason(self, training_key: str, data_digest: str) -> str | None:
        """Why the champion scores, if that training or a roll-back after it decided; None if neither did."""
        manual_reason = ""
        for decision in reversed(self.decisions):
            if (decision.training_key, decision.data_digest) == (training_key, data_digest):
                return manual_reason or decision.reason
            if decision.training_key:
                return None
            manual_reason = manual_reason or decision.reason
        return None


def should_promote(
    challenger: Evaluation,
    champion: Evaluation | None,
    baselines: Mapping[str, Evaluation],
    *,
    is_independent: bool = True,
    is_rejected: bool = False,
    is_flat: bool = False,
) -> tuple[bool, str]:
    """Whether the challenger takes over, and why (not); all were measured on the same later rows and resamples.

    It must clearly beat every baseline (see `evaluation.beats`) on a test whose labels overlap no training label
    (`is_independent`), must not have been rolled back, must distinguish persons (not `is_flat`, see `evaluation`), and
    must have a higher PR-AUC than the champion in at least half of the resamples.
    """
    if not is_independent:
        return False, "not promoted: snapshots are closer than the horizon, so the test is not independent"
    if is_rejected:
        return False, "not promoted: it was rolled back manually"
    unbeaten = [name for name, baseline in baselines.items() if not beats(challenger, baseline)]
    if unbeaten:
        return False, f"not promoted: on the test snapshot it does not clearly beat {' or '.join(unbeaten)}"
    if is_flat:
        return False, "not promoted: its scores hardly differ between persons"
    if champion is None:
        return True, "promoted: best on earlier snapshots and better than all baselines on the test snapshot"
    if share_better(challenger, champion) < _NOT_WORSE_SHARE:
        return False, "not promoted: the champion still ranks better on the test snapshot"
    return True, "promoted: better than all baselines and no worse than the champion on the test snapshot"


def still_serves(champion: Evaluation, baselines: Mapping[str, Evaluation]) -> bool:
    """Whether a champion that was not replaced keeps scoring: its PR-AUC is above that of every baseline."""
    return all(champion.values["pr_auc"] > baseline.values["pr_auc"] for baseline in baselines.values())


def read_registry(folder: Path) -> Registry:
    """The registry of a model's folder; an empty one where there is none. `ArtifactError` where it cannot be read."""
    path = folder / REGISTRY
    if not path.is_file():
        return Registry()
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        decisions = tuple(Decision(**one) for one in content["decisions"])
        return Registry(content["champion"], tuple(content["rejected"]), decisions)
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"the model registry {path} cannot be read: {error}") from error


def write_registry(folder: Path, registry: Registry) -> None:
    """Replace the registry of a model's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(registry), indent=1, sort_keys=True) + "\n"
    write_file(folder / REGISTRY, text.encode())


def roll_back(folder: Path, version: str | None = None) -> Registry:
    """Make an earlier version the champion again, by default the one before (without one: the recency rule).

    The version that is replaced may not return; one trained later may take over as usual. `ArtifactError` lists the
    versions to choose from if there is no such version or its files are damaged.
    """
    registry = read_registry(folder)
    target = version or _before(registry)
    if target == registry.champion:
        raise ArtifactError(f"{target or 'the recency rule'} already scores")
    if target is not None:
        _check_version(folder, target)
    rejected = [one for one in (*registry.rejected, registry.champion) if one and one != target]
    reason = f"chosen manually instead of {registry.champion or 'the recency rule'}"
    decision = Decision("", registry.champion, target, reason)
    registry = replace(registry.decided(decision), rejected=tuple(dict.fromkeys(rejected)))
    write_registry(folder, registry)
    return registry


def start_again(folder: Path) -> None:
    """Forget the champion, so that the next training decides as if it were the first; no version is removed.

    The decisions so far and the versions that were rolled back stay.
    """
    try:
        registry = read_registry(folder)
    except ArtifactError:  # the next training starts a new one
        return
    # Also without a champion, as a repeated training would go back to the one before it; once, if a night was killed.
    if registry.decisions and registry.decisions[-1].reason != _STARTED_AGAIN:
        write_registry(folder, registry.decided(Decision("", registry.champion, None, _STARTED_AGAIN)))


def _before(registry: Registry) -> str | None:
    """The latest champion other than today's that was not rolled back."""
    for decision in reversed(registry.decisions):
        for name in (decision.champion, decision.champion_before):
            if name and name != registry.champion and name not in registry.rejected:
                return name
    return None


def versions(folder: Path) -> dict[str, dict[str, Any]]:
    """The cards of a model's stored versions whose files are intact, by version."""
    found = {}
    for file in sorted(folder.glob("*/card.json")):
        try:
            card = read_card(file.parent)
        except ArtifactError:
            continue
        if card["files"]:
            found[file.parent.name] = card
    return found


def _check_version(folder: Path, version: str) -> None:
    known = versions(folder)
    if version not in known:
        raise ArtifactError(f"no intact version {version} in {folder}; there are: {', '.join(known) or 'none'}")
