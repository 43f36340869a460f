"""Datasets with one fault planted, and their healthy twins: made from X-rays, the built-in sample and drawn images."""

import io
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

Edit = Callable[[Image.Image, Generator], Image.Image]
Plant = Callable[[Path], None]
COUNTS = {"train": 100, "val": 45}


# ---------------------------------------------------------------------------------------------------- healthy sets


def noise_field(rng: Generator, size: int, slope: float = 1.0) -> np.ndarray:
    """A smooth random field with the spectrum of photographs, float (size, size), mean 0 and standard deviation 1."""
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    f[0, 0] = 1
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) / f**slope).real
    return (field - field.mean()) / field.std()


def photograph(rng: Generator, label: int, size: int = 160, scene: Generator | None = None) -> Image.Image:
    """A drawn colour photograph: a random background, and a few textured shapes whose form is the class."""
    back = scene or rng
    base = back.uniform(60, 190, 3)
    mix = back.normal(0, 1, (3, 3)) * 22
    fields = np.stack([noise_field(back, size, 1.2) for _ in range(3)], axis=-1)
    pixels = base + fields @ mix + rng.normal(0, 4, (size, size, 3))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(2, 5))):
        x, y = rng.uniform(0.2, 0.8, 2) * size
        radius = rng.uniform(0.09, 0.2) * size
        sides = (3, 40, 4, 5, 6, 8, 7, 9, 10, 11)[label]
        turn = rng.uniform(0, 7)
        angles = turn + np.arange(sides) * 2 * np.pi / sides
        outline = [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles]
        draw.polygon(outline, fill=tuple(rng.integers(0, 256, 3).tolist()))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def drawn(root: Path, classes: int = 2, counts: dict[str, int] | None = None, ending: str = "jpg") -> Path:
    """Colour photographs."""
    for part, count in (counts or COUNTS).items():
        for label in range(classes):
            folder = root / part / f"class{label}"
            folder.mkdir(parents=True)
            for n in range(count):
                rng = np.random.default_rng([len(part), label, n, classes])
                save(photograph(rng, label), folder / f"{rng.integers(10**9):09}.{ending}")
    return root


def xrays(root: Path, counts: dict[str, int] | None = None, side: int = 480, skip: int = 0) -> Path:
    """X-rays, at most `side` pixels wide, one a patient."""
    source = Path(os.environ["PARITY_TEST_DATA"]) / "data" / "chest_xray" / "train"
    for label in ("NORMAL", "PNEUMONIA"):
        files = one_a_patient(sorted((source / label).iterdir()))
        order = np.random.default_rng(5 + skip).permutation(len(files))
        begin = 0
        for part, count in (counts or COUNTS).items():
            folder = root / part / label
            folder.mkdir(parents=True)
            for k in order[begin : begin + count]:
                with Image.open(files[k]) as image:
                    image.draft("L", (2 * side, 2 * side))
                    grey = image.convert("L")
                grey.thumbnail((side, side))
                grey.save(folder / f"{k:05}.jpg", quality=92)
            begin += count
    return root


def one_a_patient(files: Iterable[Path]) -> list[Path]:
    """The first file of each patient, by what Kermany's names say."""
    seen: dict[str, Path] = {}
    for path in files:
        stem = path.stem
        key = stem.split("_")[0] if stem.startswith("person") else stem.rsplit("-", 1)[0]
        seen.setdefault(key, path)
    return list(seen.values())


def phantoms(root: Path, counts: dict[str, int] | None = None) -> Path:
    """The built-in sample's phantoms, a part of them."""
    from core.data.phantom import draw_phantom

    for part, count in (counts or COUNTS).items():
        for label in (0, 1):
            folder = root / part / ("NORMAL", "PNEUMONIA")[label]
            folder.mkdir(parents=True)
            for n in range(count):
                rng = np.random.default_rng([len(part), label, n, 77])
                Image.fromarray(draw_phantom(rng, bool(label))).save(folder / f"{n:04}.png")
    return root


