"""Factors of a bisect: settings in which two runs differ, without those that provably change nothing.

A frozen run is the same training whether it is called bottleneck or end to end, and whether it is executed literally
or on cached features: every such trial of a bisect is trained on cached features. A head that is a list is one factor:
layers of two lists do not pair off, so there is no mixture of them that either run has; where one of two runs has a
list, the other's short form is written as the list that it stands for.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.checks.effects import without_effect_in_both
from core.config import HEAD, SHORT_FORM, RunConfig, make_config
from core.data.order import draw_of_epoch
from core.errors import RunError
from core.models.unfreezing import stages
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.run_records import Manifest

DATASET = "dataset"
"""Stands for the data set among the keys of settings."""

# Most likely first: the search tries them in this order and ends with the first that explains all.
_LIKELY = (
    *("data.shuffle", "data.preprocessing", "training.learning_rate", "training.unfreeze_from", "model.weights"),
    *("data.augmentation", "data.augmentation_draws", "training.optimizer", DATASET, "training.epochs"),
    *("model.backbone", "training.mode", "data.fit", "data.window"),
)


@dataclass(frozen=True)
class End:
    """One end of a bisect.

    Attributes:
        config: RunConfig. As its trials are trained: frozen runs on cached features.
        manifest: Manifest. The images it was trained on, as the run keeps them.
    """

    config: RunConfig
    manifest: "Manifest"

    @property
    def values(self) -> dict[str, Any]:
        """Its settings and its data set by key."""
        return {DATASET: self.config.dataset, **self.config.settings()}

    def count(self, part: str) -> int:
        """Images in `train` or `val`."""
        return len(self.manifest.part(part))

    @property
    def split_on_disk(self) -> bool:
        """Whether the folder itself says what is for training."""
        return any(file.get("split") for file in self.manifest.train)


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
        reason = idle.get(key) or _REASONS.get(key, _matters)(ends[0], ends[1], differing)
        if reason:
            skipped[key] = reason
    keys = sorted((key for key in differing if key not in skipped), key=_likelihood)
    return Factors(ends[0], ends[1], tuple(keys), skipped)


def _end(run: Run) -> End:
    config, manifest = run.config(), run.manifest()
    if manifest is None or not run.epochs():
        raise RunError(f"run {run.id} has not finished an epoch, so there is nothing to explain; train it first")
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
        raise RunError(f"run {a.id} is compared with itself; give two runs")
    classes = [", ".join(end.manifest.classes) for end in (one, two)]
    if classes[0] != classes[1]:
        raise RunError(
            f"runs {a.id} and {b.id} tell different classes apart ({classes[0]}; {classes[1]}), so their results "
            "cannot be explained by each other; choose two runs on the same classes"
        )
    same_reading = all(one.values[key] == two.values[key] for key in (DATASET, *_SPLIT))
    if same_reading and _images(one) != _images(two):
        raise RunError(
            f"the images in {one.config.dataset} have changed between runs {a.id} and {b.id}, so the earlier one "
            "cannot be repeated; train both again"
        )


def _images(end: End) -> list[tuple[str, str, str]]:
    listed = [(part, file) for part in ("train", "val") for file in end.manifest.part(part)]
    return [(part, file["label"], file.get("sha256", "")) for part, file in listed]


def _renamed(a: RunConfig, b: RunConfig, *, both_frozen: bool) -> dict[str, str]:
    """Differences that vanish when both ends are written in the same words."""
    skipped = {}
    if a.name != b.name:
        skipped["name"] = "a name changes nothing"
    if a.model.whole_head == b.model.whole_head:
        same = "the short form stands for the same layers as the list"
        keys = (key for key in (HEAD, *SHORT_FORM) if a.settings()[key] != b.settings()[key])
        skipped |= dict.fromkeys(keys, same)
    elif bool(a.model.head) != bool(b.model.head):
        keys = (key for key in SHORT_FORM if a.settings()[key] != b.settings()[key])
        skipped |= dict.fromkeys(keys, f"it is part of {HEAD}: a head that is a list is one factor")
    if a.training.mode != b.training.mode and "fine_tune" not in (a.training.mode, b.training.mode):
        skipped["training.mode"] = (
            "both backbones are frozen: cached features and end to end are the same training"
            if both_frozen
            else "bottleneck is end to end with nothing unfrozen; training.unfreeze_from says what differs"
        )
    if a.training.literal != b.training.literal:
        rounded = "float16" in (a.training.feature_precision, b.training.feature_precision)
        skipped["training.literal"] = (
            "it decides how a frozen run is executed; only the rounding of its features to float16 (0.003) goes with it"
            if rounded
            else "it decides how a frozen run is executed, not what comes out"
        )
    return skipped


Reason = Callable[[End, End, list[str]], str]
"""Why a setting that differs changes nothing; empty where it may matter. The third argument: all keys that differ."""


def _matters(a: End, b: End, differing: list[str]) -> str:
    return ""


def _dataset(a: End, b: End, differing: list[str]) -> str:
    return "" if _images(a) != _images(b) else "the two folders hold the same images in the same order"


def _fit(a: End, b: End, differing: list[str]) -> str:
    """Bars and crops are of images that are wider or higher; of old runs that do not say, nothing is known."""
    files = [file for end in (a, b) for part in ("train", "val") for file in end.manifest.part(part)]
    square = all(file.get("width") and file.get("width") == file.get("height") for file in files)
    return "all images are square" if square else ""


def _window(a: End, b: End, differing: list[str]) -> str:
    """Windows apply to grey of more than 8 bits; of old runs that do not say, nothing is known."""
    files = [file for end in (a, b) for part in ("train", "val") for file in end.manifest.part(part)]
    flat = all(file.get("mode") and not str(file["mode"]).startswith("I") for file in files)
    return "no image has more than 8 bits" if flat else ""


def _window_ends(a: End, b: End, differing: list[str]) -> str:
    fixed = any(end.config.data.window == "fixed" for end in (a, b))
    return _window(a, b, differing) if fixed else "neither run has a fixed window"


def _seed(a: End, b: End, differing: list[str]) -> str:
    return "it is chance: the repeats with other training seeds measure what it does"


def _drop_remainder(a: End, b: End, differing: list[str]) -> str:
    counts, sizes = {a.count("train"), b.count("train")}, {a.config.data.batch_size, b.config.data.batch_size}
    resplit = not (a.split_on_disk and b.split_on_disk) and any(key in differing for key in (DATASET, *_SPLIT))
    if resplit or any(count % size for count in counts for size in sizes):
        return ""
    return f"there is no tail: {_either(counts)} images fill batches of {_either(sizes)}"


def _draws(a: End, b: End, differing: list[str]) -> str:
    kinds = {end.config.data.augmentation for end in (a, b)}
    if kinds == {"none"}:
        return "there is no augmentation"
    epochs = _most_epochs(a, b)
    draws = [
        [draw_of_epoch(epoch, "any", end.config.data.augmentation_draws) for epoch in range(epochs)] for end in (a, b)
    ]
    return "every epoch sees the same version of each image" if draws[0] == draws[1] else ""


def _most_epochs(a: End, b: End) -> int:
    """Of any mixture of the two runs' settings."""
    trainings = [end.config.training for end in (a, b)]
    stages, each = max(t.finetune_stages for t in trainings), max(t.finetune_epochs for t in trainings)
    return max(t.epochs for t in trainings) + (stages * each if not _finetune(a, b, []) else 0)


