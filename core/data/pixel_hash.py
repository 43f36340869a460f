"""Images by what they show: a hash of the decoded pixels, for files that hold the same image in other bytes.

A copy saved again without loss, without its comments, or as PNG for BMP has other bytes and the same pixels. Hashes are
kept below the cache folder, by the hash of the file they were computed from.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from core import files, paths
from core.data import images
from core.errors import UnreadableImage

MOST = 4000
"""Most images decoded for one question: a whole X-ray takes some 20 ms."""

_VERSION = 1
"""Part of the folder's name: to be raised when decoding changes its numbers."""


def pixel_hashes(root: Path, items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Hash of the decoded pixels of each file, by the SHA-256 of its bytes.

    Args:
        root: Path. Folder that the files' paths are relative to.
        items: iterable of mapping. Files as a manifest lists them, with `path` and `sha256`.

    Returns:
        Dictionary; a file that has gone, has changed since or cannot be decoded is not in it, nor are any when there
        are more than `MOST`.
    """
    wanted = {str(item["sha256"]): root / str(item["path"]) for item in items if item.get("sha256")}
    if len(wanted) > MOST:
        return {}
    store = _store(root)
    kept = files.read_json(store)
    known = {str(sha): str(found) for sha, found in kept.items()} if isinstance(kept, dict) else {}
    missing = [(sha, path) for sha, path in wanted.items() if sha not in known]
    if missing:
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="pixels") as pool:
            fresh = pool.map(lambda pair: _hash(*pair), missing)
            known |= {sha: found for (sha, _), found in zip(missing, fresh, strict=True) if found}
        with suppress(OSError):  # it only saves time: a full or read-only disk is no reason to fail
            files.write_json(store, known)
    return {sha: known[sha] for sha in wanted if sha in known}


def _hash(sha: str, path: Path) -> str:
    """Of a file's pixels at full size; empty where the file is not the one that the hash is of."""
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha:
            return ""
        image = images.decode(content)
    except (OSError, UnreadableImage):
        return ""
    return hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest()


def _store(root: Path) -> Path:
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    return paths.cache_folder() / f"pixel-hashes-{_VERSION}" / f"{name}.json"
