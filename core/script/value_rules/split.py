"""Findings on parts of a split: leaks, parts mixed up, sorted arrays, images and labels in different orders."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from core.checks.finding import Finding
from core.script.flow.machine import constant, lines_of, number
from core.script.flow.networks import Fit
from core.script.flow.objects import FEATURES, FILES, GROUPED, IMAGES, LABELS, Array, Batches
from core.script.flow.training_calls import images_of
from core.script.flow.value import Value
from core.script.rules_order import finding
from core.script.value_rules.views import Course, Loss, loss_of


def _x(fit: Fit) -> Array | None:
    value = images_of(fit.x)
    return value if isinstance(value, Array) else None


def _y(fit: Fit) -> Array | None:
    return fit.y if isinstance(fit.y, Array) else None


def wrong_parts(course: Course) -> Iterator[Finding]:
    """`train_test_split` unpacked in the wrong order, or parts of it mixed."""
    for fit in course.fits:
        x, y = _x(fit), _y(fit)
        if x is None or y is None or x.part is None or y.part is None or x.part.number != y.part.number:
            continue
        same = x.source.number == y.source.number and x.source.number != 0 and isinstance(fit.x, Array)
        if same and x.part.index != y.part.index:
            yield finding(
                "split-unpacked-wrong", "error", x.part.line,
                "train_test_split returns both parts of the first array, then both parts of the second. Here they are "
                f"unpacked in another order, so fit ({course.where(fit.line)}) gets images as labels.",
                "Write X_train, X_test, y_train, y_test = train_test_split(X, y, ...).", lines=[x.part.line, fit.line],
            )  # fmt: skip
        elif x.part.index != y.part.index:
            yield finding(
                "parts-mixed", "error", fit.line,
                f"fit gets images of one part and labels of the other part of the split in "
                f"{course.where(x.part.line)}.", "Pass images and labels of the same part.",
            )  # fmt: skip


def class_order(course: Course) -> Iterator[Finding]:
    """The same folder has another number in training than in validation."""
    for fit in course.fits:
        if not isinstance(fit.x, Batches) or not isinstance(fit.val, Batches):
            continue
        ours, theirs = _class_names(fit.x), _class_names(fit.val)
        if not (ours[0] or theirs[0]):
            continue
        mine, other = (one or tuple(sorted(rest)) for one, rest in ((ours[0], theirs[0]), (theirs[0], ours[0])))
        if mine == other or sorted(mine) != sorted(other):
            continue
        first = next(k for k, pair in enumerate(zip(mine, other, strict=True)) if pair[0] != pair[1])
        line, beside = _unusual(ours, theirs)
        yield finding(
            "class-order-differs", "error", line,
            f'"{mine[first][:40]}" is class {first} in training and class {other.index(mine[first])} in validation '
            f"({course.where(beside)} has the other order), so validation counts correct predictions as wrong.",
            "Use the same list of classes for both.", lines=[line, beside],
        )  # fmt: skip


_Names = tuple[tuple[str, ...], int]


def _class_names(batches: Batches) -> _Names:
    """Classes as a call lists them, with the line; none where the folders' own order holds."""
    origin = batches.origin
    if origin is None:
        return (), batches.line
    for name in ("classes", "class_names"):
        known = constant(origin.arguments.get(name))
        if isinstance(known, tuple) and known and all(isinstance(one, str) for one in known):
            lines = lines_of(origin.arguments[name])
            return known, lines[0] if lines else origin.lines.get(name, batches.line)
    return (), batches.line


def _unusual(ours: _Names, theirs: _Names) -> tuple[int, int]:
    """The line whose order is not that of the alphabet first; of two such, that of validation."""
    lines = (theirs[1], ours[1])
    usual = list(theirs[0]) == sorted(theirs[0])
    return lines if not usual else lines[::-1]


