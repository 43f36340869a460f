"""Checks of how images are stored: grey or colour, 16 bits, transparency, EXIF orientation, pages, damage."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable

from core.checks.context import NAMED, Context, paths_of, percent
from core.checks.finding import Finding
from core.checks.unreadable import kinds_of
from core.data import images
from core.data.dataset_index import ImageFile
from core.data.rendering import window_words
from core.data.window import is_deep
from core.stats.metrics import wilson

_TRANSPARENT = {"RGBA", "LA", "PA", "La", "RGBa"}
_DARK = 32  # brightest grey level below which an image is nearly black
_LOOKED_AT = 8  # images


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
    """How an image is stored (pixel format, file format, size) tells its class.

    A network can learn the trace of that instead of the content. The rule is taken from training and tried on
    validation, against always naming the most frequent class. EXIF orientation does not count: images are turned
    upright before a network sees them.
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
    brightest = _brightest(context, files)
    dark = brightest < _DARK
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
    """Colours of 16 bits: the upper 8 are taken, and no window applies to them.

    Where values use only the lower bits of the range (12 bits of a camera, say) the images become nearly black.
    """
    files = [f for part in context.parts.values() for f in part if f.mode == "RGB;16"]
    if not files:
        return None
    brightest = _brightest(context, files)
    dark = brightest < _DARK
    claim = f"{len(files)} images have 16 bits per channel. Only the upper 8 bits are read, whatever data.window is."
    return Finding(
        "deep-colour",
        "warning" if dark else "info",
        claim + (f" The brightest value is then {brightest} of 255." if dark else ""),
        {"pictures": len(files), "brightest": brightest, "files": paths_of(files)},
        "Save them with 8 bits per channel, scaled so that the brightest value of the dataset becomes 255."
        if dark
        else "Save them with 8 bits per channel if the lower bits matter.",
    )


def _brightest(context: Context, files: list[ImageFile]) -> int:
    """The brightest value of the first images as a network gets them."""
    loaded = (images.load(context.dataset.root / f.path, 64, context.rendering) for f in files[:_LOOKED_AT])
    return max(int(pixels.max()) for pixels in loaded)


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
    files = [f for part in context.parts.values() for f in part if f.transparent or f.mode in _TRANSPARENT]
    if not files:
        return None
    return Finding(
        "alpha-dropped",
        "info",
        f"{len(files)} images have a transparency channel or a transparent colour. They are composited on white here; "
        "Keras' loaders drop the transparency and show the colours beneath it.",
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


def corrupt_image(context: Context) -> Finding | None:
    """Files with an image's name that are damaged, too large or of a kind that is not read; they are left out.

    Others crash on them in mid-epoch.
    """
    bad = context.index.unreadable
    if not bad:
        return None
    kinds = kinds_of(bad)
    return Finding(
        "corrupt-image",
        "warning",
        f"Image files left out: {', '.join(f'{count} {name}' for name, count, _, _ in kinds)}. "
        f"{' '.join(reason for _, _, reason, _ in kinds)}",
        {"kinds": {name: count for name, count, _, _ in kinds}, "files": [file.path for file in bad[:NAMED]]},
        " ".join(remedy for *_, remedy in kinds),
    )


_PROPERTIES: dict[str, Callable[[ImageFile], Hashable]] = {
    "pixel format": lambda file: file.mode,
    "file format": lambda file: file.format,
    "size in pixels": lambda file: file.upright_size,
}


def _told_by(context: Context, key: Callable[[ImageFile], Hashable]) -> int:
    """Validation images whose class follows from a property, by the majority of the training images with it."""
    seen: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for file in context.train:
        seen[key(file)][file.label] += 1
    usual = context.train_counts
    return sum(seen.get(key(file), usual).most_common(1)[0][0] == file.label for file in context.val)
