"""Checks of pixels and preprocessing: double rescaling, grey, 16 bits, alpha, EXIF orientation, size."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from math import sqrt

import numpy as np

from core.checks.context import Context, named, paths_of, percent, rounded
from core.checks.finding import Finding
from core.data import images
from core.data.dataset_index import ImageFile
from core.data.rendering import window_words
from core.data.window import is_deep
from core.stats.metrics import wilson

_DARK = 0.05 * 255
"""Grey level that a batch of proper images exceeds somewhere; scaled twice, everything lies below it."""

_FLAT = 0.01 * 255
"""Standard deviation below which there is next to nothing to see."""

_FAR_LARGER = 4.0
"""Spread of the values over that of the training on ImageNet, from which on features are others, not only larger."""

_WIDEST = 2.0
"""Ratio of the widest to the tallest images from which on stretching them all to a square changes shapes much."""

_TRANSPARENT = {"RGBA", "LA", "PA", "La", "RGBa"}


def wrong_preprocess_for_backbone(context: Context) -> Finding | None:
    """Pixels are scaled otherwise than the backbone was trained with, in training and validation alike.

    What it costs depends on the values. Measured on X-rays: 0..1 into VGG16, which has no batch normalisation, costs
    nothing (0.91 against 0.91): features are only smaller, so that the same learning rate is another one. 0..255 into
    a network of -1..1 costs 0.06 of AUC. What costs everything is a difference between training and prediction.
    """
    right, chosen = context.backbone.preprocessing, context.preprocessing
    if chosen == right or _scaled_twice(context) or context.gray_histogram is None:
        return None
    got, meant = context.gray_histogram.statistics(chosen), context.gray_histogram.statistics(right)
    far_larger = got["std"] > _FAR_LARGER * meant["std"]
    return Finding(
        "wrong-preprocess-for-backbone",
        "warning" if far_larger else "info",
        f"{context.backbone.title} gets values from {got['min']:.3g} to {got['max']:.3g}; it was trained on values "
        f"from {meant['min']:.3g} to {meant['max']:.3g} for the same images.",
        {"input": rounded(got), "as_trained": rounded(meant)},
        "Use the backbone's own scaling: data.preprocessing=backbone.",
        {"data.preprocessing": "backbone"},
    )


def double_rescale(context: Context) -> Finding | None:
    """The network gets next to nothing: pixels are scaled once more than they should be.

    Measured: accuracy at chance. Either the backbone scales by itself, or the stored images are scaled already.
    """
    if context.gray_histogram is None:
        return None
    if _scaled_twice(context):
        got = context.gray_histogram.statistics(context.preprocessing, divided_by=255)
        return Finding(
            "double-rescale",
            "error",
            f"{context.backbone.title} scales pixels itself and gets them already divided by 255: its first layers "
            f"get at most {got['max']:.4f}, where 1 is white.",
            {"after_its_own_scaling": rounded(got)},
            "Leave the scaling to the backbone: data.preprocessing=backbone.",
            {"data.preprocessing": "backbone"},
        )
    stored = context.gray_histogram.statistics()
    if stored["max"] >= _DARK and stored["std"] >= _FLAT:
        return None
    return Finding(
        "double-rescale",
        "error",
        f"The {context.gray_histogram.image_count} training images examined are nearly blank: grey levels "
        f"{stored['min']:.0f} to {stored['max']:.0f} of 255, standard deviation {stored['std']:.2g}.",
        {"pixels": rounded(stored)},
        "Store the images with the full range of grey levels; these may have been divided by 255 already.",
    )


def train_val_preprocess_mismatch(context: Context) -> Finding | None:
    """Validation images of a class are stored brighter or darker than its training images, by far.

    Both go through the same preprocessing here, so a difference lies in the files: another device, window or export.
    Measured for a difference in scaling: validation accuracy falls from 0.91 to 0.50.
    """
    if not context.is_comparable:
        return None
    for name in context.dataset.classes:
        train, val = (
            np.array([context.thumbnails[file.sha256].mean() for file in part if file.label == name])
            for part in (context.train, context.val)
        )
        if min(len(train), len(val)) < 8:
            continue
        gap = float(val.mean() - train.mean())
        within = max(float(train.std()), float(val.std()))
        if abs(gap) > max(20.0, 1.5 * within) and abs(gap) > 4 * within / sqrt(min(len(train), len(val))):
            return Finding(
                "train-val-preprocess-mismatch",
                "warning",
                f"Validation images of {named([name])} are on average {abs(gap):.0f} of 255 grey levels "
                f"{'brighter' if gap > 0 else 'darker'} than its training images, which differ by {within:.0f} "
                "among themselves.",
                {"class": name, "train_mean": round(float(train.mean()), 1), "val_mean": round(float(val.mean()), 1)},
                "Find out how the two folders were made, and make them alike.",
            )
    return None


def grayscale_channels(context: Context) -> Finding | None:
    """One part is stored in grey, another in colour: what is learned from colour is missing in validation."""
    if not context.train or not context.val:
        return None
    grey = {
        name: sum(file.is_grey for file in part) / len(part)
        for name, part in (("train", context.train), ("val", context.val))
    }
    if abs(grey["train"] - grey["val"]) <= 0.5:
        return None
    return Finding(
        "grayscale-channels",
        "warning",
        f"{percent(grey['train'])} of the training images but {percent(grey['val'])} of the validation images are "
        "stored in grey.",
        {"grey_share": {name: round(share, 4) for name, share in grey.items()}, "modes": context.index.modes()},
        "Store both in the same way.",
    )


def mode_reveals_class(context: Context) -> Finding | None:
    """How an image is stored (pixel format, file format, size, orientation) tells its class.

    A network can learn the trace of that instead of the content. The rule is taken from training and tried on
    validation, against always naming the most frequent class.
    """
    count = len(context.val)
    if len(context.val_counts) < 2:
        return None
    base = context.val_counts[context.train_counts.most_common(1)[0][0]]
    best = max(((_told_by(context, key), name) for name, key in _PROPERTIES.items()), default=(0, ""))
    right, name = best
    if wilson(right, count)[0] <= wilson(base, count)[1] or right - base <= 0.1 * count:
        return None
    return Finding(
        "mode-reveals-class",
        "warning",
        f"The {name} alone reveals the class of {percent(right, count)} of the validation images; the "
        f"majority-class baseline is right for {percent(base, count)}.",
        {"property": name, "right": right, "baseline": base, "val": count},
        "Store the images of all classes in the same way and size.",
    )


def sixteen_bit_png(context: Context) -> Finding | None:
    """Images with more than 8 bits a value: which values become black and white is a choice, made once for all.

    Where an image uses only the lower bits of the range (12-bit X-rays, say) it becomes nearly black.
    """
    files = [f for part in context.parts.values() for f in part if is_deep(f)]
    if not files:
        return None
    rendering, data = context.rendering, context.config.data
    brightest = max(int(images.load(context.dataset.root / f.path, 64, rendering).max()) for f in files[:8])
    dark = brightest < 32
    shown = window_words(rendering.window) or "the range of the file, or the window that a DICOM file names"
    more = f"{len(files)} images have more than 8 bits per value."
    claim = f"{more} data.window={data.window} converts them to 8 bits: {shown}"
    if not dark:
        claim += "; Keras' load_img would clip them to white."
        return Finding("sixteen-bit-png", "info", claim, {"pictures": len(files), "files": paths_of(files)})
    full = data.window == "full"
    return Finding(
        "sixteen-bit-png",
        "warning",
        f"{claim}. The brightest value is then {brightest} of 255.",
        {"pictures": len(files), "brightest": brightest, "files": paths_of(files)},
        "Let the window follow the values: data.window=percentile."
        if full
        else "Use another window: data.window, data.window_low, data.window_high.",
        {"data.window": "percentile"} if full else {},
    )


def deep_colour(context: Context) -> Finding | None:
    """Colours of 16 bits: the upper 8 are taken, and no window applies to them."""
    files = [f for part in context.parts.values() for f in part if f.mode == "RGB;16"]
    if not files:
        return None
    return Finding(
        "deep-colour",
        "info",
        f"{len(files)} images have 16 bits per channel. Only the upper 8 bits are read, whatever data.window is.",
        {"pictures": len(files), "files": paths_of(files)},
        "Save them with 8 bits per channel if the lower bits matter.",
    )


def several_pages(context: Context) -> Finding | None:
    """Files with several pages, frames or images: the first one is read, the others are not seen by anybody."""
    files = [f for part in context.parts.values() for f in part if f.pages > 1]
    if not files:
        return None
    most = max(files, key=lambda f: f.pages)
    return Finding(
        "several-pages",
        "info",
        f"{len(files)} files hold several pages, frames or images ({most.path}: {most.pages:,}); the first of each is "
        "read.",
        {"files": paths_of(files), "most": most.pages},
        "Save the others as separate files if they are to be used.",
    )


def alpha_dropped(context: Context) -> Finding | None:
    """Images with transparency: here they are laid over white, other loaders show what is hidden beneath."""
    files = [f for part in context.parts.values() for f in part if f.mode in _TRANSPARENT]
    if not files:
        return None
    return Finding(
        "alpha-dropped",
        "info",
        f"{len(files)} images have a transparency channel. They are composited on white here; Keras' loaders drop "
        "the channel and show the colours beneath it.",
        {"pictures": len(files), "files": paths_of(files)},
        "Save them without transparency.",
    )


def exif_orientation(context: Context) -> Finding | None:
    """Images whose camera was turned: upright here and in viewers, but not in Keras' or TensorFlow's loaders."""
    files = [f for part in context.parts.values() for f in part if f.orientation != 1]
    if not files:
        return None
    return Finding(
        "exif-orientation",
        "info",
        f"{len(files)} images are stored rotated or mirrored and are turned upright here by their EXIF orientation; "
        "Keras' and TensorFlow's loaders do not do that.",
        {"pictures": len(files), "files": paths_of(files)},
        "Save them upright if other programs read them, too.",
    )


def aspect_stretch_vs_crop(context: Context) -> Finding | None:
    """Shapes differ widely, and every image is stretched to a square: the same thing looks wide here, tall there."""
    files = [*context.train, *context.val]
    if not files or context.config.data.fit != "stretch":
        return None
    low, high = np.quantile([_aspect(file) for file in files], (0.05, 0.95))
    if high / low <= _WIDEST:
        return None
    return Finding(
        "aspect-stretch-vs-crop",
        "info",
        f"Aspect ratios (width / height) range from {low:.2f} to {high:.2f} (90 % of the images), and all images "
        "are stretched to a square.",
        {"aspect_5_percent": round(float(low), 3), "aspect_95_percent": round(float(high), 3)},
        "If shapes matter, keep them: data.fit=letterbox pads with bars, data.fit=crop shows the centre only.",
        {"data.fit": "letterbox"},
    )


def size_upscaled(context: Context) -> Finding | None:
    """Images are much smaller than the network's input: enlarged, they cost time and gain no detail."""
    sides = [max(file.width, file.height) for file in context.train]
    size = context.config.data.image_size
    if not sides or np.median(sides) >= size / 2:
        return None
    side = int(np.median(sides))
    fitting = max(context.backbone.min_size, 64, side)
    return Finding(
        "size-upscaled",
        "info",
        f"Half of the images are at most {side} pixels wide or high and are enlarged to {size} × {size}.",
        {"median_side": side, "image_size": size},
        f"A smaller size is as good and faster: data.image_size={fitting}." if fitting < size else "",
        {"data.image_size": fitting} if fitting < size else {},
    )


