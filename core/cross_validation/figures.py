"""What the heads of a cross-validation come to: figures with their intervals, and the sentence on them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.stats.fold_interval import corrected_t, counting_variance, within
from core.stats.percent import percent

if TYPE_CHECKING:
    from core.store.fold_records import CrossValidationResult, FoldFigures, FoldHead

METHOD = "corrected resampled t interval (Nadeau and Bengio 2003)"


def fold_figures(heads: "Sequence[FoldHead]", folds: int) -> "FoldFigures":
    """Accuracy, AUC and loss over all heads, each fold weighted by its images.

    The accuracy is over all images, averaged over the repeats. The AUC is the mean of the folds' own: scores of
    different heads are not on one scale, so no curve is drawn through all of them together.

    Args:
        heads: sequence. At least one.
        folds: int. How many there are in a repeat.
    """
    counts = [head["count"] for head in heads]
    accuracies = [head["accuracy"] for head in heads]
    share = sum(head["correct"] for head in heads) / sum(counts)
    with_area = [(head["auc"], head["count"]) for head in heads if head["auc"] is not None]
    losses = [(head["loss"], head["count"]) for head in heads if head["loss"] is not None]
    held_out = 1 / (folds - 1)
    found: FoldFigures = {
        "accuracy": share,
        "interval": None,
        "auc": _mean(with_area),
        "auc_interval": None,
        "loss": _mean(losses) if len(losses) == len(heads) else None,
    }
    if len(heads) > 1:
        images = round(sum(counts) / len(heads) * folds)
        least = counting_variance(share, images, folds)
        found["interval"] = within(corrected_t(accuracies, held_out, least, counts))
    areas = [area for area, _ in with_area]
    if len(set(areas)) > 1:
        found["auc_interval"] = within(corrected_t(areas, held_out, counts=[count for _, count in with_area]))
    return found


def describe(result: "CrossValidationResult") -> str:
    """The result in a sentence; empty before there are figures."""
    figures = result["figures"]
    if figures is None:
        return ""
    whole = result["folds"] * result["repeats"]
    times = "" if result["repeats"] == 1 else f", {result['repeats']} times"
    so_far = f"{len(result['heads'])} of {whole} heads so far"
    done = f"{result['folds']} folds{times}" if result["complete"] else so_far
    interval, area = figures["interval"], figures["auc"]
    around = f" (95 % CI {percent(interval[0])} to {percent(interval[1])})" if interval else ""
    auc = f", AUC {area:.3f}" if area is not None else ""
    right = f"{percent(figures['accuracy'])} of {result['images']:,} images are classified correctly"
    return f"{right}{around}{auc}; {done}."


def notes(result: "CrossValidationResult") -> list[str]:
    """What is to be known beside the figures, as sentences."""
    said = []
    if result["parted"]:
        groups = "one group" if result["parted"] == 1 else f"{result['parted']} groups"
        said.append(
            f"The folds of the dataset divide {groups} of images that belong together (one patient, or duplicates), "
            "so the figures may be too good; use --folds 5 for folds that keep them together."
        )
    if result["inner_validation"]:
        said.append(
            "Part of the training images of each fold was used to choose the last epoch, as the settings use the "
            "validation loss; the fold itself was evaluated once."
        )
    if result["test_images"]:
        said.append(f"The {result['test_images']:,} images of the test part were left out.")
    return said


def _mean(pairs: "Sequence[tuple[float | None, int]]") -> float | None:
    total = sum(count for _, count in pairs)
    return sum((value or 0.0) * count for value, count in pairs) / total if total else None
