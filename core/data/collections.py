"""Public datasets that can be fetched by name, and how each becomes folders of images."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import files, paths
from core.data.download import digest, download
from core.errors import DataError
from core.progress import Progress

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Collection:
    """One published dataset in the form of MedMNIST: an .npz with `<part>_images` and `<part>_labels`.

    Attributes:
        name: What it is called on the command line.
        title: What it is called by its authors.
        size: Side of the images in pixels.
        url: Address of the file.
        md5: Its hash.
        classes: Names, by the number of the label.
        counts: Images by part.
        licence: Under which it may be used.
        source: Whom to name.
    """

    name: str
    title: str
    size: int
    url: str
    md5: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    licence: str
    source: str

    @property
    def label(self) -> str:
        """Title and size, which together tell it from every other."""
        return f"{self.title}, {self.size} × {self.size} pixels"

    @property
    def most_bytes(self) -> int:
        """Most that there can be to fetch: a byte a pixel, not compressed."""
        return sum(self.counts.values()) * self.size**2

    @property
    def folder(self) -> Path:
        """Where its images lie, once fetched."""
        return paths.collections_folder() / f"{self.name}-{self.size}"


def _pneumonia(size: int, suffix: str, md5: str) -> Collection:
    """Address, hash, classes and counts as the package `medmnist` 3.0.2 names them."""
    return Collection(
        "pneumoniamnist",
        "PneumoniaMNIST (MedMNIST v2)",
        size,
        f"https://zenodo.org/records/10519652/files/pneumoniamnist{suffix}.npz?download=1",
        md5,
        ("normal", "pneumonia"),
        {"train": 4708, "val": 524, "test": 624},
        "CC BY 4.0",
        "Yang et al., MedMNIST v2, Scientific Data 10 (2023) 41; images by Kermany et al., Cell 172 (2018) 1122",
    )


COLLECTIONS = (
    _pneumonia(28, "", "28209eda62fecd6e6a2d98b1501bb15f"),
    _pneumonia(64, "_64", "8f4eceb4ccffa70c672198ea285246c6"),
    _pneumonia(128, "_128", "05b46931834c231683c68f40c47b2971"),
    _pneumonia(224, "_224", "d6a3c71de1b945ea11211b03746c1fe1"),
)
"""Every dataset that can be fetched, the first of a name being the usual size."""


def find_collection(name: str, size: int | None = None) -> Collection:
    """The dataset of that name and size.

    Args:
        name: As on the command line.
        size: Side in pixels. Defaults to the smallest there is.

    Raises:
        DataError: there is none.
    """
    named = [each for each in COLLECTIONS if each.name == name.lower()]
    if not named:
        known = ", ".join(dict.fromkeys(each.name for each in COLLECTIONS))
        raise DataError(f"There is no dataset {name} to fetch; there is {known}.")
    found = next((each for each in named if size in (None, each.size)), None)
    if found is None:
        sizes = ", ".join(str(each.size) for each in named)
        raise DataError(f"{named[0].title} is available with {sizes} pixels per side, not with {size}.")
    return found


def published_of(folder: Path) -> Collection | None:
    """The dataset that was fetched into a folder; None for any other folder."""
    return next((each for each in COLLECTIONS if each.folder == folder), None)


def fetched_bytes(collection: Collection) -> int:
    """How much of a download that has broken off is kept; fetching goes on from there."""
    try:
        return _archive(collection).with_suffix(".npz.partial").stat().st_size
    except OSError:
        return 0


def fetch_collection(
    collection: Collection,
    file: Path | None = None,
    progress: Progress | None = None,
    writing: Progress | None = None,
) -> Path:
    """Fetches a dataset and writes its images out; what is there already is used.

    Args:
        collection: Collection.
        file: A file of it that was fetched otherwise. Defaults to none: it is downloaded.
        progress: Called with (bytes so far, bytes in all). Defaults to none.
        writing: Called with (images written, images in all). Defaults to `progress`.

    Returns:
        Folder with `train`, `val` and `test`, each with a folder of PNG files a class.

    Raises:
        DataError: it cannot be fetched or written, the file is not the published one, or another page or command is
            fetching it at this moment.
    """
    root, target = paths.collections_folder(), collection.folder
    if target.is_dir():
        return target
    lock = files.Lock(root / f".{target.name}.lock")  # two that write one file would both have it wrong
    try:
        if not lock.acquire():
            raise DataError(f"{collection.title} is already being downloaded by another page or command; wait for it.")
        _fetch(collection, file, progress, writing or progress)
    except OSError as error:
        raise DataError(f"{root} cannot be written: {error.strerror or error}.") from error
    finally:
        lock.release()
    return target


def _fetch(collection: Collection, file: Path | None, progress: Progress | None, writing: Progress | None) -> None:
    root, target = paths.collections_folder(), collection.folder
    if target.is_dir():  # another had the lock until now
        return
    if file is None:
        archive = download(collection.url, _archive(collection), collection.md5, progress)
    else:
        archive = _given(file, collection)
    try:
        with TemporaryDirectory(prefix=".partial-", dir=_made(root), ignore_cleanup_errors=True) as partial:
            unpack(archive, Path(partial, "new"), collection, writing)
            Path(partial, "new").replace(target)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise DataError(f"The images cannot be written below {root}: {error.strerror or error}.") from error
    if file is None:
        archive.unlink(missing_ok=True)


def unpack(archive: Path, folder: Path, collection: Collection, progress: Progress | None = None) -> None:
    """Writes the images of an .npz out as PNG files: `train/normal/00001.png`.

    Args:
        archive: Path. Arrays `<part>_images` (uint8, `(n, size, size)`) and `<part>_labels` (`(n, 1)`).
        folder: Path. Made here.
        collection: Collection. What must be in it.
        progress: Called with (images written, images in all). Defaults to none.

    Raises:
        DataError: other arrays are in it than there should be.
    """
    done, whole = 0, sum(collection.counts.values())
    for part in collection.counts:
        images, labels = _read(archive, part, collection)
        for label in collection.classes:
            (folder / part / label).mkdir(parents=True)
        for number, (pixels, index) in enumerate(zip(images, labels, strict=True), 1):
            Image.fromarray(pixels).save(folder / part / collection.classes[index] / f"{number:05}.png")
            done += 1
            if progress is not None:
                progress(done, whole)
    about = {"title": collection.title, "url": collection.url, "md5": collection.md5,
             "licence": collection.licence, "source": collection.source}  # fmt: skip
    files.write_json(folder / ".source.json", about)


def _read(archive: Path, part: str, collection: Collection) -> tuple[Pixels, list[int]]:
    """One part's images and labels, checked; an array of objects, which could run code, is not even read."""
    count, size = collection.counts[part], collection.size
    try:
        with archive.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile) as error:
        raise DataError(f"{archive.name} is not {collection.title}: {error}.") from error
    fits = images.shape == (count, size, size) and images.dtype == np.uint8 and labels.size == count
    if not fits or not np.isin(labels, np.arange(len(collection.classes))).all():
        raise DataError(f"{archive.name} is not {collection.title}: its {part} part is not {count} images with labels.")
    return images, [int(label) for label in labels.ravel()]


def _archive(collection: Collection) -> Path:
    return collection.folder.with_suffix(".npz")


def _given(file: Path, collection: Collection) -> Path:
    try:
        found = digest(file)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error
    if found != collection.md5:
        raise DataError(
            f"{file} is not {collection.title} of {collection.size} pixels: its MD5 is {found}, expected "
            f"{collection.md5}. It is published at {collection.url}"
        )
    return file


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
