"""Directory listing of a dataset as a tree of names: bounded, no file opened, no link followed."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from core.data.file_names import display_name, is_image_name
from core.data.leftovers import is_junk, is_unusual
from core.errors import DataError

MAX_ENTRIES = 1_000_000  # files and folders: whoever chooses `/` by mistake should not wait for a walk through it
MAX_DEPTH = 18  # wrappers, part and class above the 8 folders that the scan looks into below a class


@dataclass(frozen=True)
class Folder:
    """A folder's visible content, each list sorted by name.

    Attributes:
        path: Relative to the top of the listing, with `/`; `""` is the top itself.
        folders: Its sub-folders.
        links: Names of sub-folders that are links.
        images: Names of files with an image's extension.
        others: Names of all other files.
        hidden: Names of hidden sub-folders that no program is known to leave behind.
        error: Why it could not be listed; empty if it could.
        top_name: Name of the top, which has no path.
        mask_folders: Names of sub-folders that are taken out of the above, as they belong to the images.
        mask_files: Names of files that are.
    """

    path: str
    folders: tuple["Folder", ...] = ()
    links: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    error: str = ""
    top_name: str = ""
    mask_folders: tuple[str, ...] = ()
    mask_files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Last component of its path."""
        return self.path.rpartition("/")[2] or self.top_name

    @cached_property
    def total(self) -> int:
        """Images in it and in all folders below."""
        return len(self.images) + sum(folder.total for folder in self.folders)

    @property
    def filled(self) -> tuple["Folder", ...]:
        """Sub-folders that hold images, at whatever depth."""
        return tuple(folder for folder in self.folders if folder.total)

    @property
    def holds_folders_only(self) -> bool:
        """Whether there are folders in it and no images beside them."""
        return bool(self.folders) and not self.images

    def child(self, name: str) -> "Folder | None":
        """The sub-folder of that name."""
        return next((folder for folder in self.folders if folder.name == name), None)

    def below(self, path: str) -> "Folder | None":
        """The folder of that path, relative to this one; itself for `""`."""
        found: Folder | None = self
        for part in PurePosixPath(path).parts:
            found = found.child(part) if found else None
        return found

    def walk(self) -> Iterator["Folder"]:
        """This folder and all below, parents first."""
        yield self
        for folder in self.folders:
            yield from folder.walk()


def list_folder(root: Path) -> Folder:
    """Lists a folder and what lies below it.

    Args:
        root: The folder a person has chosen.

    Raises:
        DataError: it is missing, no folder, unreadable, or holds more than a million entries.
    """
    shown = display_name(str(root))
    try:
        if not root.exists():
            raise DataError(f"There is no folder “{shown}”; check the path, or choose another folder.")
        if not root.is_dir():
            raise DataError(f"{shown} is a file, not a folder; give the folder with the images.")
        top = root.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # no permission, a loop of links, a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise unreadable(shown, str(reason)) from error
    folder = _Walk(top, shown).list("", MAX_DEPTH)
    if folder.error:
        raise unreadable(shown, folder.error)
    return replace(folder, top_name=top.name)


def unreadable(shown: str, reason: str) -> DataError:
    """The error for a folder that cannot be listed."""
    return DataError(f"The folder {shown} cannot be read: {reason}; check its permissions.")


@dataclass
class _Walk:
    """One walk through a folder; keeps count of what it has seen."""

    top: Path
    shown: str
    seen: int = 0
    _text: dict[str, str] = field(default_factory=dict)

    def list(self, path: str, depth: int) -> Folder:
        try:
            with os.scandir(self.top / path) as entries:
                found = sorted(self._count(entries), key=lambda entry: entry.name)
        except (OSError, ValueError) as error:
            return Folder(path, error=str(getattr(error, "strerror", None) or error))
        kept = [entry for entry in found if not is_junk(entry.name)]
        folders = [entry for entry in kept if is_folder(entry)]
        names = {entry.name for entry in folders}
        files = [entry.name for entry in kept if entry.name not in names]
        own = [entry.name for entry in folders if not entry.is_symlink()]
        return Folder(
            path,
            folders=tuple(self.list(f"{path}/{name}".lstrip("/"), depth - 1) for name in own) if depth else (),
            links=tuple(entry.name for entry in folders if entry.is_symlink()),
            images=tuple(entry.name for entry in kept if _is_image(entry)),
            others=tuple(name for name in files if not is_image_name(name)),
            hidden=tuple(entry.name for entry in found if is_unusual(entry.name) and is_folder(entry, follow=False)),
        )

    def _count(self, entries: "os._ScandirIterator[str]") -> Iterator["os.DirEntry[str]"]:
        for entry in entries:
            self.seen += 1
            if self.seen > MAX_ENTRIES:
                raise DataError(
                    f"{self.shown} has more than {MAX_ENTRIES:,} files and folders; choose the dataset's folder."
                )
            yield entry


def status_of(path: Path) -> tuple[os.stat_result | None, str]:
    """A file's status, or None and why it cannot be used.

    Args:
        path: A file, or a link to one.
    """
    try:
        str(path).encode()
        info = path.stat()
    except UnicodeEncodeError:
        return None, "has a name that is not valid text"
    except OSError as error:
        return None, f"cannot be opened: {error.strerror}"
    return (info, "") if stat.S_ISREG(info.st_mode) else (None, "is not a regular file")


def is_folder(entry: "os.DirEntry[str]", *, follow: bool = True) -> bool:
    """Whether an entry is a folder, or leads to one; False where a loop of links leads nowhere.

    Args:
        entry: From `os.scandir`.
        follow: Whether links count. Defaults to True.
    """
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # a loop of links
        return False


def _is_image(entry: "os.DirEntry[str]") -> bool:
    """A file with an image's name; what it really is, the scan finds out."""
    try:
        return is_image_name(entry.name) and entry.is_file()
    except OSError:
        return False
