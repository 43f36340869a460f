"""Repacked zips: names without the folder that is around everything and without __MACOSX, .DS_Store, desktop.ini."""

from collections.abc import Iterable

from core.data.layout import is_junk


def unwrapped(names: Iterable[str]) -> dict[str, str]:
    """The files of a zip by their names inside the folders that are around everything.

    Args:
        names: As the zip has them; one that ends in `/` is a folder.

    Returns:
        From the short name to the whole one, without what Finder, Explorer and others leave behind (`__MACOSX`,
        `.DS_Store`, `desktop.ini`).
    """
    kept = [name for name in names if not name.endswith("/") and not any(map(_is_left, name.split("/")))]
    around = ""
    while kept and len({name.removeprefix(around).split("/")[0] for name in kept}) == 1:
        if any("/" not in name.removeprefix(around) for name in kept):
            break
        around += kept[0].removeprefix(around).split("/")[0] + "/"
    return {name.removeprefix(around): name for name in kept}


def _is_left(part: str) -> bool:
    return is_junk(part) and part != ".."  # which nobody leaves by accident
