"""All layouts (readings) of a folder as a dataset, ranked: found by names and structure, or spelt out by a person.

How it decides. Names alone are not enough (`Testing` may be a class, `siteA` may be a part), so each reading needs the
names *and* the structure that goes with it:

* `parts`: folders named as parts (`train`, `Training`, `seg_train`, `fold_2`, in several languages), class folders
  below. A word in front must be the same for all (`seg_train`, `seg_test`), so that `freight_train` stays a class.
* `parts-below`: the other way round, `cats/train` or `cats_train`.
* `classes`: every folder is a class, whatever lies below it.
* `parts-inner`: as `parts`, but the innermost folders of each part are the classes.
* `fewer`: as the likeliest one, without folders that may be no classes (`test` or a copy of the others beside them).
* `inner`: the innermost folders are the classes, those above them are joined.
* `names`: images in one folder (or in parts), the class in the file's name.

Each reading that is possible has a rank: `CERTAIN`, `POSSIBLE` (names or structure speak for another one too) or
`OFFERED` (never taken unless it is chosen). One reading at the highest rank is taken if it is more than `OFFERED`; two
are asked about. The same function serves a folder, an unpacked zip and an upload.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from core.data.doubtful import beside_part, doubts, fewer, left_out, told_out, without
from core.data.file_names import display_name
from core.data.layout_choice import AUTO, Choice
from core.data.listing import Folder
from core.data.name_readings import class_then_part, named_files
from core.data.part_names import PartName, shown
from core.data.part_readings import Part, deeper_parts, flat_parts, inside_part, part_readings, parts_reading
from core.data.reading import OFFERED, Reading
from core.data.structure_readings import class_folders, inner_classes, structure_readings, unwrapped
from core.errors import DataError, LayoutQuestion


def all_readings(top: Folder, *, strict: bool = True) -> list[Reading]:
    """Every way to read a folder, the likeliest first.

    Args:
        top: From `list_folder`, without masks.
        strict: Whether contradictions between parts are refused; else such a reading is left out.

    Raises:
        DataError: see `part_readings`.
    """
    ways = _readings(top, strict=strict)
    found = doubts(top, ways[0]) if ways and ways[0].rank > OFFERED else []
    sure = [doubt for doubt in found if doubt.sure]
    if sure:
        rest = all_readings(without(top, (doubt.folder.path for doubt in sure)), strict=strict)
        return [
            replace(way, notes=(*way.notes, *told_out(sure)), left_out=(*way.left_out, *left_out(sure))) for way in rest
        ]
    if not found:
        return ways
    rest = _readings(without(top, (doubt.folder.path for doubt in found)), strict=False)
    more = [fewer(ways[0], way, found) for way in rest[:1] if way.rank > OFFERED]
    if part := beside_part(ways[0], found):
        ways = [way for way in ways if way.key != part.key]
        more = [part, *more]
    return sorted([*ways, *more], key=lambda way: -way.rank)


def _readings(top: Folder, *, strict: bool) -> list[Reading]:
    """Every way in which each folder is what names and structure say, the likeliest first."""
    folder = unwrapped(top)
    try:
        found = part_readings(folder)
    except DataError:
        if strict:
            raise
        found = []
    if not found and (below := class_then_part(folder)):
        found = [below]
    flat = flat_parts(folder)
    if not found and not flat:
        found = _deeper(folder, strict=strict) or (structure_readings(folder) if folder.folders else [])
    more = [class_folders(folder), inner_classes(folder, OFFERED), named_files(folder, flat)]
    for way in more:
        if way and len(way.labels) > 1 and way.key not in {known.key for known in found}:
            found.append(replace(way, rank=OFFERED))
    return sorted(found, key=lambda way: -way.rank)


def _deeper(folder: Folder, *, strict: bool) -> list[Reading]:
    """The reading of the one folder further down that holds parts; what lies beside it is left out and said."""
    deep = deeper_parts(folder)
    if len(deep) > 1 and strict:
        raise DataError(
            f"{shown(f'{each.path}/' for each in deep)} each have their own splits; give one of them as the dataset."
        )
    if len(deep) != 1:
        return []
    beside = [child for child in folder.filled if not f"{deep[0].path}/".startswith(f"{child.path}/")]
    notes = tuple(f"{shown([child.name])}/ beside {shown([deep[0].path])}/ is ignored." for child in beside)
    out = tuple((child.path, "it is next to the splits") for child in beside)
    return [
        replace(way, notes=way.notes + notes, left_out=way.left_out + out) if way.key.startswith("parts") else way
        for way in part_readings(deep[0])
    ]


def reading_by_hand(root: Path, top: Folder, choice: Choice) -> Reading:
    """Parts whose folders a person has named.

    Args:
        root: The folder that was chosen.
        top: From `list_folder`.
        choice: Names the folders.

    Raises:
        LayoutQuestion: a folder is not there, or has no class folders.
    """
    chosen: dict[str, list[Part]] = {}
    for role, names in choice.parts.items():
        for name in names:
            folder = top.below(name) or unwrapped(top).below(name)
            if folder is None or not folder.path:
                raise LayoutQuestion(
                    f"--layout names the folder {display_name(name)} for {role}, but there is none in "
                    f"{display_name(str(root))}; --layout {AUTO} resets the choice.",
                    (),
                )
            inner = inside_part(folder)
            if not inner.filled:
                raise LayoutQuestion(
                    f"{display_name(name)}/ has no class folders with images, so it cannot be a split; choose "
                    "other folders.",
                    (),
                )
            chosen.setdefault(role, []).append(Part(folder, inner, role, PartName(role, "", "")))
    used = {part.folder.path for parts in chosen.values() for part in parts}
    others = [child for child in unwrapped(top).filled if not any(f"{p}/".startswith(f"{child.path}/") for p in used)]
    return parts_reading(top, chosen, others=others)


def _above(path: str) -> Iterator[str]:
    """Paths of all folders above one, up to the top."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def passed_over(top: Folder, base: Folder, reading: Reading) -> tuple[str, ...]:
    """Sentences on what is passed over without being an image: links, hidden folders, folders beside a wrapper.

    Args:
        top: From `list_folder`.
        base: The folder that holds the parts or the classes.
        reading: How it is read.
    """
    parents = {folder.path.rpartition("/")[0] for folder in reading.folders} | {base.path, *_above(base.path)}
    seen = [folder for path in sorted(parents) if (folder := top.below(path))]
    notes = [
        f"{display_name(name)} is a link to a folder; links are not followed."
        for folder in seen
        for name in folder.links
    ]
    notes += [
        f"{display_name(name)}/ is hidden and skipped; rename it if it is a class."
        for folder in seen
        for name in folder.hidden
    ]
    folder = top
    for part in base.path.split("/") if base.path else ():
        inner = folder.child(part)
        notes += [
            f"{display_name(child.name)}/ beside {display_name(part)}/ holds no images."
            for child in folder.folders
            if child is not inner and not child.total
        ]
        folder = inner or folder
    return tuple(notes)
