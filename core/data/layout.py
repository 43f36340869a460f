"""Layout of a dataset's folder: where its parts (train, val, test) and classes are; no file is opened here.

What a folder can be read as is decided in `readings`; here one reading is taken, or refused, or asked about.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from core.data.class_count import check_class_count
from core.data.distinct_names import check_class_name, check_distinct
from core.data.every_reading import all_readings, passed_over, reading_by_hand
from core.data.file_names import display_name
from core.data.layout_choice import AUTO, Choice, read_choice
from core.data.leftovers import is_junk
from core.data.listing import Folder, list_folder, unreadable
from core.data.masks import WHY, masks_of, masks_told, without_masks
from core.data.other_files import others_told
from core.data.part_names import shown
from core.data.part_readings import EXPECTED
from core.data.reading import OFFERED, ClassFolder, Reading
from core.data.split_lists import listed_splits
from core.data.table_agreement import added, agrees, folder_labels, table_or_folders, which_table
from core.data.table_choice import read_table_choice
from core.data.table_labels import guess_tables, read_chosen
from core.data.table_rows import Labelled, TableReading
from core.errors import DataError, LayoutQuestion

__all__ = ["EXPECTED", "ClassFolder", "Layout", "check_class_name", "check_distinct", "find_layout", "is_junk"]


@dataclass(frozen=True)
class Layout:
    """What `find_layout` found; see `DatasetIndex` for the fields they share.

    Attributes:
        folders: Every class folder of every split, their paths relative to the root.
        outside: Image files beside the class folders, which belong to no class.
        left_out: `(folder, why)` of folders with images that are not used.
        reading: The word for `--layout` that stands for it.
        reasons: Why it is read so, as sentences.
        others: `(word, sentence)` of the other ways to read it.
        chosen: Whether a person has chosen it.
        listed: Every image, where a table and not the folders gives the labels.
        masks: Files and folders in the class folders that are passed over, as they belong to other images.
        told: What a table says besides of images in class folders: their part, group and fold.
    """

    root: Path
    kind: Literal["splits", "classes"]
    classes: tuple[str, ...]
    folders: tuple[ClassFolder, ...]
    outside: tuple[str, ...]
    notes: tuple[str, ...]
    test_as_validation: bool
    left_out: tuple[tuple[str, str], ...] = ()
    reading: str = "classes"
    reasons: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    chosen: bool = False
    listed: tuple[Labelled, ...] = ()
    masks: frozenset[str] = frozenset()
    told: dict[str, Labelled] = field(default_factory=dict)


def find_layout(root: Path, choice: Choice | None = None) -> Layout:
    """Finds parts and classes, passing through wrapper folders (chest_xray/chest_xray/train).

    Args:
        root: The folder a person has chosen.
        choice: How it is to be read. Defaults to what is remembered beside it, else to what names and structure say.

    Raises:
        LayoutQuestion: it can be read in several ways, and nobody has chosen one.
        DataError: it is missing or unreadable, or has no two classes with usable, different names.
    """
    top = list_folder(root)
    named = read_table_choice(root.resolve()) if choice is None else None
    if named is not None:
        return _of_table(root, top, read_chosen(top, root.resolve(), named), chosen=True)
    choice = choice or read_choice(root.resolve())
    images = without_masks(top)
    if not choice.is_auto:
        return _of_folders(root, images, _chosen(root, images, choice, all_readings(images, strict=False)), choice)
    try:
        layout = _of_folders(root, images, _taken(root, images, all_readings(images)), choice)
    except DataError as error:
        return _with_lists(root, images, _of_table(root, top, _table_instead(root, top, error)))
    return _with_lists(root, images, _with_tables(root, images, layout))


def _of_folders(root: Path, top: Folder, reading: Reading, choice: Choice) -> Layout:
    """The layout of a reading by folders."""
    ways = all_readings(top, strict=False)
    _check_readable(root, top, reading)
    _check_classes(root, top, reading, ways)
    base = top.below(reading.root) or top
    masks = masks_of(top)
    told = masks_told(top, (folder.path for folder in reading.folders))
    others = tuple((way.key, way.sentence()) for way in ways if way.key != reading.key)
    return Layout(
        root=root.resolve() / reading.root if reading.root else root.resolve(),
        kind=reading.kind,
        classes=tuple(sorted(reading.labels)),
        folders=tuple(replace(f, path=_from(reading.root, f.path)) for f in reading.folders),
        outside=tuple(display_name(_from(reading.root, path)) for path in reading.outside),
        notes=(*reading.notes, *told, *passed_over(top, base, reading)),
        test_as_validation=reading.test_as_validation,
        left_out=tuple(
            (display_name(path), why) for path, why in (*reading.left_out, *((path, WHY) for path in masks.folders))
        ),
        masks=frozenset(_from(reading.root, path) for path in (*masks.folders, *masks.files)),
        reading=choice.text() if choice.parts else reading.key,
        reasons=reading.reasons,
        others=others,
        chosen=not choice.is_auto,
    )


def _of_table(root: Path, top: Folder, reading: TableReading, *, chosen: bool = False) -> Layout:
    """The layout of a reading by a table."""
    for name in reading.classes:
        check_class_name(name)
    check_distinct(reading.classes)
    if len(reading.classes) < 2:
        raise LayoutQuestion(
            f"{(one := f'{reading.file} gives only one class, {display_name(reading.classes[0])}; at least two are')} "
            "needed. Select another column with --label.",
            (),
            f"{one} needed. Select another column.",
        )
    return Layout(
        root=root.resolve(),
        kind="splits" if any(image.split for image in reading.images) else "classes",
        classes=reading.classes,
        folders=(),
        outside=(),
        notes=reading.notes,
        test_as_validation=reading.test_as_validation,
        reading=f"table {reading.file}",
        reasons=(f"The table {reading.file} gives the labels: {reading.mapping.sentence()}.",),
        others=tuple((way.key, way.sentence()) for way in all_readings(top, strict=False)),
        chosen=chosen,
        listed=reading.images,
    )


def _table_instead(root: Path, top: Folder, error: DataError) -> TableReading:
    """A table that gives the labels where folders do not; else the error of the folders, or what the table lacks."""
    found, doubt = guess_tables(top, root.resolve())
    if len(found) > 1:
        raise which_table(found)
    if found and len(found[0].classes) > 1:
        return found[0]
    if isinstance(doubt, LayoutQuestion):
        raise LayoutQuestion(str(doubt), getattr(error, "ways", ()), doubt.here)
    if doubt and top.total and not isinstance(error, LayoutQuestion):
        raise DataError(f"{error} A table does not give the classes either: {doubt}") from error
    raise error


def _with_tables(root: Path, top: Folder, layout: Layout) -> Layout:
    """A layout of class folders with what a table of the same classes adds.

    Raises:
        LayoutQuestion: a table names most of the images and says other classes than the folders do.
    """
    found, _ = guess_tables(top, root.resolve())
    if not found or len(found[0].classes) < 2 or 2 * len(found[0].images) < top.total:
        return layout
    base = layout.root.relative_to(root.resolve()).as_posix().removeprefix(".")
    labels, parts = folder_labels(top, [replace(f, path=f"{base}/{f.path}".strip("/")) for f in layout.folders])
    reading = next((each for each in found if agrees(each, labels)), None)
    if reading is None and len(set(labels.values())) < 2:
        if len(found) > 1:
            raise which_table(found)
        return _of_table(root, top, found[0])
    if reading is None:
        raise table_or_folders(display_name(str(root)), found[0], labels, layout.reading)
    more = added(reading, labels, parts, layout.reading)
    return replace(
        layout,
        kind="splits" if more.splits else layout.kind,
        notes=layout.notes + more.notes,
        test_as_validation=reading.test_as_validation if more.splits else layout.test_as_validation,
        told={_from(base, path): image for path, image in more.told.items()},
    )


def _with_lists(root: Path, top: Folder, layout: Layout) -> Layout:
    """A layout without a split with that of text files that list the images of each part."""
    if layout.kind == "splits":
        return layout
    base = layout.root.relative_to(root.resolve()).as_posix().removeprefix(".")
    labels, _ = folder_labels(top, [replace(f, path=f"{base}/{f.path}".strip("/")) for f in layout.folders])
    known = {image.path: image for image in layout.listed} or {
        path: layout.told.get(_from(base, path), Labelled(path, label, "", "")) for path, label in labels.items()
    }
    parts, notes = listed_splits(top, root.resolve(), list(known))
    if not parts:
        return replace(layout, notes=layout.notes + notes)
    serves = "val" not in parts.values()
    divided = [replace(image, split=_serving(parts[path], serves=serves)) for path, image in known.items()]
    return replace(
        layout,
        kind="splits",
        notes=layout.notes + notes + ("There is no val part, so the test part is used for validation.",) * serves,
        test_as_validation=serves,
        listed=tuple(divided) if layout.listed else (),
        told={} if layout.listed else {_from(base, image.path): image for image in divided},
    )


def _serving(part: str, *, serves: bool) -> str:
    return "val" if serves and part == "test" else part


def _taken(root: Path, top: Folder, ways: list[Reading]) -> Reading:
    """The one reading that names and structure speak for."""
    likely = [way for way in ways if way.rank > OFFERED]
    best = [way for way in likely if way.rank == likely[0].rank]
    if len(best) == 1:
        return best[0]
    if not best:
        raise _unclassed(root, top, ways)
    told = "; or ".join(f"{way.sentence()} (--layout {way.key})" for way in best)
    begin = f"{display_name(str(root))} can be read in {_number(len(best))} ways: "
    raise LayoutQuestion(
        f"{begin}{told}. Choose one on the Dataset page, or with --layout.",
        tuple((way.key, way.sentence()) for way in [*best, *(w for w in ways if w not in best)]),
        f"{begin}{'; or '.join(way.sentence() for way in best)}. Choose one.",
    )


def _chosen(root: Path, top: Folder, choice: Choice, ways: list[Reading]) -> Reading:
    """The reading that a person has chosen."""
    if choice.parts:
        return reading_by_hand(root, top, choice)
    found = next((way for way in ways if way.key == choice.key), None)
    if found is None:
        possible = ", ".join(way.key for way in ways) or "none"
        raise LayoutQuestion(
            f"{display_name(str(root))} cannot be read with --layout {choice.key}; possible: {possible}; "
            f"--layout {AUTO} resets the choice.",
            tuple((way.key, way.sentence()) for way in ways),
            f"{display_name(str(root))} can no longer be read as was chosen ({choice.key}). Choose again.",
        )
    return found


def _unclassed(root: Path, top: Folder, ways: list[Reading]) -> DataError:
    """Why there are no classes."""
    where = display_name(str(root))
    told = next((way for way in ways if way.key == "names"), None)
    if told:
        begin = f"The images in {where} are not in class folders. {EXPECTED} Their names contain the classes "
        masks = " ".join(["", *masks_told(top)])
        return LayoutQuestion(
            f"{begin}{shown(told.labels)}: use --layout names.{masks}",
            (("names", told.sentence()),),
            f"{begin}{shown(told.labels)}.{masks}",
        )
    if links := list(dict.fromkeys(name for folder in top.walk() for name in folder.links)):
        return DataError(
            f"There are no images in {where}, only links to folders ({shown(links)}), which are not followed; put the "
            "folders themselves there, or copies (cp -rL)."
        )
    if top.total:
        begin = f"The images in {where} are not in class folders. {EXPECTED}"
        return DataError(" ".join([begin, *masks_told(top), *others_told(top)]))
    return DataError(" ".join([f"There are no images in {where}. {EXPECTED}", *others_told(top)]))


def _check_readable(root: Path, top: Folder, reading: Reading) -> None:
    """Refuses a part that cannot be listed: it would be missing without a word."""
    base = top.below(reading.root) or top
    classes = {folder.path for folder in reading.folders}
    needed = {path.rpartition("/")[0] for path in classes} | {child.path for child in base.folders} - classes
    for folder in top.walk():
        if folder.error and folder.path in needed:
            raise unreadable(display_name(str(root.resolve() / folder.path)), folder.error)


def _check_classes(root: Path, top: Folder, reading: Reading, ways: list[Reading]) -> None:
    where, classes = display_name(str(root)), sorted(reading.labels)
    check_class_count(len(classes), str(root))
    for name in classes:
        check_class_name(name)
    check_distinct(classes)
    if not classes or (len(classes) == 1 and any(way.key == "names" for way in ways)):
        raise _unclassed(root, top, ways)
    if len(classes) == 1:
        links = list(dict.fromkeys(name for folder in top.walk() for name in folder.links))
        more = f" {shown(links)} {'is a link' if len(links) == 1 else 'are links'}, not followed." if links else ""
        raise DataError(f"There is only one class, {classes[0]}, in {where}; at least two are needed. {EXPECTED}{more}")


def _from(root: str, path: str) -> str:
    """A path relative to the root; both are relative to the top."""
    return "" if path == root else path.removeprefix(f"{root}/") if root else path


def _number(count: int) -> str:
    return {2: "two", 3: "three"}.get(count, str(count))