def input_too_small(context: Context) -> Finding | None:
    """The last map of the backbone has one place: nothing is left of where things are."""
    size = context.config.data.image_size
    if size >= 64:
        return None
    native = context.backbone.native_size
    return Finding(
        "input-too-small",
        "warning",
        f"At {size} × {size} pixels the last feature map of {context.backbone.title} has about one position; it was "
        f"trained at {native} × {native}.",
        {"image_size": size, "trained_at": native},
        f"Use larger images: data.image_size={native}.",
        {"data.image_size": native},
    )


def corrupt_image(context: Context) -> Finding | None:
    """Files with an image's name that cannot be decoded; they are left out, others crash on them in mid-epoch."""
    bad = context.index.unreadable
    if not bad:
        return None
    return Finding(
        "corrupt-image",
        "warning",
        f"Image files left out because they cannot be read: {len(bad)}.",
        {"files": [file.path for file in bad[:20]]},
        "Repair or remove them.",
    )


_PROPERTIES: dict[str, Callable[[ImageFile], Hashable]] = {
    "pixel format": lambda file: file.mode,
    "file format": lambda file: file.format,
    "size in pixels": lambda file: (file.width, file.height),
    "orientation": lambda file: file.orientation,
}


def _told_by(context: Context, key: Callable[[ImageFile], Hashable]) -> int:
    """Validation images whose class follows from a property, by the majority of the training images with it."""
    seen: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for file in context.train:
        seen[key(file)][file.label] += 1
    usual = context.train_counts
    return sum(seen.get(key(file), usual).most_common(1)[0][0] == file.label for file in context.val)


def _scaled_twice(context: Context) -> bool:
    """Whether the backbone divides by 255 itself and gets pixels that are divided already."""
    return context.backbone.preprocessing == "raw" and context.preprocessing == "rescale"


def _aspect(file: ImageFile) -> float:
    """Width over height of the upright image."""
    turned = file.orientation >= 5
    return file.height / file.width if turned else file.width / file.height
