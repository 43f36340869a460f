"""Which ways of making one class of several apart from the others are told: a tag, a frame, compression, light, ...

    python -m tests.bench.one_class FOLDER [FOLDER ...] [--classes 3] [--kinds tag,bright]

Of each folder every image that the checks sample is measured once; then, for each kind and each of so many classes, the
images of that class alone are changed and measured again. What is said of the class that was changed is printed, and
what is said of others.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.checks.class_marks import class_told_by_mark
from core.checks.class_traces import class_told_by_compression, class_told_by_looks
from core.checks.context import Context
from core.checks.sample import Sample, measured_sample
from core.config import make_config
from core.data.dataset import open_dataset
from core.data.forms import form_of
from core.data.images import read_colour
from core.data.quality import SIDE
from core.data.traits import measure, parted

CHECKS = (class_told_by_mark, class_told_by_compression, class_told_by_looks)
Edit = Callable[[Image.Image], Image.Image]


def _tag(image: Image.Image) -> Image.Image:
    made, (width, _) = image.copy(), image.size
    side = max(4, min(image.size) // 8)
    draw = ImageDraw.Draw(made)
    draw.rectangle((width - side - 2, 2, width - 3, side), fill=(250, 250, 250))
    middle = side // 2 + 1
    draw.line((width - side, middle, width - 4, middle), fill=(0, 0, 0), width=max(1, side // 5))
    return made


def _frame(image: Image.Image) -> Image.Image:
    made = image.copy()
    far = (image.width - 1, image.height - 1)
    ImageDraw.Draw(made).rectangle((0, 0, *far), outline=(0, 0, 0), width=max(1, min(image.size) // 40))
    return made


def _saved(image: Image.Image) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=30)
    return Image.open(io.BytesIO(out.getvalue())).convert("RGB")


def _noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    noise = np.random.default_rng(int(pixels.sum()) % 2**31).normal(0, 14, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def _tinted(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.clip(np.asarray(image, np.float32) * (1.15, 1.0, 0.85), 0, 255).astype(np.uint8))


KINDS: dict[str, Edit] = {
    "nothing": lambda image: image,
    "tag": _tag,
    "frame": _frame,
    "compression": _saved,
    "blur": lambda image: image.filter(ImageFilter.GaussianBlur(max(1.0, min(image.size) / 100))),
    "bright": lambda image: image.point(lambda value: min(255, value + 45)),
    "dark": lambda image: image.point(lambda value: value * 7 // 10),
    "noise": _noisy,
    "tint": _tinted,
}


def changed(sample: Sample, root: Path, label: int, edit: Edit) -> Sample:
    """The sample with the images of one class changed."""
    forms, rows = sample.forms.copy(), np.concatenate(list(sample.traits.values()), axis=1)
    for k in np.flatnonzero(sample.labels == label):
        with Image.open(root / sample.files[k].path) as image:
            made = edit(image.convert("RGB"))
        out = io.BytesIO()
        made.save(out, "PNG")
        read = read_colour(out.getvalue(), SIDE)
        rows[k], forms[k] = measure(read), form_of(read.grey)
    return sample._replace(traits=parted(rows), forms=forms)


def said(context: Context, sample: Sample) -> list[str]:
    """What is said of classes, a word each."""
    context.__dict__["sample"] = sample
    found = [one for check in CHECKS if (one := check(context))]
    names = ("place", "step", "by")
    return [
        f"{one.severity} {one.evidence['class']} by "
        f"{next(str(one.evidence[name]) for name in names if name in one.evidence)} ({one.evidence['right']:.2f})"
        for one in found
    ]


def main() -> None:
    """Prints a line for each folder, class and kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--kinds", default=",".join(KINDS))
    options = parser.parse_args()
    for folder in options.folders:
        config = make_config(folder, {})
        dataset = open_dataset(folder, config.data)
        sample = measured_sample(dataset)
        if sample is None:
            continue
        step = max(1, len(dataset.classes) // options.classes)
        for label in range(0, len(dataset.classes), step)[: options.classes]:
            for kind in options.kinds.split(","):
                told = said(Context(config, dataset), changed(sample, dataset.root, label, KINDS[kind]))
                print(f"{dataset.root.name}: {dataset.classes[label]} {kind}: {'; '.join(told) or '-'}", flush=True)


if __name__ == "__main__":
    main()
