"""What was given as a zip and is none is named, with what to do."""

import gzip
import io
import tarfile

import pytest

from core.data.archive_kind import START, other_kind

PAGE = "a web page, as a link to a page instead of the file gives it; download the file itself"


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("cat/1.png"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tar(), ": it is a tar archive; unpack it and pack the folder as a zip"),
        (gzip.compress(b"x", mtime=0), ": it is packed by gzip; unpack it and pack the folder as a zip"),
        (b"Rar!\x1a\x07\x01\x00", ": it is a RAR archive; unpack it and pack the folder as a zip"),
        (b"\n<!DOCTYPE html>", f": it is {PAGE}"),
        (b"hello", ""),
        (b"", ""),
    ],
)  # fmt: skip
def test_it_is_told_by_its_first_bytes(content: bytes, words: str) -> None:
    assert other_kind(content[:START]) == words
