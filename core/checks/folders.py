"""Checks of a dataset's layout: folders named like parts, a class in one part only, folders left out."""

from core.checks.context import NAMED, Context, named
from core.checks.finding import Finding
from core.data.part_names import is_part


def part_named_class(context: Context) -> Finding | None:
    """Classes are named like parts of a dataset: it may be learned which image is a training image."""
    classes = [name for name in context.dataset.classes if is_part(name)]
    if not classes:
        return None
    alone = len(classes) == 1
    return Finding(
        "part-named-class",
        "info" if alone else "warning",
        f"The {'class' if alone else 'classes'} {named(classes)} {'is' if alone else 'are'} named like a part of a "
        "dataset.",
        {"classes": classes[:NAMED]},
        "If these are parts, put class folders into each of them, or say how to read them by --layout or on the "
        "Dataset page.",
    )


def class_in_one_part(context: Context) -> Finding | None:
    """A class lies in one part only: not trained on it cannot be recognised, not held out it has no figure."""
    counts = {part: classes for part, classes in context.index.counts().items() if any(classes.values())}
    if context.index.layout != "splits" or len(counts) < 2:
        return None
    train = counts.get("train", {})
    unknown = [name for name in context.dataset.classes if not train.get(name) and _parts_with(counts, name)]
    unseen = [name for name in train if _parts_with(counts, name) == ["train"]] if not context.val else []
    if not unknown and not unseen:
        return None
    words = [f"{named(unknown)} {_are(unknown)} held out but never trained on"] * bool(unknown)
    words += [f"{named(unseen)} {_are(unseen)} in the training part only"] * bool(unseen)
    return Finding(
        "class-in-one-part",
        "warning",
        f"Of the classes, {' and '.join(words)}.",
        {"not_trained_on": unknown[:NAMED], "trained_on_only": unseen[:NAMED]},
        "Make sure that the folders of all parts have the same names; --layout or the Dataset page says how to read "
        "them.",
    )


def folders_left_out(context: Context) -> Finding | None:
    """Folders with images are not used: they have no labels, or lie beside the parts."""
    left_out = context.index.left_out
    if not left_out:
        return None
    folders = [path for path, _ in left_out]
    return Finding(
        "folders-left-out",
        "info",
        f"Not used: {'folder' if len(folders) == 1 else 'folders'} {named(folders)}.",
        {"folders": [list(item) for item in left_out[:NAMED]]},
        "If they are parts or classes, say how to read them by --layout or on the Dataset page.",
    )


def _parts_with(counts: dict[str, dict[str, int]], label: str) -> list[str]:
    return [part for part, classes in counts.items() if classes.get(label)]


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