def _split(a: End, b: End, differing: list[str]) -> str:
    return "the folder is split on disk" if a.split_on_disk and b.split_on_disk else ""


def _data_seed(a: End, b: End, differing: list[str]) -> str:
    quiet = all(
        end.split_on_disk and end.config.data.augmentation == "none" and end.config.model.weights == "imagenet"
        for end in (a, b)
    )
    return (
        "the folder is split on disk, there is no augmentation, and the backbone's weights are given" if quiet else ""
    )


def _finetune(a: End, b: End, differing: list[str]) -> str:
    return "" if "fine_tune" in (a.config.training.mode, b.config.training.mode) else "neither run is fine-tuned"


def _block_rates(a: End, b: End, differing: list[str]) -> str:
    """With one block trained there is none below that could have another rate."""
    counts = [stage.count for end in (a, b) for stage in stages(end.config)]
    return _finetune(a, b, differing) or ("only the uppermost block is trained" if max(counts) == 1 else "")


def _class_weight(a: End, b: End, differing: list[str]) -> str:
    if DATASET in differing or (not a.split_on_disk and any(key in differing for key in _SPLIT)):
        return ""
    counts: dict[str, int] = {}
    for file in a.manifest.train:
        counts[file["label"]] = counts.get(file["label"], 0) + 1
    return "the classes are of equal size, so every weight is 1" if len(set(counts.values())) == 1 else ""


_SPLIT = ("data.validation_split", "data.group_pattern", "data.seed")

_REASONS: dict[str, Reason] = {
    DATASET: _dataset,
    "data.fit": _fit,
    "data.window": _window,
    "data.window_low": _window_ends,
    "data.window_high": _window_ends,
    "training.seed": _seed,
    "data.drop_remainder": _drop_remainder,
    "data.augmentation_draws": _draws,
    "data.validation_split": _split,
    "data.group_pattern": _split,
    "data.seed": _data_seed,
    "training.finetune_stages": _finetune,
    "training.finetune_epochs": _finetune,
    "training.finetune_learning_rate": _finetune,
    "training.block_rate_factor": _block_rates,
    "training.class_weight": _class_weight,
}


def _likelihood(key: str) -> int:
    return _LIKELY.index(key) if key in _LIKELY else len(_LIKELY)


def _either(numbers: set[int]) -> str:
    return " or ".join(str(number) for number in sorted(numbers))