def imbalanced(root: Path) -> Path:
    drawn(root, 2, {"train": 200, "val": 80})
    for part, keep in (("train", 30), ("val", 12)):
        for path in sorted((root / part / "class1").iterdir())[keep:]:
            path.unlink()
    return root


def mixed_sizes(root: Path) -> Path:
    drawn(root, 2)
    rng = np.random.default_rng(3)
    for path in sorted(root.rglob("*.jpg")):
        with Image.open(path) as image:
            width, height = rng.integers(90, 420, 2).tolist()
            image.resize((width, height), Image.Resampling.BICUBIC).save(path, quality=int(rng.integers(60, 97)))
    return root


HEALTHY: dict[str, Callable[[Path], Path]] = {
    "photographs": drawn,
    "xrays": xrays,
    "phantoms": phantoms,
    "ten classes": lambda root: drawn(root, 10, {"train": 40, "val": 16}, "png"),
    "imbalanced": imbalanced,
    "tiny": lambda root: drawn(root, 2, {"train": 16, "val": 10}),
    "mixed sizes": mixed_sizes,
}


# --------------------------------------------------------------------------------------------------------- edits


def crop(share: float, *, back: bool = True) -> Edit:
    def edit(image: Image.Image, rng: Generator) -> Image.Image:
        width, height = image.size
        left, right = (share * width * part for part in rng.dirichlet((1, 1)))
        top, bottom = (share * height * part for part in rng.dirichlet((1, 1)))
        cut = image.crop((round(left), round(top), round(width - right), round(height - bottom)))
        return cut.resize(image.size, Image.Resampling.BICUBIC) if back else cut

    return edit


def transposed(how: Image.Transpose) -> Edit:
    return lambda image, rng: image.transpose(how)


def resaved(quality: int) -> Edit:
    def edit(image: Image.Image, rng: Generator) -> Image.Image:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        return Image.open(io.BytesIO(out.getvalue()))

    return edit


def resized(factor: float) -> Edit:
    return lambda image, rng: image.resize([max(1, round(v * factor)) for v in image.size], Image.Resampling.BICUBIC)


def brighter(factor: float) -> Edit:
    return lambda image, rng: ImageEnhance.Brightness(image).enhance(factor)


def contrast(factor: float) -> Edit:
    return lambda image, rng: ImageEnhance.Contrast(image).enhance(factor)


def gamma(power: float) -> Edit:
    return lambda image, rng: image.point([round(255 * (v / 255) ** power) for v in range(256)] * len(image.getbands()))


def noisy(level: float) -> Edit:
    def edit(image: Image.Image, rng: Generator) -> Image.Image:
        pixels = np.asarray(image, np.float32)
        return Image.fromarray(np.clip(pixels + rng.normal(0, level, pixels.shape), 0, 255).astype(np.uint8))

    return edit


def blurred(radius: float) -> Edit:
    return lambda image, rng: image.filter(ImageFilter.GaussianBlur(radius))


def swapped(image: Image.Image, rng: Generator) -> Image.Image:
    bands = image.convert("RGB").split()
    return Image.merge("RGB", bands[::-1])


