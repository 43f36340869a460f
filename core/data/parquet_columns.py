"""Columns of a Parquet file that holds images: which has the images, which the class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.annotation_names import is_annotation
from core.data.file_names import display_name
from core.data.parquet_rows import label_names
from core.data.part_names import is_filler, shown
from core.data.table_guess import LABEL_NAME
from core.errors import DataError


@dataclass(frozen=True)
class Columns:
    """What is read of a file.

    Attributes:
        image: Column of the images.
        label: Column of the class; empty where the file has none that could be.
        names: Names of the classes by number; empty where the column has the names itself.
        rows: Number of rows.
        unused: Other columns of images.
        plain: Columns that could have the class.
    """

    image: str
    label: str
    names: tuple[str, ...]
    rows: int
    unused: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()


def columns_of(path: Path, label: str = "", image: str = "") -> Columns:
    """Finds the columns of a file.

    Args:
        path: The file.
        label: Column of the class. Defaults to the one that is a class label, or is called so.
        image: Column of the images. Defaults to the only one, or the one called so.

    Raises:
        DataError: it is damaged, holds no images, or one of the columns is not known.
    """
    from pyarrow import ArrowException, parquet, types

    name = display_name(path.name)
    try:
        with parquet.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (ArrowException, OSError) as error:
        raise DataError(f"{name} is damaged: {display_name(str(error).splitlines()[0])}.") from error
    images = [each.name for each in schema if _holds_images(each.type)]
    if not images:
        raise DataError(f"{name} holds no images; it has the columns {shown(schema.names, 12)}.")
    chosen = _image_column(name, images, image)
    names = label_names(schema.metadata or {})
    plain = [each.name for each in schema if not types.is_nested(each.type) and each.name not in images]
    found = _label_column(name, plain, names, label)
    unused = tuple(each for each in images if each != chosen)
    return Columns(chosen, found, tuple(names.get(found, ())), rows, unused, tuple(plain))


def _image_column(name: str, images: list[str], image: str) -> str:
    """The column with the images: no masks, and of several the one that is called so."""
    pictures = [each for each in images if not is_annotation(each)] or images
    called = [each for each in pictures if is_filler(each)]
    possible = [image] if image else pictures if len(pictures) == 1 else called
    if len(possible) != 1 or possible[0] not in images:
        raise DataError(f"Which column of {name} has the images? Set it with --image, one of {shown(images, 12)}.")
    return possible[0]


def _label_column(name: str, plain: list[str], names: dict[str, list[str]], label: str) -> str:
    """The column with the class; empty where no column could be."""
    possible = [n for n in plain if n in names] or [n for n in plain if LABEL_NAME.match(n)]
    if label:
        possible = [n for n in plain if n == label]
    if len(possible) > 1:
        raise DataError(which_class(name, plain))
    return possible[0] if possible else ""


def which_class(name: str, plain: Sequence[str]) -> str:
    """The sentence that asks for the column with the class."""
    return f"Which column of {name} is the class? Set it with --label, one of {shown(plain, 12)}."


def _holds_images(kind: Any) -> bool:
    """Bytes, or a pair of bytes and path."""
    from pyarrow import types

    if types.is_struct(kind):
        return any(child.name == "bytes" and _holds_images(child.type) for child in kind)
    return bool(types.is_binary(kind) or types.is_large_binary(kind))
