"""What a .keras file that was exported here says: how images become squares, by which window, and its classes."""

import json
import zipfile
from pathlib import Path
from typing import Any

from core.data.deep import window_limits
from core.data.rendering import FITS

NOTE, KEY = "metadata.json", "parity"
"""The member of a .keras file that Keras writes and does not read, and our key in it."""

_MOST_BYTES = 65_536


def own_settings(path: Path) -> dict[str, Any]:
    """The settings `data.fit` and `data.window` that a model was trained with; empty where it does not say.

    Args:
        path: A model's file that was let in.
    """
    record = _record(path)
    try:
        fit, limits = record.get("fit"), window_limits(record.get("window"))
    except (ValueError, TypeError, LookupError, AttributeError):
        return {}
    found: dict[str, Any] = {"data.fit": fit} if fit in FITS else {}
    if limits:
        found |= {"data.window": "fixed", "data.window_low": limits[0], "data.window_high": limits[1]}
    return found


def own_classes(path: Path) -> list[str]:
    """The names of its classes, in the order of the outputs; empty where it does not say.

    Args:
        path: A model's file.
    """
    names = _record(path).get("classes")
    return list(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else []


def _record(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(NOTE) as file:
            record = json.loads(file.read(_MOST_BYTES))[KEY]
    except (zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError, OSError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
