"""What to call a dataset: the name that a person gave it, else that of the zip or folder it was uploaded as, else the
last part of its folder; never where it lies.

A name is kept in the upload's own folder, or in a sidecar file of the folder (see `core/data/sidecar.py`).
"""

import time
from pathlib import Path

from core import files, paths
from core.data import sidecar
from core.data.file_names import display_name
from core.errors import DataError
from core.setting import is_printable

TITLE = ".title.json"
"""Hidden file of an upload: its name, as JSON text."""

LONGEST = 100
"""Most characters of a name."""

NAME = "name"
_MOST_BYTES = 4096
_HOLDS_SECONDS = 2.0
_known: dict[tuple[Path, str], tuple[float, str]] = {}
"""Home and dataset -> when its name was looked up, and the name."""

_MOST_KNOWN = 1000


def set_name(reference: str) -> str:
    """What to call a dataset.

    Args:
        reference: str. A folder, or a word such as `sample`.
    """
    folder = Path(reference)
    if not folder.is_absolute():
        return folder.name or reference
    now, key = time.monotonic(), (paths.home(), reference)
    when, name = _known.get(key, (float("-inf"), ""))
    if now - when > _HOLDS_SECONDS:
        while len(_known) >= _MOST_KNOWN:
            _known.pop(next(iter(_known)), None)
        name = _looked_up(folder)
        _known[key] = now, name
    return name


def rename_set(folder: Path, name: str) -> str:
    """Gives a dataset another name; nothing else in its folder changes.

    Args:
        folder: Path.
        name: str. At most `LONGEST` printable characters; blanks are put together. Empty: it has its first name again.

    Returns:
        Its name now.

    Raises:
        DataError: the name is not allowed, there is no such folder, or nothing can be written.
    """
    name = " ".join(name.split())
    if len(name) > LONGEST or not is_printable(name):
        raise DataError(
            f"a name may have {LONGEST} printable characters at most, but {len(name)} were given; shorten it"
        )
    if not folder.is_dir():
        raise DataError(f"there is no folder {display_name(folder.name)} (any more); choose another dataset")
    if name:
        sidecar.write(folder, NAME, {"version": 1, "name": name})
    else:
        sidecar.remove(folder, NAME)
    _known.pop((paths.home(), str(folder)), None)
    return set_name(str(folder))


def _looked_up(folder: Path) -> str:
    own = _given(folder) or _uploaded_as(folder)
    if folder.parent != paths.uploads_folder() or not own:
        return own or display_name(folder.name or str(folder))
    namesakes = [other for other in _uploads() if other != folder and (_given(other) or _uploaded_as(other)) == own]
    return f"{own}, uploaded {_when(folder)}" if namesakes else own


def _given(folder: Path) -> str:
    """The name in the sidecar file, which may have come with the images from elsewhere."""
    path = sidecar.find(folder, NAME)
    try:
        if path is None or path.stat().st_size > _MOST_BYTES:
            return ""
    except OSError:
        return ""
    record = files.read_json(path)
    return _fit(record.get("name")) if isinstance(record, dict) else ""


def _uploaded_as(folder: Path) -> str:
    return _fit(files.read_json(folder / TITLE)) if folder.parent == paths.uploads_folder() else ""


def _fit(name: object) -> str:
    return name if isinstance(name, str) and len(name) <= 2 * LONGEST and is_printable(name) else ""


def _uploads() -> list[Path]:
    try:
        return [path for path in paths.uploads_folder().iterdir() if (path / TITLE).is_file()]
    except OSError:
        return []


def _when(folder: Path) -> str:
    """When an upload came; to the second, as two of one name may come within a minute."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime((folder / TITLE).stat().st_mtime))
    except OSError:
        return folder.name
