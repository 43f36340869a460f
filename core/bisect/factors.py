"""Factors of a bisect: settings in which two runs differ, without those that provably change nothing.

A frozen run is the same training whether it is called bottleneck or end to end, and whether it is executed literally
or on cached features: every such trial of a bisect is trained on cached features. A head that is a list is one factor:
layers of two lists do not pair off, so there is no mixture of them that either run has; where one of two runs has a
list, the other's short form is written as the list that it stands for.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.bisect.ends import DATASET, SPLIT, End, images_of
from core.bisect.idle import idle_reason
from core.checks.effects import without_effect_in_both
from core.config import HEAD, SHORT_FORM, RunConfig, make_config
from core.data.changes import data_changes
from core.errors import DataError, RunError
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.run_records import Manifest

# Most likely first: the search tries them in this order and ends with the first that explains all.
_LIKELY = (
    *("data.shuffle", "data.preprocessing", "training.learning_rate", "training.unfreeze_from", "model.weights"),
    *("data.augmentation", "data.augmentation_draws", "training.optimizer", DATASET, "training.epochs"),
    *("model.backbone", "training.mode", "data.fit", "data.window"),
)

_FEW_CHARACTERS = 80
"""Of the names of classes in a sentence; more of them are counted."""


@dataclass(frozen=True)
class Factors:
    """What there is to search through between two runs.

    Attributes:
        a: End. The first run.
        b: End. The second run.
        keys: tuple of str. Settings that differ and may matter, the likeliest culprits first.
        skipped: dict. Key to the reason why it changes nothing.
    """

    a: End
    b: End
    keys: tuple[str, ...]
    skipped: dict[str, str] = field(default_factory=dict)
    _mixed: dict[frozenset[str], RunConfig] = field(default_factory=dict, compare=False, repr=False)

    def config(self, from_b: frozenset[str], seed: int, name: str = "") -> RunConfig:
        """The first run's configuration with some of the second's values, and a training seed."""
        if from_b not in self._mixed:
            one, other = self.a.values, self.b.values
            values = {key: (other if key in from_b else one)[key] for key in one}
            # What is skipped changes nothing: one choice for all trials, so that equal trials have equal
            # configurations.
            self._mixed[from_b] = make_config(str(values.pop(DATASET)), values)
        mixed = self._mixed[from_b]
        return dataclasses.replace(mixed, name=name, training=dataclasses.replace(mixed.training, seed=seed))


def require_same_images(factors: Factors, config: RunConfig, now: "Manifest | None") -> None:
    """Refuses a trial whose dataset is no longer the one of the run that has read it in the same way.

    Args:
        factors: Factors.
        config: RunConfig. The trial's.
        now: Manifest or None. What the trial was trained on, where that is known.

    Raises:
        DataError: images, labels or classes have changed since.
    """
    values = {DATASET: config.dataset, **config.settings()}
    for end in (factors.a, factors.b):
        if now is None or any(values[key] != end.values[key] for key in (DATASET, *SPLIT, "data.positive_class")):
            continue
        if changes := data_changes(end.manifest, now):
            raise DataError(
                f"The images in {config.dataset} have changed since the two runs were trained: {changes}. Put them "
                "back as they were, or train both again."
            )


def find_factors(a: Run, b: Run) -> Factors:
    """Compares two runs' configurations and manifests.

    Raises:
        RunError: a run cannot be read, has no epochs, or the two cannot be held against each other.
    """
    for run in (a, b):
        run.require_own("no trial can be trained with its settings")
    ends = _in_one_form([_end(run) for run in (a, b)])
    _require_comparable(a, b, ends[0], ends[1])
    both_frozen = all(end.config.training.is_frozen for end in ends)
    values = [end.values for end in ends]
    original = [run.config() for run in (a, b)]
    differing = [key for key in values[0] if values[0][key] != values[1][key]]
    skipped = _renamed(original[0], original[1], both_frozen=both_frozen)
    idle = without_effect_in_both(ends[0].config.training, ends[1].config.training)
    for key in differing:
        reason = idle.get(key) or idle_reason(key, ends[0], ends[1], differing)
        if reason:
            skipped[key] = reason
    keys = sorted((key for key in differing if key not in skipped), key=_likelihood)
    return Factors(ends[0], ends[1], tuple(keys), skipped)


def _end(run: Run) -> End:
    config, manifest = run.config(), run.manifest()
    if manifest is None or not run.epochs():
        raise RunError(f"{run.named()} has not finished an epoch, so there is nothing to explain; train it first")
    training = config.training
    # End to end with nothing unfrozen is what bottleneck is, and it may be combined with `unfreeze_from`.
    mode = "end_to_end" if training.mode == "bottleneck" else training.mode
    training = dataclasses.replace(training, mode=mode, literal=False)
    return End(dataclasses.replace(config, training=training), manifest)


def _in_one_form(ends: list[End]) -> list[End]:
    """Both heads as lists where one of them is one."""
    if not any(end.config.model.head for end in ends):
        return ends
    heads = [dataclasses.replace(end.config.model, head=end.config.model.whole_head.text()) for end in ends]
    return [
        dataclasses.replace(end, config=dataclasses.replace(end.config, model=model))
        for end, model in zip(ends, heads, strict=True)
    ]


def _require_comparable(a: Run, b: Run, one: End, two: End) -> None:
    if a.id == b.id:
        raise RunError(f"{a.named()} is compared with itself; give two runs")
    classes = [set(end.manifest.classes) for end in (one, two)]
    if classes[0] != classes[1]:
        raise RunError(
            f"{a.named()} and {b.named()} have different classes ({_in_short(*classes)}), so their difference "
            "cannot be explained; choose two runs with the same classes"
        )
    same_reading = all(one.values[key] == two.values[key] for key in (DATASET, *SPLIT))
    if same_reading and images_of(one) != images_of(two):
        raise RunError(
            f"the images in {one.config.dataset} have changed between {a.named()} and {b.named()}, so the earlier one "
            "cannot be repeated; train both again"
        )


def _in_short(one: set[str], other: set[str]) -> str:
    """The classes of two runs, by name where that is short, else how many there are."""
    names = "; ".join(", ".join(sorted(classes)) for classes in (one, other))
    if len(names) <= _FEW_CHARACTERS:
        return names
    return f"{len(one)} and {len(other)} classes, {len(one & other)} in common"


def _renamed(a: RunConfig, b: RunConfig, *, both_frozen: bool) -> dict[str, str]:
    """Differences that vanish when both ends are written in the same words."""
    skipped = {}
    if a.name != b.name:
        skipped["name"] = "a name changes nothing"
    if a.model.whole_head == b.model.whole_head:
        same = "the short form and the list describe the same layers"
        keys = (key for key in (HEAD, *SHORT_FORM) if a.settings()[key] != b.settings()[key])
        skipped |= dict.fromkeys(keys, same)
    elif bool(a.model.head) != bool(b.model.head):
        keys = (key for key in SHORT_FORM if a.settings()[key] != b.settings()[key])
        skipped |= dict.fromkeys(keys, f"it is part of {HEAD}: a head that is a list is one factor")
    if a.training.mode != b.training.mode and "fine_tune" not in (a.training.mode, b.training.mode):
        skipped["training.mode"] = (
            "both backbones are frozen: cached features and a full pass are the same training"
            if both_frozen
            else "bottleneck equals a full pass with nothing unfrozen; the difference is in training.unfreeze_from"
        )
    if a.training.literal != b.training.literal:
        rounded = "float16" in (a.training.feature_precision, b.training.feature_precision)
        skipped["training.literal"] = (
            "it decides how a frozen run is executed; its only effect is the rounding of features to float16 (0.003)"
            if rounded
            else "it decides how a frozen run is executed, not its result"
        )
    return skipped


def _likelihood(key: str) -> int:
    return _LIKELY.index(key) if key in _LIKELY else len(_LIKELY)
