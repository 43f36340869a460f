"""Rows of Parquet files: plain cells by column, a few rows at a time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.data.file_names import display_name
from core.errors import DataError

_AT_ONCE = 200
"""Rows that are read at once; a few bytes of the file may be a long text in each of them."""


def parquet_rows(path: Path, name: str, rows: int, columns: int) -> Iterator[dict[str, Any]]:
    """Rows of a Parquet file; the names of a Hugging Face class label in place of its number.

    Args:
        path: The file.
        name: What to call it.
        rows: How many it may have at most.
        columns: Likewise.

    Raises:
        DataError: it is damaged, has more of either, or has the images themselves.
    """
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(path) as file:
            for what, count, most in (
                ("rows", file.metadata.num_rows, rows), ("columns", file.metadata.num_columns, columns),
            ):  # fmt: skip
                if count > most:
                    raise DataError(f"{name} has {count:,} {what}; at most {most:,} are supported.")
            schema = file.schema_arrow
            plain = [field.name for field in schema if not _is_nested(field.type)]
            if len(plain) < len(schema.names) and not any(_is_text(schema.field(each).type) for each in plain):
                raise DataError(
                    f"{name} contains the images themselves; extract them to files: python -m core unpack {name} "
                    "FOLDER."
                )
            names = label_names(schema.metadata or {})
            for batch in file.iter_batches(batch_size=_AT_ONCE, columns=plain):
                for record in batch.to_pylist():
                    yield {key: _named(names.get(key), value) for key, value in record.items()}
    except (ArrowException, OSError, ValueError) as error:
        raise DataError(f"{name} is damaged: {display_name(str(error).splitlines()[0])}.") from error


def _is_nested(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind))


def label_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """`{column: names}` as the library `datasets` writes them into a Parquet file.

    Args:
        metadata: Of the file's schema.
    """
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {key: value["names"] for key, value in features.items() if value.get("_type") == "ClassLabel"}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _named(names: list[str] | None, value: Any) -> Any:
    return names[value] if names and isinstance(value, int) and 0 <= value < len(names) else value
