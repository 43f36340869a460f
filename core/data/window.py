"""Chooses the window of a dataset's deep images: once, for all of them, from its values or as a person says."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from core import files as disk
from core import paths
from core.config import DataConfig
from core.data.deep import PERCENTILES, Limits, Window, window_limits
from core.data.images import deep_of

LOOKED_AT = 64
"""Images measured, evenly spread over all; of each some 65,000 values. Enough for the tails, and seconds at most."""

_VALUES = 65_536
_VERSION = 1


class _File(Protocol):
    """What is asked of a file here."""

    @property
    def path(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def split(self) -> str: ...


def is_deep(file: _File) -> bool:
    """Whether an image has grey values of more than 8 bits, to which a window applies."""
    return file.mode.startswith("I")


def choose_window(data: DataConfig, root: Path, files: Sequence[_File]) -> Window:
    """The window that settings ask for.

    Args:
        data: DataConfig.
        root: Folder that the files' paths are relative to.
        files: All images of the dataset; those of a test part on disk are not looked at.

    Raises:
        UnreadableImage: an image has gone or changed since the scan.
    """
    if data.window == "fixed":
        return data.window_low, data.window_high
    deep = [file for file in files if is_deep(file) and file.split != "test"] if data.window == "percentile" else []
    return percentile_limits(root, deep) if deep else "full"


def percentile_limits(root: Path, files: Sequence[_File]) -> Limits:
    """The values at `PERCENTILES` of images, together; kept on disk by the content of those that were looked at.

    The same images give the same numbers however they are divided into parts: the choice of some goes by their content.
    """
    ordered = sorted(files, key=lambda file: file.sha256)
    chosen = [ordered[k] for k in np.unique(np.linspace(0, len(ordered) - 1, LOOKED_AT).round().astype(int))]
    facts = json.dumps([_VERSION, PERCENTILES, [file.sha256 for file in chosen]])
    kept = paths.cache_folder() / "windows" / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.json"
    known = window_limits(disk.read_json(kept))
    if known is None:
        known = _measured(root, chosen)
        with suppress(OSError):  # it only saves time: a full or read-only disk is no reason to fail
            disk.write_json(kept, list(known))
    return known


def _measured(root: Path, files: Sequence[_File]) -> Limits:
    found = []
    for file in files:
        deep = deep_of(root / file.path)
        if deep is not None:
            values = deep.values.reshape(-1)
            found.append(values[:: max(1, len(values) // _VALUES)].astype(np.float64))
    low, high = np.percentile(np.concatenate(found), PERCENTILES).tolist() if found else (0.0, 65_535.0)
    return low, high if high > low else low + 1  # of blank images
