"""Explains why a class cannot be split into train and val: all its images are one group (a patient, or duplicates)."""

from collections.abc import Sequence

from core.data.dataset_index import ImageFile
from core.data.file_names import display_name

_NAMED = 3


def why_undivided(groups: Sequence[Sequence[ImageFile]], names: dict[str, str], pattern: str) -> str:
    """One sentence on what keeps all images of a class together, and what ends it; empty where nothing does.

    Args:
        groups: Files that must not be parted, from `join_files`.
        names: Group name by path; see `group_names`.
        pattern: `data.group_pattern` as it was used.
    """
    whole = next((group for group in groups if len(group) > 1 and _holds_whole_class(group, groups)), None)
    if whole is None:
        return ""
    labels = sorted({file.label for file in whole})
    what = f"all {len(whole):,} images of {', '.join(map(display_name, labels))}"
    if len({file.sha256 for file in whole}) == 1:
        shown = ", ".join(display_name(file.path) for file in whole[:_NAMED])
        return (
            f"Nothing of {display_name(labels[0])} can be held out for validation: {what} are copies of one file "
            f"({shown}, ...). Remove the copies and add different images."
        )
    groups_named = sorted({name for file in whole if (name := names.get(file.path, ""))})
    if not groups_named:
        return ""
    return (
        f"Nothing of {display_name(labels[0])} can be held out for validation: {what} count as one patient "
        f"({display_name(groups_named[0])}, as data.group_pattern={pattern or 'auto'} reads the file names), whose "
        "images stay together. If they are several, set data.group_pattern empty, or to a pattern that separates "
        "them; otherwise add images of other patients, or a val/ folder."
    )


def _holds_whole_class(group: Sequence[ImageFile], groups: Sequence[Sequence[ImageFile]]) -> bool:
    """Whether some class lies in this group alone."""
    elsewhere = {file.label for other in groups if other is not group for file in other}
    return bool({file.label for file in group} - elsewhere)
