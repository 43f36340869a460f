"""Checks of classes and labels: imbalance, class order, conflicting labels, hidden folders, skipped files."""

import os
import re

from core.checks.class_names import is_inverted
from core.checks.context import NAMED, Context, named, paths_of, percent
from core.checks.finding import Finding
from core.checks.focal_weight import alpha_applies, unequal_by_alpha
from core.data.file_names import natural
from core.data.layout import is_junk
from core.stats.metrics import wilson

_BALANCED = 1.1
"""Largest class over smallest, up to which class weights change next to nothing."""

_RARE = 10
"""Largest class over smallest, from which on the smallest hardly counts in the loss."""

_FEW_TO_TRAIN, _FEW_TO_VALIDATE, _MANY_TIMES = 10, 5, 5
"""Images of a class below which it is told, where the largest class of the part has so many times as many."""

_BALANCING = {
    "training.class_weight": ("none", "Class weights are on", "they change nothing"),
    "data.sampling": ("all", "Balanced sampling is on", "it changes next to nothing"),
}
"""Settings that give rare classes more weight: their default, and what is said of them where classes are equal."""

_HELPERS = {"ipynb_checkpoints", "checkpoints", "__pycache__", "cache", "thumbs", "thumbnails", "logs", "tmp", "temp"}


def class_index_mismatch(context: Context) -> Finding | None:
    """A class of the training folder is absent from the validation folder.

    Here both share one list of classes; a loader that numbers each folder by itself shifts every later label.
    """
    if context.index.layout != "splits":
        return None
    classes = context.dataset.classes
    absent = [name for name in classes if not context.val_counts[name]]
    if not absent or len(absent) >= len(classes) - 1:
        return None  # of a single class: split-after-sort says it
    there = [name for name in classes if context.val_counts[name]]
    shifted = {name: [classes.index(name), k] for k, name in enumerate(there) if classes.index(name) != k}
    more = f"; numbered separately, that folder would shift the indices of {named(shifted)}" if shifted else ""
    return Finding(
        "class-index-mismatch",
        "warning",
        f"No validation image is of the class {named(absent)}{more}.",
        {"absent": absent, "train_and_val_number": shifted},
        "Add validation images of every class; a class without them has no metrics.",
    )


def hidden_dir_as_class(context: Context) -> Finding | None:
    """A folder that a tool has left behind counts as a class, here by its name or elsewhere because it is hidden.

    Keras' `ImageDataGenerator` takes `.ipynb_checkpoints` as class 0 and shifts all labels; here it is left out.
    """
    helpers = [name for name in context.dataset.classes if name.lower().strip("._") in _HELPERS]
    if helpers:
        return Finding(
            "hidden-dir-as-class",
            "warning",
            f"By its name, {named(helpers)} is not a class but a folder that a tool has left behind.",
            {"classes": helpers, "pictures": {name: context.train_counts[name] for name in helpers}},
            "Move the folder out of the dataset.",
        )
    hidden = _hidden_folders(context)
    if not hidden:
        return None
    return Finding(
        "hidden-dir-as-class",
        "info",
        f"Hidden folders lie next to the classes and are left out: {named(hidden)}. Keras' ImageDataGenerator "
        "treats them as classes, which shifts the indices of the others.",
        {"folders": hidden[:NAMED]},
        "Remove them before using this folder with other programs.",
    )


def lexicographic_class_order(context: Context) -> Finding | None:
    """Class names with numbers, sorted as text: class10 comes before class2, so label 1 is not what one expects."""
    classes = list(context.dataset.classes)
    in_order = sorted(classes, key=natural)
    if context.config.data.positive_class or classes == in_order or not any(re.search(r"\d", name) for name in classes):
        return None
    moved = {name: [k, in_order.index(name)] for k, name in enumerate(classes) if in_order.index(name) != k}
    first = next(iter(moved))
    return Finding(
        "lexicographic-class-order",
        "info",
        f"Classes are numbered in the text order of their names: {first} has index {moved[first][0]}; in numerical "
        f"order it would have {moved[first][1]}.",
        {"number_as_text_and_by_number": moved},
        "Pad the numbers with zeros (class02) if other programs rely on their order.",
    )


def positive_class_inverted(context: Context) -> Finding | None:
    """Of two classes the second is the one without a finding, as the alphabet has it.

    The probability of a run is that of the second class; sensitivity and specificity are easily read the wrong way.
    """
    classes = context.dataset.classes
    if len(classes) != 2 or context.config.data.positive_class or not is_inverted(*classes):
        return None
    return Finding(
        "positive-class-inverted",
        "info",
        f"In alphabetical order {named(classes[1:])} is class 1, whose probability a two-class model outputs.",
        {"numbers": {name: k for k, name in enumerate(classes)}},
        f"Make it {named(classes[:1])}: data.positive_class.",
        {"data.positive_class": classes[0]},
    )


