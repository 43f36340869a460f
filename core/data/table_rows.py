"""What the rows of tables of labels say: class, part, group and fold of each image, and what does not fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.data.file_names import display_name
from core.data.part_names import shown
from core.data.table_classes import row_classes
from core.data.table_files import part_of
from core.data.table_finder import Finder
from core.data.table_guess import MAX_CLASSES, Mapping, marked_classes
from core.data.table_parts import columns_of, public_note, row_parts, unused_note
from core.data.tables import Table
from core.errors import DataError

_LONGEST_FOLD = 100


@dataclass(frozen=True)
class Labelled:
    """One image with its class, and its part, group and fold (`""` where not told)."""

    path: str
    label: str
    split: str
    group: str
    fold: str = ""


@dataclass(frozen=True)
class TableReading:
    """What a table gives.

    Attributes:
        file: The table, relative to the dataset's folder.
        mapping: Which column is what.
        images: Labelled images, sorted by path.
        notes: What is worth saying, as sentences.
        matched: Rows that name an image.
        test_as_validation: Whether a test part is used for validation.
    """

    file: str
    mapping: Mapping
    images: tuple[Labelled, ...]
    notes: tuple[str, ...]
    matched: int
    test_as_validation: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in code-point order."""
        return tuple(sorted({image.label for image in self.images}))

    def sentence(self) -> str:
        """The reading in words."""
        return f"the classes {shown(self.classes)} of {display_name(self.file)}"


@dataclass
class GatheredRows:
    """What the rows of one or several tables say."""

    labels: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    folds: dict[str, str] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)
    crossed: set[str] = field(default_factory=set)
    single: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    several: list[str] = field(default_factory=list)
    apart: dict[str, str] = field(default_factory=dict)
    said: dict[str, None] = field(default_factory=dict)
    matched: int = 0

    def take(self, table: Table, mapping: Mapping, finder: Finder, base: str, part: str, known: Iterable[str]) -> None:
        """Adds a table's rows; `known` are the cells of the class in all tables."""
        place = {name: k for k, name in enumerate(table.columns)}
        image = place[mapping.image]
        paths = finder.find_all((row[image] for row in table.rows), base)
        roles = row_parts(table, mapping.part) if mapping.part else [part] * len(table.rows)
        one = len(mapping.labels) == 1
        labels = row_classes(table.column(mapping.labels[0]), known) if one else marked_classes(table, mapping.labels)
        for row, path, role, label in zip(table.rows, paths, roles, labels, strict=True):
            if not path:
                self.missing.append(row[image])
                continue
            self.matched += 1
            if not label:
                (self.several if label is None else self.blank).append(path)
                continue
            if mapping.part and not role:
                self.apart[path] = " ".join(row[place[name]] for name in columns_of(table, mapping.part)) or "blank"
                continue
            if self.labels.setdefault(path, label) != label:
                self.torn.add(path)
            if self.parts.setdefault(path, role) != role:
                self.crossed.add(path)
            self.groups[path] = row[place[mapping.group]] if mapping.group else ""
            if mapping.group and not self.groups[path]:
                self.single.append(path)
            self.folds[path] = row[place[mapping.fold]][:_LONGEST_FOLD] if mapping.fold else ""
        self._say_of(table, mapping)

    def _say_of(self, table: Table, mapping: Mapping) -> None:
        """What is worth saying of a table's split."""
        taken = (mapping.image, *mapping.labels, *columns_of(table, mapping.part), mapping.group, mapping.fold)
        self.say((public_note(table, mapping.part) if mapping.part else "", unused_note(table, taken), table.note))

    def say(self, notes: Iterable[str]) -> None:
        """Keeps sentences that are worth saying, each once."""
        self.said |= dict.fromkeys(note for note in notes if note)

    def reading(self, file: str, mapping: Mapping, images: Sequence[str]) -> TableReading:
        """The labelled images, and sentences on what does not fit."""
        kept = sorted(self.labels.keys() - self.torn - self.crossed)
        self._parts_of_folders(kept)
        roles = {self.parts[path] for path in kept}
        serves = "val" not in roles and {"train", "test"} <= roles
        split = len(roles) > 1
        labelled = tuple(
            Labelled(path, self.labels[path], self._split(path, split, serves), self.groups[path], self.folds[path])
            for path in kept
        )
        if len({image.label for image in labelled}) > MAX_CLASSES:
            raise DataError(
                f"The column {display_name(mapping.labels[0])} of {display_name(file)} has more than {MAX_CLASSES:,} "
                "different values; choose another with --label."
            )
        notes = [f"Labels come from {display_name(file)}: {display_name(mapping.sentence())}."]
        notes += ["There is no val part, so the test part is used for validation."] if serves else []
        notes += self._notes(images, mapping)
        return TableReading(file, mapping, labelled, tuple(notes), self.matched, serves)

    def _parts_of_folders(self, paths: Sequence[str]) -> None:
        """Takes the parts from the images' folders where no table says any, and all of the folders do."""
        if any(self.parts[path] for path in paths):
            return
        found = {path: part_of(f"{path.rpartition('/')[0]}/") for path in paths}
        roles = set(found.values())
        if "train" in roles and len(roles) > 1 and "" not in roles:
            self.parts |= found
            self.say(["The split is that of the folders of the images."])

    def _split(self, path: str, split: bool, serves: bool) -> str:
        role = self.parts[path] if split else ""
        return "val" if serves and role == "test" else role

    def _notes(self, images: Sequence[str], mapping: Mapping) -> list[str]:
        known = self.labels.keys() | set(self.blank) | set(self.several) | self.apart.keys()
        parts, group = display_name(mapping.part), display_name(mapping.group)
        unlisted = [path for path in images if path not in known]
        told = [
            (self.missing, "row has a file name that does not exist", "rows have file names that do not exist"),
            (unlisted, "image is not in the table", "images are not in the table"),
            (self.blank, "row has no class", "rows have no class"),
            (self.several, "row has several classes", "rows have several classes"),
            (sorted(self.torn), "image has rows with different classes", "images have rows with different classes"),
            (self.single, f"row has no {group}", f"rows have no {group}"),
            (sorted(self.crossed), "image is in several splits", "images are in several splits"),
            (
                [f"{path} ({cell})" for path, cell in self.apart.items()],
                f"row is left out, as {parts} says no split for it",
                f"rows are left out, as {parts} says no split for them",
            ),
        ]
        return [*self.said] + [
            f"{len(items):,} {one if len(items) == 1 else many}: {shown(items, 3)}."
            for items, one, many in told
            if items
        ]
