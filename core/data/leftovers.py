"""Junk and hidden names (Thumbs.db, __MACOSX, @eaDir, .git, ...) in a dataset: never a class, never an image."""

import re

_FILES = {"thumbs.db", "desktop.ini", "ehthumbs.db", "ehthumbs_vista.db", "icon\r", "picasa.ini", "folder.db"}
_FOLDERS = {
    "__macosx", "__pycache__", "lost+found", "node_modules", "_vti_cnf",
    "$recycle.bin", "recycler", "recycled", "system volume information",  # Windows
    "network trash folder", "temporary items", "thevolumesettingsfolder",  # macOS on shares
    "@eadir", "#recycle", "#snapshot", "@tmp", "@sharebin",  # Synology
    "@recycle", "@recently-snapshot", "@__thumb", "@transcode",  # QNAP
}  # fmt: skip
_PATTERN = re.compile(r"found\.\d{3}|ehthumbs_\w+\.db|~\$.*|@syno\w+", re.IGNORECASE)

_KNOWN_HIDDEN = {
    "git", "svn", "hg", "bzr", "dvc", "github", "idea", "vscode", "vs", "venv", "env", "tox", "nox",
    "ipynb_checkpoints", "jupyter", "cache", "config", "local", "mypy_cache", "pytest_cache", "ruff_cache",
    "huggingface", "kaggle", "streamlit", "parity",
    "thumbnails", "thumbs", "thumb", "@__thumb", "comments", "xvpics", "picasaoriginals", "picasa",
    "trash", "trashes", "recycle", "spotlight-v100", "fseventsd", "temporaryitems", "documentrevisions-v100",
    "appledouble", "appledb", "appledesktop", "ds_store", "localized", "directory",
    "sync", "stfolder", "stversions", "dropbox", "dropbox.cache", "owncloudsync", "nextcloudsync", "nfs", "snapshot",
    "snapshots", "tmp", "temp", "hidden",
}  # fmt: skip


def is_junk(name: str) -> bool:
    """Whether a file or folder is a system file, not by a person: hidden, `__MACOSX`, `Thumbs.db`, `@eaDir`, ...

    Args:
        name: One component of a path.
    """
    lower = name.lower()
    return name.startswith(".") or lower in _FILES or lower in _FOLDERS or bool(_PATTERN.fullmatch(name))


def is_unusual(name: str) -> bool:
    """Whether a hidden folder is none that a program is known to leave: it may be a class, such as `.net`.

    Args:
        name: One component of a path.
    """
    stem = re.split(r"[-_]?\d*$", name[1:].lower(), maxsplit=1)[0]  # .Trash-1000
    return (
        name.startswith(".")
        and not name.startswith("._")
        and name[1:].lower() not in _KNOWN_HIDDEN
        and (stem not in _KNOWN_HIDDEN)
    )