def augmented(image: Image.Image, rng: Generator) -> Image.Image:
    """As ImageDataGenerator augments: turned by up to 15 degrees, moved and zoomed by up to 10 %, mirrored, lighter."""
    width, height = image.size
    angle, zoom = rng.uniform(-15, 15), rng.uniform(0.9, 1.1)
    shift = (round(rng.uniform(-0.1, 0.1) * width), round(rng.uniform(-0.1, 0.1) * height))
    edge = image.resize((1, 1)).getpixel((0, 0)) if rng.random() < 0.5 else 0
    turned = image.rotate(angle, Image.Resampling.BICUBIC, translate=shift, fillcolor=edge)
    dx, dy = (1 - zoom) * width / 2, (1 - zoom) * height / 2
    box = (dx, dy, width - dx, height - dy)
    turned = turned.transform(image.size, Image.Transform.EXTENT, box, Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        turned = turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return ImageEnhance.Brightness(turned).enhance(rng.uniform(0.8, 1.2))


def turned(degrees: float) -> Edit:
    return lambda image, rng: image.rotate(degrees, Image.Resampling.BICUBIC)


def tagged(corner: str = "se", size: float = 0.08, share: float = 1.0) -> Edit:
    def edit(image: Image.Image, rng: Generator) -> Image.Image:
        if rng.random() >= share:
            return image
        image = image.copy()
        width, height = image.size
        w, h = size * width, size * height / 2
        x = width - w - 0.03 * width if "e" in corner else 0.03 * width
        y = height - h - 0.03 * height if "s" in corner else 0.03 * height
        white = (255,) * len(image.getbands()) if image.mode != "L" else 255
        ImageDraw.Draw(image).rectangle((x, y, x + w, y + h), fill=white)
        return image

    return edit


def framed(share: float = 0.04, level: int = 0) -> Edit:
    def edit(image: Image.Image, rng: Generator) -> Image.Image:
        width, height = image.size
        edge = round(share * min(width, height))
        out = Image.new(image.mode, image.size, (level,) * 3 if image.mode == "RGB" else level)
        out.paste(image.crop((edge, edge, width - edge, height - edge)), (edge, edge))
        return out

    return edit


def cast(red: float, blue: float) -> Edit:
    def edit(image: Image.Image, rng: Generator) -> Image.Image:
        pixels = np.asarray(image.convert("RGB"), np.float32) * (red, 1, blue)
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))

    return edit


def save(image: Image.Image, path: Path) -> None:
    image.save(path, quality=92)


# --------------------------------------------------------------------------------------------------- plants: copies

COPIES: dict[str, Edit] = {
    "mirrored": transposed(Image.Transpose.FLIP_LEFT_RIGHT),
    "flipped": transposed(Image.Transpose.FLIP_TOP_BOTTOM),
    "turned 90": transposed(Image.Transpose.ROTATE_90),
    "turned 180": transposed(Image.Transpose.ROTATE_180),
    "turned 270": transposed(Image.Transpose.ROTATE_270),
    "transposed": transposed(Image.Transpose.TRANSPOSE),
    "transversed": transposed(Image.Transpose.TRANSVERSE),
    "crop 3 %": crop(0.03),
    "crop 6 %": crop(0.06),
    "crop 10 %": crop(0.10),
    "crop 6 %, not resized": crop(0.06, back=False),
    "brighter": brighter(1.4),
    "darker": brighter(0.6),
    "more contrast": contrast(1.6),
    "gamma": gamma(1.8),
    "JPEG 30": resaved(30),
    "JPEG 10": resaved(10),
    "half size": resized(0.5),
    "third size": resized(0.33),
    "double size": resized(2),
    "noisy": noisy(12),
    "blurred": blurred(1.5),
    "turned 5": turned(5),
    "turned 12": turned(12),
    "augmented": augmented,
}


def copies(edit: Edit, number: int = 30, to: str = "val", other_class: bool = False) -> Plant:
    """Edited copies of training images, in validation, in training again, or in another class."""

    def plant(root: Path) -> None:
        rng = np.random.default_rng(11)
        labels = sorted(path.name for path in (root / "train").iterdir())
        files = sorted((root / "train").rglob("*.*"))
        for k in rng.permutation(len(files))[:number]:
            source = files[k]
            label = labels[(labels.index(source.parent.name) + other_class) % len(labels)]
            with Image.open(source) as image:
                save(edit(image.copy(), rng), root / to / label / f"{rng.integers(10**9):09}{source.suffix}")

    return plant


def augmented_before_split(root: Path) -> None:
    """Every image five times on disk, augmented, then divided at random."""
    rng = np.random.default_rng(12)
    for folder in sorted((root / "train").iterdir()):
        files = sorted(folder.iterdir())[:40]
        for path in (root / "val" / folder.name).iterdir():
            path.unlink()
        for path in sorted(folder.iterdir())[40:]:
            path.unlink()
        for path in files:
            with Image.open(path) as image:
                for _ in range(4):
                    to = root / ("val" if rng.random() < 0.25 else "train") / folder.name
                    save(augmented(image.copy(), rng), to / f"{rng.integers(10**9):09}{path.suffix}")


