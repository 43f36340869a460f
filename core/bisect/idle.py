"""Why a setting in which two runs differ changes nothing between them, where that can be proved."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.bisect.ends import DATASET, SPLIT, End, images_of
from core.data.order import draw_of_epoch
from core.models.unfreezing import stages

if TYPE_CHECKING:
    from core.store.run_records import ImageRecord

Reason = Callable[[End, End, list[str]], str]
"""Why a setting that differs changes nothing; empty where it may matter. The third argument: all keys that differ."""


def idle_reason(key: str, a: End, b: End, differing: list[str]) -> str:
    """Why a setting that differs between two ends changes nothing; empty where it may matter.

    Args:
        key: str. The setting.
        a: End. One end, like `b`.
        differing: list of str. All settings that differ.
    """
    return _REASONS[key](a, b, differing) if key in _REASONS else ""


def _dataset(a: End, b: End, differing: list[str]) -> str:
    return "" if images_of(a) != images_of(b) else "the two folders hold the same images in the same order"


def _fit(a: End, b: End, differing: list[str]) -> str:
    """Bars and crops are of images that are wider or higher; of old runs that do not say, nothing is known."""
    square = all(file.get("width") and file.get("width") == file.get("height") for file in _files(a, b))
    return "all images are square" if square else ""


def _files(a: End, b: End) -> "list[ImageRecord]":
    return [file for end in (a, b) for part in ("train", "val") for file in end.manifest.part(part)]


def _window(a: End, b: End, differing: list[str]) -> str:
    """Windows apply to grey of more than 8 bits; of old runs that do not say, nothing is known."""
    flat = all(file.get("mode") and not str(file["mode"]).startswith("I") for file in _files(a, b))
    return "no image has more than 8 bits" if flat else ""


def _window_ends(a: End, b: End, differing: list[str]) -> str:
    fixed = any(end.config.data.window == "fixed" for end in (a, b))
    return _window(a, b, differing) if fixed else "neither run has a fixed window"


def _seed(a: End, b: End, differing: list[str]) -> str:
    return "it is random variation, measured by the repeats with other training seeds"


def _drop_remainder(a: End, b: End, differing: list[str]) -> str:
    counts, sizes = {a.count("train"), b.count("train")}, {a.config.data.batch_size, b.config.data.batch_size}
    resplit = not (a.split_on_disk and b.split_on_disk) and any(key in differing for key in (DATASET, *SPLIT))
    if resplit or any(count % size for count in counts for size in sizes):
        return ""
    return f"there is no partial batch: {_either(counts)} images fill batches of {_either(sizes)}"


def _draws(a: End, b: End, differing: list[str]) -> str:
    kinds = {end.config.data.augmentation for end in (a, b)}
    if kinds == {"none"}:
        return "there is no augmentation"
    epochs = _most_epochs(a, b)
    draws = [
        [draw_of_epoch(epoch, "any", end.config.data.augmentation_draws) for epoch in range(epochs)] for end in (a, b)
    ]
    return "every epoch uses the same version of each image" if draws[0] == draws[1] else ""


def _most_epochs(a: End, b: End) -> int:
    """Of any mixture of the two runs' settings."""
    trainings = [end.config.training for end in (a, b)]
    stages, each = max(t.finetune_stages for t in trainings), max(t.finetune_epochs for t in trainings)
    return max(t.epochs for t in trainings) + (stages * each if not _finetune(a, b, []) else 0)


def _split(a: End, b: End, differing: list[str]) -> str:
    return "the folder is split on disk" if a.split_on_disk and b.split_on_disk else ""


def _data_seed(a: End, b: End, differing: list[str]) -> str:
    quiet = all(
        end.split_on_disk
        and end.config.data.augmentation == "none"
        and end.config.model.weights == "imagenet"
        and not end.config.training.mixup
        for end in (a, b)
    )
    return "the folder is split on disk, there is no augmentation, and the backbone is pretrained" if quiet else ""


def _finetune(a: End, b: End, differing: list[str]) -> str:
    return "" if "fine_tune" in (a.config.training.mode, b.config.training.mode) else "neither run is fine-tuned"


def _block_rates(a: End, b: End, differing: list[str]) -> str:
    """With one block trained there is none below that could have another rate."""
    counts = [stage.count for end in (a, b) for stage in stages(end.config)]
    return _finetune(a, b, differing) or ("only the last block is trained" if max(counts) == 1 else "")


def _val_loss(a: End, b: End, differing: list[str]) -> str:
    """Of what is measured, the saved model, only those that go by it decide anything."""
    trainings = [end.config.training for end in (a, b)]
    heeded = any(training.early_stopping or training.reduce_on_plateau for training in trainings)
    return "" if heeded else "neither early stopping nor “Reduce LR on plateau” uses it"


def _class_weight(a: End, b: End, differing: list[str]) -> str:
    equal = _spread(a, differing) == 0
    return "the classes are of equal size, so every weight is 1" if equal else ""


def _sampling(a: End, b: End, differing: list[str]) -> str:
    spread = _spread(a, differing)
    balanced = spread is not None and spread <= 1
    return "the classes are of equal size, so either way each image is used once per epoch" if balanced else ""


def _spread(a: End, differing: list[str]) -> int | None:
    """Training images of the largest class minus those of the smallest; None where the two ends may differ in them."""
    if DATASET in differing or (not a.split_on_disk and any(key in differing for key in SPLIT)):
        return None
    counts = Counter(file["label"] for file in a.manifest.train)
    return max(counts.values()) - min(counts.values()) if counts else None


_REASONS: dict[str, Reason] = {
    DATASET: _dataset,
    "data.fit": _fit,
    "data.window": _window,
    "data.window_low": _window_ends,
    "data.window_high": _window_ends,
    "training.seed": _seed,
    "data.drop_remainder": _drop_remainder,
    "data.sampling": _sampling,
    "data.augmentation_draws": _draws,
    "data.validation_split": _split,
    "data.group_pattern": _split,
    "data.seed": _data_seed,
    "training.finetune_stages": _finetune,
    "training.finetune_epochs": _finetune,
    "training.finetune_learning_rate": _finetune,
    "training.block_rate_factor": _block_rates,
    "training.class_weight": _class_weight,
    "training.val_loss": _val_loss,
}


def _either(numbers: set[int]) -> str:
    return " or ".join(str(number) for number in sorted(numbers))