def leaks(course: Course) -> Iterator[Finding]:
    """Copies of samples made before the split, so that both parts have them."""
    for fit in course.fits:
        x = _x(fit)
        value, _ = course.validation(fit)
        if x is None or "copies" not in dict(x.marks):
            continue
        line = dict(x.marks)["copies"]
        of_fit = number(fit.arguments.get("validation_split")) or 0
        theirs = value if isinstance(value, Array) else None
        shared = theirs is not None and x.part is not None and theirs.part is not None and (
            x.part.number == theirs.part.number and "copies" in dict(theirs.marks))  # fmt: skip
        tested = any(isinstance(images_of(ask.x), Array) and _same_split(x, images_of(ask.x)) for ask in course.asks)
        if not (shared or tested or of_fit):
            continue
        split = x.part.line if x.part is not None and not of_fit else fit.lines.get("validation_split", fit.line)
        yield finding(
            "leak-before-split", "error", line,
            f"Copies of images (augmented, or sampled more than once) are made here, before the split in "
            f"{course.where(split)}, so the same image is in training and in validation, and the metrics are too good.",
            "Split first, then add copies to the training part only.", lines=[line, split],
        )  # fmt: skip


def _same_split(x: Array, other: Value) -> bool:
    return (isinstance(other, Array) and x.part is not None and other.part is not None
            and x.part.number == other.part.number and x.part.index != other.part.index
            and "copies" in dict(other.marks))  # fmt: skip


def sorted_split(course: Course) -> Iterator[Finding]:
    """The end of arrays that stand class by class is held out."""
    for fit in course.fits:
        x, y = _x(fit), _y(fit)
        if x is None or isinstance(fit.x, Batches):
            continue
        grouped = GROUPED in (x.order, y.order if y is not None else "") and not (x.perm or (y is not None and y.perm))
        share = number(fit.arguments.get("validation_split"))
        if grouped and share and x.role != FILES:
            yield _sorted(fit.lines.get("validation_split", fit.line),
                          f"validation_split={share:g} of fit takes the end of the arrays before "
                          "shuffling")  # fmt: skip
        elif grouped and x.part is not None and x.part.how == "slice":
            yield _sorted(x.part.line, "The arrays are split at one position")


def _sorted(line: int, what: str) -> Finding:
    return finding(
        "split-after-sort", "error", line,
        f"{what}, and they are sorted by class: the held-out part has a single class, which training hardly contains.",
        "Shuffle images and labels together first, or use train_test_split with stratify.",
    )  # fmt: skip


def shuffled_apart(course: Course) -> Iterator[Finding]:
    """Images and labels in different orders."""
    for fit in course.fits:
        x, y = _x(fit), _y(fit)
        if x is None or y is None or isinstance(fit.x, Batches):
            continue
        ours, theirs = _shuffles(x), _shuffles(y)
        if ours == theirs or not (ours or theirs):
            continue
        if [by for by, _ in ours] == [by for by, _ in theirs]:
            continue
        both = bool(ours) and bool(theirs)
        known = "file" in (x.source.kind, y.source.kind)
        if not both and not known:
            continue
        line = (theirs or ours)[-1][1]
        yield finding(
            "shuffled-apart", "error", line,
            "Images and labels are shuffled separately, so the labels do not match their images." if both else
            f"Only the {'images' if ours else 'labels'} are shuffled here, so the labels do not match their images.",
            "Shuffle both in the same order: order = np.random.permutation(len(x)); x, y = x[order], y[order].",
        )  # fmt: skip


def _shuffles(array: Array) -> list[tuple[Any, int]]:
    """Shuffles in place, with their lines."""
    return [one for one in array.perm if isinstance(one, tuple) and len(one) == 2 and isinstance(one[1], int)
            and one[0] != "seed"]  # fmt: skip


def reshuffled(course: Course) -> Iterator[Finding]:
    """`take` and `skip` of a dataset that has another order in every epoch."""
    for fit in course.fits:
        ours, theirs = fit.x, fit.val
        if not isinstance(ours, Batches) or not isinstance(theirs, Batches) or ours.cut is None or theirs.cut is None:
            continue
        if ours.cut[0] != theirs.cut[0] or ours.cut[1] == theirs.cut[1]:
            continue
        whole = course.machine.reshuffling.get(ours.cut[0], 0)
        if whole:
            yield finding(
                "split-reshuffles", "error", whole,
                f"The dataset is shuffled again in every epoch, so {ours.cut[1]} ({course.where(ours.cut[2])}) and "
                f"{theirs.cut[1]} ({course.where(theirs.cut[2])}) split it differently each time, and validation "
                "images are also used for training.",
                "Use shuffle(..., reshuffle_each_iteration=False), or split the list of files.",
                lines=[whole, ours.cut[2], theirs.cut[2]],
            )  # fmt: skip


