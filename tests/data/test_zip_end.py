"""A zip's end is read as `zipfile` reads it, before `zipfile` does."""

import io
import struct
import zipfile

import pytest

from core.data.zip_end import ZipEnd, zip_end

END, LOCATOR, RECORD = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"


def end(entries: int, length: int, comment: bytes = b"") -> bytes:
    return struct.pack("<4s4H2LH", END, 0, 0, entries, entries, length, 0, len(comment)) + comment


def record(entries: int, length: int) -> bytes:
    return struct.pack("<4sQ2H2L4Q", RECORD, 44, 45, 45, 0, 0, entries, entries, length, 0)


def locator(place: int) -> bytes:
    return struct.pack("<4sLQL", LOCATOR, 0, place, 1)


@pytest.mark.parametrize("names", [0, 1, 3, 500])
@pytest.mark.parametrize("comment", [b"", b"by a camera"])
def test_it_says_how_many_entries_a_zip_has(names: int, comment: bytes) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in range(names):
            archive.writestr(f"{name:03}", b"x")
        archive.comment = comment
    with zipfile.ZipFile(file) as archive:
        length = file.getvalue().rindex(END) - archive.start_dir
    assert zip_end(file) == ZipEnd(names, length)


def test_what_is_before_a_zip_is_counted() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"x")
    for before in (b"", b"MZ program", bytes(70_000)):
        found = zip_end(io.BytesIO(before + file.getvalue()))
        assert found is not None
        assert found.before == len(before)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", None),
        (b"no zip", None),
        (END + b"cut off", None),
        (end(2, 90) + b"left behind", ZipEnd(2, 90)),
        (record(70_000, 5_000_000) + locator(0) + end(0xFFFF, 0xFFFFFFFF), ZipEnd(70_000, 5_000_000)),
        (b"before" + record(7, 8) + locator(0) + end(0xFFFF, 0xFFFFFFFF), ZipEnd(7, 8)),
        (b"before" + record(7, 8) + locator(6) + end(0xFFFF, 0xFFFFFFFF), ZipEnd(7, 8)),
        (locator(0) + end(2, 90), ZipEnd(2, 90)),
        (record(1, 2**63) + locator(2**64 - 1) + end(2, 90), ZipEnd(2, 2**63)),
        (record(9**9, 9) + b"x" * 56 + locator(0) + end(2, 90), ZipEnd(9**9, 90)),
    ],
    ids=["empty", "text", "cut", "bytes after", "64 bits", "bytes before", "bytes before, counted", "locator alone",
         "lies by size", "lies by place"],
)  # fmt: skip
def test_of_two_records_that_differ_the_larger_counts(content: bytes, found: ZipEnd | None) -> None:
    assert zip_end(io.BytesIO(content)) == found
