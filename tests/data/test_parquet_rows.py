"""Rows of Parquet files: what there is too much of is named."""

from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from core.data.parquet_rows import parquet_rows
from core.errors import DataError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "l.parquet"
    parquet.write_table(pyarrow.table({"image": ["0.png", "1.png"], "label": ["cat", "dog"]}), path)
    return path


def test_rows_are_read_where_there_are_as_many_as_may_be(file: Path) -> None:
    rows = [{"image": "0.png", "label": "cat"}, {"image": "1.png", "label": "dog"}]
    assert list(parquet_rows(file, "l.parquet", rows=2, columns=2)) == rows


@pytest.mark.parametrize(
    ("rows", "columns", "says"),
    [
        (1, 2, r"^l\.parquet has 2 rows; at most 1 are supported\.$"),
        (2, 1, r"^l\.parquet has 2 columns; at most 1 are supported\.$"),
    ],
)
def test_more_rows_or_columns_are_refused_by_their_name(file: Path, rows: int, columns: int, says: str) -> None:
    with pytest.raises(DataError, match=says):
        list(parquet_rows(file, "l.parquet", rows=rows, columns=columns))