def same_images(course: Course) -> Iterator[Finding]:
    """Validation on the images that are trained on, or on those for the test."""
    for fit in course.fits:
        ours, theirs = fit.x, fit.val
        value, _ = course.validation(fit)
        if isinstance(ours, Batches) and isinstance(theirs, Batches):
            one = _folders(course, fit, ours, theirs)
            if one is not None:
                yield one
        elif isinstance(value, Array) and isinstance(images_of(ours), Array):
            x = _x(fit) or value
            same = x.source.number == value.source.number != 0 and x.part == value.part and x.role in (IMAGES, FEATURES)
            if same and (x is value or x.part is not None or x.role == IMAGES):
                yield _on_training(fit.lines.get("validation_data", fit.line), "the training arrays")
        if fit.val is not None and fit.val is fit.x and not isinstance(fit.val, (Batches, Array)):
            continue


def _on_training(line: int, what: str) -> Finding:
    return finding(
        "validation-is-training", "error", line,
        f"Validation uses {what}: it cannot show overfitting.",
        "Hold out images that are never trained on.",
    )  # fmt: skip


def _folders(course: Course, fit: Fit, ours: Batches, theirs: Batches) -> Finding | None:
    cut = ours.cut is not None or theirs.cut is not None
    same = ours.number == theirs.number or (ours.folder != "" and ours.folder == theirs.folder)
    parted = ours.subset != theirs.subset
    if same and not cut and not parted:
        line = fit.lines.get("validation_data", fit.line) if ours.number == theirs.number else theirs.line
        return _on_training(line, f"the folder that is trained on ({ours.folder})" if ours.folder else
                            "the dataset that is trained on")  # fmt: skip
    name = PurePosixPath(theirs.folder.replace("\\", "/")).name.lower()
    chosen = _chooses(fit)
    asked = [ask for ask in course.asks if ask.kind == "evaluate" and isinstance(ask.x, Batches)
             and (ask.x.number == theirs.number or (theirs.folder and ask.x.folder == theirs.folder))]  # fmt: skip
    is_test = name in ("test", "testing", "test_set") and ours.folder != ""
    if is_test and (chosen or asked):
        return finding(
            "test-as-validation", "warning", fit.lines.get("validation_data", fit.line),
            f"Validation uses the test folder ({theirs.folder}), and "
            + ("the best epoch is chosen by it" if chosen else "the test at the end uses it too")
            + ", so the test metrics are too good.",
            "Use a part of the training images for validation, and test once at the end.",
        )  # fmt: skip
    return None


def _chooses(fit: Fit) -> bool:
    names = [getattr(one, "kind", "") for one in getattr(fit.arguments.get("callbacks"), "values", [])]
    return any(name in ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau") for name in names)


def scaled_labels(course: Course) -> Iterator[Finding]:
    """Labels that are divided like pixels."""
    if any(wrong_parts(course)):  # what is given as labels then is no labels
        return
    for fit in course.fits:
        y = _y(fit)
        line = _divided(y, loss_of(fit.compiled)) if y is not None else 0
        if line:
            yield finding(
                "labels-scaled", "error", line,
                "The labels are divided like the pixels, so the classes 0, 1, 2 become fractions, which no "
                "classification loss can use.",
                "Scale the images only: return image / 255, label.",
            )  # fmt: skip


def _divided(y: Array, loss: Loss | None) -> int:
    """The line that divides labels; arrays of unknown meaning are labels where the loss takes whole class numbers."""
    if y.role == LABELS:
        return y.scaled
    if loss is None or loss.name != "sparse_categorical_crossentropy":
        return 0
    return next((step.line for step in y.steps if step.scale is not None and 0 < abs(step.scale) < 0.2), 0)


def folds(course: Course) -> Iterator[Finding]:
    """One model that is trained on all folds in turn."""
    for fit in course.fits:
        if fit.folds and fit.model.kind != "unknown":
            yield finding(
                "folds-share-a-model", "error", fit.line,
                f"The model is created outside the loop over the folds ({course.where(fit.model.line)}), so from the "
                "second fold on it was already trained on its validation images.",
                "Build and compile a new model inside the loop.",
            )  # fmt: skip
