"""ArrayCache: one small array for each image of a dataset, kept on disk by the content of the file."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core import files as disk
from core import paths
from core.progress import Progress

_THREADS = min(8, max(2, os.cpu_count() or 2))

D = TypeVar("D", bound=np.generic)


class HasContent(Protocol):
    """What is asked of a file here: its place and its content."""

    @property
    def path(self) -> str: ...

    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class ArrayCache(Generic[D]):
    """Arrays of one kind; of each dataset they lie in one file `<cache>/<name>/<hash of its folder>.npz`.

    Attributes:
        name: str. Folder of the kind, and name of the arrays in the file.
        version: int. Of what `make` computes; arrays of another version are made again.
        shape: tuple of int. Of each array.
        dtype: type. Of each array.
        make: callable. From the path of an image file to its array; raises UnreadableImage.
    """

    name: str
    version: int
    shape: tuple[int, ...]
    dtype: type[D]
    make: Callable[[Path], NDArray[D]]

    def arrays(self, root: Path, files: Sequence[HasContent], progress: Progress | None = None) -> list[NDArray[D]]:
        """Arrays of images: those that were kept; the others are made and kept.

        Args:
            root: Path. The folder that the files' paths are relative to.
            files: sequence of ImageFile.
            progress: callable of (done, total) images. Defaults to none; not called when nothing has to be decoded.

        Returns:
            List of arrays, one for each of `files`.

        Raises:
            UnreadableImage: a file has gone or changed since the scan.
        """
        kept = self.read(root)
        missing = list({file.sha256: file for file in files if file.sha256 not in kept}.values())
        if missing:
            with ThreadPoolExecutor(_THREADS) as pool:
                made = pool.map(lambda file: self.make(root / file.path), missing)
                for done, array in enumerate(made):
                    kept[missing[done].sha256] = array
                    if progress is not None:
                        progress(done + 1, len(missing))
            self._write(root, kept)
        return [kept[file.sha256] for file in files]

    def stacked(self, root: Path, files: Sequence[HasContent], progress: Progress | None = None) -> NDArray[D]:
        """The same as one array `(len(files), *shape)`; see `arrays`."""
        found = self.arrays(root, files, progress)
        return np.stack(found) if found else np.zeros((0, *self.shape), self.dtype)

    def add(self, root: Path, fresh: Mapping[str, NDArray[D]], wanted: Iterable[str]) -> None:
        """Adds arrays to those of a folder.

        Args:
            root: Path. The dataset's folder.
            fresh: mapping from SHA-256. What was just made.
            wanted: SHA-256 of what is there now; of other contents nothing is kept.
        """
        if fresh:
            known = {**self.read(root), **fresh}
            self._write(root, {sha: known[sha] for sha in wanted if sha in known})

    def read(self, root: Path) -> dict[str, NDArray[D]]:
        """What was kept of a folder, by SHA-256; nothing where the file is absent, damaged or of another version."""
        try:
            with self._path(root).open("rb") as file, np.load(file, allow_pickle=False) as record:
                made, names = record[self.name], record["sha256"].tolist()
                sound = int(record["version"]) == self.version and made.dtype == self.dtype
                if sound and made.shape == (len(names), *self.shape):
                    return dict(zip(names, made, strict=True))
        except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
            pass
        return {}

    def _write(self, root: Path, made: Mapping[str, NDArray[D]]) -> None:
        if made:
            named: dict[str, Any] = {self.name: np.stack(list(made.values()))}
            # It only saves time: a full or read-only disk is no reason to fail.
            with suppress(OSError), disk.replacing(self._path(root)) as file:
                np.savez(file, version=self.version, sha256=np.array(list(made)), **named)

    def _path(self, root: Path) -> Path:
        return paths.cache_folder() / self.name / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.npz"