def class_imbalance_baseline(context: Context) -> Finding | None:
    """Most validation images are of one class: always saying so reaches an accuracy that looks like learning."""
    counts, count = context.val_counts, len(context.val)
    classes = len(context.dataset.classes)
    if len(counts) < 2:
        return None
    name, most = counts.most_common(1)[0]
    chance = 1 / classes
    if most / count <= min(0.6, 2 * chance) or wilson(most, count)[0] <= chance:
        return None
    weighted = bool(_balancing(context))
    return Finding(
        "class-imbalance-baseline",
        "info" if weighted else "warning",
        f"{percent(most, count)} of the validation images are {named([name])}: an accuracy of {most / count:.3f} is "
        "what always predicting it reaches.",
        {"majority_class": name, "share": round(most / count, 4), "val": dict(counts)},
        "Judge by balanced accuracy and AUC"
        + ("." if weighted else "; training.class_weight=balanced gives the rare class the same weight."),
        {} if weighted else {"training.class_weight": "balanced"},
    )


def class_weight_mismatch(context: Context) -> Finding | None:
    """Class weights where classes are equal, with balanced sampling, or neither where a class is ten times rarer."""
    counts = [n for n in context.train_counts.values() if n]
    if len(counts) < 2:
        return None
    ratio, on = max(counts) / min(counts), _balancing(context)
    if alpha_applies(context) and len(on) < 2:
        return unequal_by_alpha(context, balanced=bool(on))
    evidence = {"train": dict(context.train_counts), "largest_over_smallest": round(ratio, 2)}
    if on and ratio <= _BALANCED:
        default, is_on, effect = _BALANCING[on[0]]
        return Finding(
            "class-weight-mismatch",
            "info",
            f"{is_on}, but the largest class is only {ratio:.2f} times the smallest: {effect}.",
            evidence,
            f"Turn {'them' if effect.startswith('they') else 'it'} off: {on[0]}={default}.",
            {on[0]: default},
        )
    if len(on) > 1:
        return Finding(
            "class-weight-mismatch",
            "warning",
            f"Class weights and balanced sampling are both on: the rarest class, {ratio:.1f} times smaller than the "
            "largest, is compensated for twice.",
            evidence,
            "Turn class weights off: training.class_weight=none.",
            {"training.class_weight": "none"},
        )
    if not on and ratio >= _RARE:
        return Finding(
            "class-weight-mismatch",
            "warning",
            f"The rarest class has {min(counts)} training images, the largest {ratio:.0f} times as many, and all "
            "images have the same weight in the loss.",
            evidence,
            "Give the rare class more weight: training.class_weight=balanced.",
            {"training.class_weight": "balanced"},
        )
    return None


def few_of_a_class(context: Context) -> Finding | None:
    """A class has so few images beside the others that it can hardly be learned, or that one image moves its recall."""
    parts = (("training", context.train_counts, _FEW_TO_TRAIN), ("validation", context.val_counts, _FEW_TO_VALIDATE))
    few = {
        name
        for _, counts, least in parts
        for name, count in counts.items()
        if 0 < count < least and _MANY_TIMES * count <= max(counts.values())
    }
    if not few:
        return None
    told = [(name, context.train_counts[name], context.val_counts[name]) for name in sorted(few)]
    each = ", ".join(f"{named([name])} ({train} to train on, {val} to validate on)" for name, train, val in told[:5])
    return Finding(
        "few-of-a-class",
        "warning",
        f"{'One class has' if len(told) == 1 else f'{len(told)} classes have'} too few images: {each}. What is "
        f"measured of {'it' if len(told) == 1 else 'them'} rests on single images.",
        {"train_and_val": {name: [train, val] for name, train, val in told[:NAMED]}},
        "Add images of it, or leave the class out; weights do not make up for images that are not there."
        if len(told) == 1
        else "Add images of them, or leave these classes out; weights do not make up for images that are not there.",
    )


def _balancing(context: Context) -> list[str]:
    """Settings that give rare classes more weight, where they are on."""
    values = context.config.settings()
    return [key for key, (default, *_) in _BALANCING.items() if values[key] != default]


def skipped_files(context: Context) -> Finding | None:
    """Files that are no images by their kind or place; another program may read them."""
    skipped = context.index.skipped
    if not skipped:
        return None
    return Finding(
        "skipped-files",
        "info",
        f"Files left out because of their type or location: {len(skipped)}.",
        {"files": [path for path, _ in skipped[:NAMED]]},
        "Convert images of other kinds to JPEG or PNG.",
    )


def conflicting_labels(context: Context) -> Finding | None:
    """The same file is in two classes: at least one of its labels is wrong."""
    torn = [files for files in context.by_content.values() if len({file.label for file in files}) > 1]
    if not torn:
        return None
    return Finding(
        "conflicting-labels",
        "warning",
        f"{len(torn)} {'image lies' if len(torn) == 1 else 'images lie'} in more than one class.",
        {"groups": [paths_of(files) for files in torn[:NAMED]]},
        "Choose one class for each and remove the other copies.",
    )


def _hidden_folders(context: Context) -> list[str]:
    root = context.index.root
    parents = {file.path.split("/", 1)[0] for file in context.index.files} if context.index.layout == "splits" else {""}
    found = []
    for parent in sorted(parents):
        try:
            entries = sorted(os.scandir(root / parent), key=lambda entry: entry.name)
        except OSError:
            continue  # gone since the scan: whoever opens its images says so
        names = [entry.name for entry in entries if is_junk(entry.name) and entry.is_dir(follow_symlinks=False)]
        found += [f"{parent}/{name}".lstrip("/") for name in names]
    return found