# ----------------------------------------------------------------------------------------- plants: parts and classes


def edit_files(files: Iterable[Path], edit: Edit, share: float = 1.0) -> None:
    rng = np.random.default_rng(13)
    for path in sorted(files):
        if rng.random() < share:
            with Image.open(path) as image:
                changed = edit(image.copy(), rng)
            save(changed, path)


def in_part(edit: Edit, part: str = "val", label: str = "*", share: float = 1.0) -> Plant:
    return lambda root: edit_files((root / part).glob(f"{label}/*.*"), edit, share)


def in_class(edit: Edit, otherwise: Edit | None = None) -> Plant:
    def plant(root: Path) -> None:
        labels = sorted(path.name for path in (root / "train").iterdir())
        edit_files(root.glob(f"*/{labels[1]}/*.*"), edit)
        if otherwise:
            edit_files(root.glob(f"*/{labels[0]}/*.*"), otherwise)

    return plant


PARTS: dict[str, Plant] = {
    "blurred": in_part(blurred(1.2)),
    "noisy": in_part(noisy(10)),
    "channels swapped": in_part(swapped),
    "cast": in_part(cast(1.12, 0.9)),
    "JPEG 25": in_part(resaved(25)),
    "framed": in_part(framed()),
    "turned 90": in_part(transposed(Image.Transpose.ROTATE_90)),
    "one class blurred": in_part(blurred(1.2), label="*[1A]"),
    "half size": in_part(lambda i, r: resized(2)(resized(0.5)(i, r), r)),
    "brighter": in_part(brighter(1.25)),
    "contrast": in_part(contrast(0.7)),
    "training augmented": in_part(augmented, "train"),
}
CLASSES: dict[str, Plant] = {
    "tag": in_class(tagged()),
    "tag at the top": in_class(tagged("nw", 0.06)),
    "tag in 70 %": in_class(tagged(share=0.7)),
    "frame": in_class(framed()),
    "white frame": in_class(framed(0.02, 255)),
    "JPEG 30 before": in_class(resaved(30)),
    "noisy": in_class(noisy(8)),
    "blurred": in_class(blurred(1.0)),
    "brighter": in_class(brighter(1.45)),
    "cast": in_class(cast(1.2, 0.8)),
    "another source": in_class(lambda i, r: blurred(0.8)(noisy(5)(contrast(0.8)(i, r), r), r)),
}


# --------------------------------------------------------------------------------------------------- plants: groups


def scenes(root: Path, name: Callable[[int, int], str], *, alike: bool = True, count: int = 12) -> Path:
    """Photographs of scenes, divided at random; the name tells the scene, whose background is the same if `alike`."""
    rng = np.random.default_rng(14)
    for scene in range(count):
        for n in range(24):
            label = int(rng.integers(2))
            part = "val" if rng.random() < 0.3 else "train"
            image = photograph(rng, label, scene=np.random.default_rng(1000 + scene) if alike else None)
            path = root / part / f"class{label}" / name(scene, n)
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save(path, quality=92)
    return root


GROUP_NAMES: dict[str, Callable[[int, int], str]] = {
    "scene03_0007": lambda s, n: f"scene{s:02}_{n:04}.jpg",
    "video-3-frame-7": lambda s, n: f"video-{s}-frame-{n}.jpg",
    "20210503_xyz": lambda s, n: f"202105{s + 1:02}_{n * 7919 % 1000:03}.jpg",
    "folder": lambda s, n: f"site{s}/{n:04}.jpg",
    "hash_slide": lambda s, n: f"{n:04}-TCGA{s * 37 + 11}.jpg",
}


def build(root: Path, healthy: str, plant: Plant | None = None) -> Path:
    """A healthy set, and what is planted in it, made anew."""
    shutil.rmtree(root, ignore_errors=True)
    HEALTHY[healthy](root)
    if plant:
        plant(root)
    return root
