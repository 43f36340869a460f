"""Uploads: what is safe is written whole, what is not is refused before anything is written."""

import io
import os
import shutil
import stat
import struct
import time
import unicodedata
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.ingest import Limits, ingest_files, ingest_zip, ingest_zips, plan_zip, skipped_files, upload_notes
from core.data.names import Locations, safe_folder, safe_stem, unsafe
from core.data.scan import scan
from core.errors import DataError


def image(number: int = 0) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 256, (6, 8, 3), dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


def zipped(names, method=zipfile.ZIP_STORED) -> io.BytesIO:
    """A zip of different images under these names, or of the given bytes where `names` is a dict."""
    items = names if isinstance(names, dict) else {name: image(i) for i, name in enumerate(names)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in items.items():
            archive.writestr(zipfile.ZipInfo(name) if name.endswith("/") else name, data, method)
    out.name = "pets.zip"
    return out


def patched(source: io.BytesIO, offset: int, value: bytes, local_offset: int | None = None) -> io.BytesIO:
    """Changes a field of the first entry in the list of contents, and in its local header if asked."""
    data = bytearray(source.getvalue())
    at = data.index(b"PK\x01\x02") + offset
    data[at : at + len(value)] = value
    if local_offset is not None:
        data[local_offset : local_offset + len(value)] = value
    out = io.BytesIO(bytes(data))
    out.name = "pets.zip"
    return out


def tree(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name[0] != ".")


def refused(source, message: str, root: Path, limits: Limits | None = None) -> None:
    """Both the plan and the unpacking refuse, in the same sentence, and nothing is left behind."""
    with pytest.raises(DataError, match=message):
        plan_zip(source, limits)
    with pytest.raises(DataError, match=message) as caught:
        ingest_zip(source, root, limits)
    assert "\n" not in str(caught.value)
    assert not root.exists() or list(root.iterdir()) == []


PETS = [f"{split}/{c}/{i}.png" for split in ("train", "val") for c in ("cats", "dogs") for i in range(2)]


# --- what goes well


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_becomes_a_data_set(tmp_path, method):
    source, calls = zipped(["pets/" + name for name in PETS], method), []
    folder = ingest_zip(source, tmp_path / "uploads", progress=lambda done, total: calls.append((done, total)))
    assert folder.parent == tmp_path / "uploads"
    assert list(folder.parent.iterdir()) == [folder]
    index = scan(folder)
    assert (index.root, index.layout, index.classes) == (folder / "pets", "splits", ("cats", "dogs"))
    assert index.counts() == {s: {"cats": 2, "dogs": 2} for s in ("train", "val")}
    assert index.files[0].path == "train/cats/0.png"
    assert (folder / "pets/train/cats/0.png").read_bytes() == image(0)
    assert calls == [(i, 8) for i in range(1, 9)]
    assert skipped_files(folder) == ()


def test_a_path_works_as_well_as_a_file(tmp_path):
    path = tmp_path / "pets.zip"
    path.write_bytes(zipped(PETS).getvalue())
    assert len(plan_zip(path)) == 8
    assert len(tree(ingest_zip(path, tmp_path / "up"))) == 8
    with pytest.raises(DataError, match=r"none\.zip cannot be read: No such file or directory\."):
        plan_zip(tmp_path / "none.zip")


def test_a_folder_upload_becomes_a_data_set(tmp_path):
    calls = []
    files = [("pets/" + name, io.BytesIO(image(i))) for i, name in enumerate(PETS)]
    files[0][1].read()  # wherever the file stands
    folder = ingest_files(files, tmp_path / "up", progress=lambda done, total: calls.append((done, total)))
    assert scan(folder).counts() == {s: {"cats": 2, "dogs": 2} for s in ("train", "val")}
    assert (folder / "pets/train/cats/0.png").read_bytes() == image(0)
    assert calls[-1] == (8, 8)


@pytest.mark.parametrize(
    "name", ["große Füchse & Bären", "狗 和 猫", "naïve cafe\u0301", "C++ (v1.2)", "n0208-Chihuahua"]
)
def test_names_of_all_scripts_stay_readable(tmp_path, name):
    names = [f"{name}/{name} 1.png", f"{name}/2.png", "x/1.png"]
    expected = unicodedata.normalize("NFC", name)
    for folder in (
        ingest_zip(zipped(names), tmp_path / "a"),
        ingest_files([(n, io.BytesIO(image())) for n in names], tmp_path / "b"),
    ):
        index = scan(folder)
        assert expected in index.classes
        assert f"{expected}/{expected} 1.png" in {f.path for f in index.files}


def test_files_and_sets_keep_their_names(tmp_path):
    """No number, unless two would be one; a second upload of the name gets a number, too."""
    names = [
        "pets/cats/Tom 1.JPG",
        "pets/cats/tom 1.jpg",
        "pets/cats/con.png",
        "pets/dogs/a?b.png",
        "pets/dogs/a*b.png",
    ]
    first = ingest_files([(n, io.BytesIO(image())) for n in names], tmp_path)
    kept = ["Tom 1.JPG", "con_.png", "tom 1-2.jpg"]
    assert tree(first / "pets") == [*(f"cats/{name}" for name in kept), "dogs/a_b-2.png", "dogs/a_b.png"]
    again = ingest_zip(zipped(PETS), tmp_path)
    third = ingest_zip(zipped(PETS), tmp_path)
    assert [folder.name for folder in (first, again, third)] == ["pets", "pets-2", "pets-3"]
    for bad in ("../../x.zip", "NUL.zip", "...zip", "a.partial", "", "x" * 400 + ".zip"):
        source = zipped(PETS)
        source.name = bad
        folder = ingest_zip(source, tmp_path / "more")
        assert folder.parent == tmp_path / "more"
        assert not folder.name.startswith(".")
        assert not folder.name.endswith(".partial")


@pytest.mark.parametrize(
    ("name", "location", "why"),
    [
        ("pets\\cats\\1.png", "pets/cats", ""),
        ("pets/train\\cats\\1.png", "pets/train/cats", ""),
        ("..\\x.png", "", "has a backslash in its name"),
        ("\\\\server\\x.png", "", "has a backslash in its name"),
        (".net/1.png", "", "is in a hidden folder; rename that folder if it is a class"),
        ("a/.git/1.png", "", "is a system file"),
        ("a/@eaDir/1.png/THUMB.jpg", "", "is a system file"),
        ("a/more.zip", "a", "is an archive; unpack it and give its content"),
    ],
)
def test_each_name_has_its_place_or_a_reason(name, location, why):
    found = Locations().location(name)
    assert (found.folder, found.why, bool(found.file)) == (location, why, not why)


def raw_zip(names: list[bytes], extra: bytes = b"") -> io.BytesIO:
    """A zip with names as raw bytes, without the flag for UTF-8."""
    body = listed = b""
    for number, raw in enumerate(names):
        data, at = image(number), len(body)
        sizes = (zlib.crc32(data), len(data), len(data), len(raw), len(extra))
        body += struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, 0, 0, 0, 0x5821, *sizes) + raw + extra + data
        listed += struct.pack("<4sBBHHHHHLLLHHHHHLL", b"PK\1\2", 20, 0, 20, 0, 0, 0, 0x5821, *sizes, 0, 0, 0, 0, at)
        listed += raw + extra
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, len(names), len(names), len(listed), len(body), 0)
    return io.BytesIO(body + listed + end)


@pytest.mark.parametrize(
    ("code", "labels", "classes", "said"),
    [
        ("cp932", ("ソース", "表"), ("ソース", "表"), ""),  # their second byte is a backslash
        ("utf-8", ("Füchse", "猫"), ("Füchse", "猫"), ""),
        ("gbk", ("猫", "狗"), None, "unknown encoding"),
        ("big5", ("功", "狗"), None, "unknown encoding"),  # 功 ends in a backslash
        ("cp1251", ("кот", "пёс"), None, "unknown encoding"),
    ],
)
def test_names_in_other_codes_are_read_or_said_to_be_unknown(tmp_path, code, labels, classes, said):
    names = [f"{label}/{n}.png".encode(code) for label in labels for n in range(3)]
    folder = ingest_zip(raw_zip(names), tmp_path)
    index = scan(folder)
    assert len(index.files) == 6
    assert len(index.classes) == 2
    assert classes is None or set(index.classes) == set(classes)
    assert said in " ".join(upload_notes(folder))
    assert bool(upload_notes(folder)) == bool(said)


def test_a_unicode_name_in_the_extra_field_counts_if_it_belongs_to_the_name(tmp_path):
    raw, real = "ネコ/1.png".encode("cp932"), "ネコ/1.png".encode()
    other = b"../../x.png"
    for told, crc, expected in ((real, zlib.crc32(raw), "ネコ/1.png"), (other, 1, "ネコ/1.png")):
        field = struct.pack("<BL", 1, crc) + told
        (entry,) = plan_zip(raw_zip([raw], struct.pack("<HH", 0x7075, len(field)) + field))
        assert entry.name == expected
    field = struct.pack("<BL", 1, zlib.crc32(raw)) + other
    with pytest.raises(DataError, match="contains no images"):
        plan_zip(raw_zip([raw], struct.pack("<HH", 0x7075, len(field)) + field))


def test_utf8_that_the_zip_does_not_declare_is_recognised():
    name = "Füchse/1.png"
    data = zipped(["F__chse/1.png"]).getvalue().replace(b"F__chse", name.encode()[:7])
    (entry,) = plan_zip(io.BytesIO(data))
    assert entry.name == name


def test_patients_stay_recognisable_and_same_names_do_not_collide(tmp_path):
    names = ["a/person12_virus_3.JPEG", "a/x/1.png", "a/y/1.png", "b/1.png"]
    folder = ingest_zip(zipped(names), tmp_path / "up")
    assert tree(folder) == ["a/person12_virus_3.JPEG", "a/x/1.png", "a/y/1.png", "b/1.png"]


def test_empty_classes_and_classes_of_other_files_stay_visible(tmp_path):
    folder = ingest_zip(zipped({"a/1.png": image(1), "b/1.png": image(2), "c/": b"", "d/1.psd": b"8B"}), tmp_path)
    assert scan(folder).empty_classes == ("c", "d")
    assert skipped_files(folder) == (("d/1.psd", "is not an image by its extension"),)


def test_a_spreadsheet_is_left_out_with_what_to_do(tmp_path):
    folder = ingest_zip(zipped({"a/1.png": image(1), "b/1.png": image(2), "Labels.XLSX": b"PK"}), tmp_path)
    assert skipped_files(folder) == (("Labels.XLSX", "is a spreadsheet, which is not read; save its table as CSV"),)


def test_what_a_system_left_is_dropped_without_a_word(tmp_path):
    junk = ["__MACOSX/cats/._1.png", "cats/._1.png", "cats/.DS_Store", "cats/Thumbs.db", ".git/x.png"]
    folder = ingest_zip(zipped([*junk, "cats/1.png", "dogs/1.png"]), tmp_path)
    assert tree(folder) == ["cats/1.png", "dogs/1.png"]
    assert scan(folder).classes == ("cats", "dogs")
    assert skipped_files(folder) == ()


UNSAFE = {
    "../../evil.png": "points outside its folder",
    "cats/../../evil.png": "points outside its folder",
    "/abs.png": "has an absolute path",
    "C:/c.png": "has an absolute path",
    "c:c.png": "has an absolute path",
    "..\\..\\w.png": "has a backslash in its name",
    f"cats/{'x' * 300}.png": "has a name of more than 255 bytes",
}


def test_unsafe_names_are_left_out_and_listed(tmp_path):
    names = [*UNSAFE, "cats/1.png", "dogs/1.png"]
    for folder in (
        ingest_zip(zipped(names), tmp_path / "zip"),
        ingest_files([(n, io.BytesIO(image())) for n in names], tmp_path / "files"),
    ):
        assert tree(folder) == ["cats/1.png", "dogs/1.png"]
        assert dict(skipped_files(folder)) == UNSAFE
    assert sorted(p.name for p in tmp_path.iterdir()) == ["files", "zip"]


def test_skipped_files_of_any_other_folder_are_none(tmp_path):
    assert skipped_files(tmp_path) == ()
    for text in ("{", "[]", '{"skipped": 3}'):
        (tmp_path / ".upload.json").write_text(text)
        assert skipped_files(tmp_path) == ()


# --- what is refused, before anything is written


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"pets\.zip is an empty file; upload it again\."),
        (b"hello, this is no zip at all", r"pets\.zip is not a zip file\."),
        (b"7z\xbc\xaf\x27\x1c" + b"x" * 99, r"pets\.zip is not a zip file: it is a 7z archive; unpack it and pack the"),
        (zipped(PETS).getvalue()[:300], r"pets\.zip is truncated: its list of contents is missing; upload it again\."),
        (zipped([]).getvalue(), r"pets\.zip is an empty zip file\."),
        (zipped({"a/1.txt": b"x"}).getvalue(), r"pets\.zip contains no images\."),
        (
            zipped({"a/1.psd": b"x", "b/2.psd": b"x"}).getvalue(),
            r"no images\. Of its 2 files, 2 end in \.psd, which is",
        ),
        (zipped({"train.zip": b"x", "a.csv": b"x"}).getvalue(), r"no images\. It holds train\.zip: unpack it and"),
        (b"\0" * 50 + zipped(PETS).getvalue()[-60:], r"pets\.zip is damaged: .*; create or upload it again\."),
    ],
    ids=["0 bytes", "junk", "7z", "truncated", "empty", "no images", "psd only", "zip in zip", "list damaged"],
)
def test_what_is_no_usable_zip_has_a_sentence_of_its_own(tmp_path, data, message):
    source = io.BytesIO(data)
    source.name = "pets.zip"
    refused(source, message, tmp_path / "up")


def test_a_record_of_64_bits_that_says_more_than_the_end_is_believed(tmp_path):
    """`zipfile` goes by it, and would make a million objects."""
    content = zipped(PETS).getvalue()
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 47 * 10**6, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(content) - 22, 1)
    lying = io.BytesIO(content[:-22] + record + locator + content[-22:])
    refused(lying, r"The upload has 1,000,000 entries; at most 20,000 are accepted\.", tmp_path / "up")


def test_too_many_entries_are_refused_within_a_second(tmp_path):
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for i in range(20_001):
            archive.writestr(f"a/{i}.png", b"")
    start = time.perf_counter()
    refused(many, r"The upload has 20,001 entries; at most 20,000 are accepted\.", tmp_path / "up")
    assert time.perf_counter() - start < 1
    refused(zipped(PETS), r"has 8 entries; at most 7 are accepted\.", tmp_path / "up", Limits(files=7))


def test_a_count_that_needs_64_bits_is_read_from_where_it_stands():
    body = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 9_000_000, 9_000_000, 500_000_000, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 4, 1)
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    with pytest.raises(DataError, match=r"has 9,000,000 entries; at most 20,000 are accepted\."):
        plan_zip(io.BytesIO(b"PK\x03\x04" + body + locator + end))


def test_a_long_list_of_contents_is_refused_even_if_it_declares_few_entries():
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 5, 5, 90_000_000, 0, 0)
    with pytest.raises(DataError, match=r"has a list of contents of 90 MB; it cannot be a dataset\."):
        plan_zip(io.BytesIO(end))


def test_the_total_and_each_file_are_limited(tmp_path):
    limits = Limits(total_bytes=800)
    refused(zipped(PETS), r"pets\.zip unpacks to 0 MB; at most 0 MB are accepted\.", tmp_path / "up", limits)
    refused(
        zipped(PETS), r"train/cats/0\.png in pets\.zip has 0 MB; a file may have", tmp_path / "u", Limits(file_bytes=99)
    )
    files = [("a/1.png", io.BytesIO(image())), ("b/1.png", io.BytesIO(image()))]
    for limits, message in (
        (Limits(files=1), r"The upload has 2 files; at most 1 are accepted\."),
        (Limits(total_bytes=200), r"The upload has 0 MB; at most 0 MB are accepted\."),
        (Limits(file_bytes=99), r"a/1\.png has 0 MB; a file may have 0 MB at most\."),
    ):
        with pytest.raises(DataError, match=message):
            ingest_files(files, tmp_path / "f", limits)
    assert not (tmp_path / "f").exists()


def test_a_bomb_is_refused_and_a_black_image_is_not(tmp_path):
    bomb = zipped({"a/1.png": b"\0" * 5_000_000, "b/1.png": image()}, zipfile.ZIP_DEFLATED)
    refused(bomb, r"a/1\.png in pets\.zip unpacks to more than 200 times its size; images do not\.", tmp_path / "up")
    small = zipped({"a/1.bmp": b"\0" * 900_000, "b/1.png": image()}, zipfile.ZIP_DEFLATED)
    assert len(plan_zip(small)) == 2


def test_encrypted_entries_are_refused(tmp_path):
    source = patched(zipped(PETS), 8, b"\x01\0", local_offset=6)
    refused(source, r"pets\.zip is encrypted; create it without a password\.", tmp_path / "up")


@pytest.mark.parametrize("method", [9, 12, 14, 99])
def test_other_compression_is_refused(tmp_path, method):
    source = patched(zipped(PETS), 10, struct.pack("<H", method), local_offset=8)
    refused(
        source,
        rf"uses compression method {method}, which is not supported; use deflate, the usual one\.",
        tmp_path / "up",
    )


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (stat.S_IFLNK, r"contains a symbolic link, cats; add the file itself\."),
        (stat.S_IFIFO, "contains a device or pipe, cats"),
    ],
)
def test_links_and_devices_are_refused(tmp_path, kind, message):
    source = zipped(PETS)
    with zipfile.ZipFile(source, "a") as archive:
        info = zipfile.ZipInfo("cats")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc")
    refused(source, message, tmp_path / "up")


def overlapping(count: int = 50) -> io.BytesIO:
    """Entries that all point at the same compressed kernel."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = kernel.compress(b"\0" * 100_000) + kernel.flush()
    crc = zlib.crc32(b"\0" * 100_000)
    local = struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(data), 100_000, 5, 0) + b"0.png" + data
    central = b"".join(
        struct.pack(
            "<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(data), 100_000, 7, *(0,) * 6
        ) + f"{i:03d}.png".encode()
        for i in range(count)
    )  # fmt: skip
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count, count, len(central), len(local), 0)
    return io.BytesIO(local + central + end)


def test_overlapping_entries_are_refused(tmp_path):
    refused(overlapping(), r"The upload has overlapping entries; create it again\.", tmp_path / "up")
    refused(patched(zipped(PETS), 42, struct.pack("<L", 10**8)), "overlapping entries", tmp_path / "up")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names_are_refused(tmp_path):
    source = zipped(PETS)
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(PETS[0], image(9))
    refused(source, r"pets\.zip has train/cats/0\.png twice; create it again\.", tmp_path / "up")


def test_deep_folders_are_refused(tmp_path):
    deep = "/".join("abcdefgh")
    assert len(plan_zip(zipped([f"{deep}/1.png"]))) == 1
    refused(zipped([f"{deep}/i/1.png"]), r"lies more than 8 folders deep", tmp_path / "up")
    refused(zipped(["x/" * 2000 + "1.png"]), r"lies more than 8 folders deep", tmp_path / "up")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("   ", "has a blank name"),
        ("a\nb", "characters that cannot be shown"),
        ("x" * 4000, "has 4000 characters; at most 255 are allowed"),
        ("ü" * 200, "has more than 255 bytes; shorten it"),
        ("NUL", "is reserved on Windows; rename the folder"),
        ("com1.old", "is reserved on Windows; rename the folder"),
    ],
)
def test_class_names_that_cannot_be_kept_are_refused(tmp_path, name, message):
    refused(zipped([f"{name}/1.png", "b/1.png"]), message, tmp_path / "up")
    with pytest.raises(DataError, match=message):
        ingest_files([(f"{name}/1.png", io.BytesIO(image()))], tmp_path / "up")


@pytest.mark.parametrize("pair", [("Cat", "cat"), ("caf\u00e9", "cafe\u0301"), ("what?", "what*"), ("a ", "a")])
def test_folders_that_would_fall_together_are_refused(tmp_path, pair):
    refused(zipped([f"t/{name}/1.png" for name in pair]), "The folders .* and .* look the same", tmp_path / "up")
    assert len(plan_zip(zipped([f"t/{pair[0]}/1.png", f"t/{pair[0]}/2.png", f"v/{pair[1]}/1.png"]))) == 3


# --- what goes wrong while writing


def test_a_lie_about_the_size_leaves_nothing_behind(tmp_path):
    data = zipped(PETS)
    for size in (5, 10_000):
        refused_while_writing(patched(data, 24, struct.pack("<L", size), local_offset=22), tmp_path / "up")


def test_damage_inside_leaves_nothing_behind(tmp_path):
    data = bytearray(zipped(PETS).getvalue())
    data[len(data) // 3] ^= 0xFF
    refused_while_writing(io.BytesIO(bytes(data)), tmp_path / "up")


def refused_while_writing(source, root):
    assert plan_zip(source)
    with pytest.raises(DataError, match=r"is damaged: .*|does not have the .* bytes it declares; upload it again\."):
        ingest_zip(source, root)
    assert list(root.iterdir()) == []


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path):
    class Growing(io.BytesIO):
        def read(self, size=-1):
            return b"x" * 1000

    with pytest.raises(DataError, match=r"a/1\.png does not have the \d+ bytes it declares; upload it again\."):
        ingest_files([("a/1.png", Growing(image()))], tmp_path / "up")
    assert list((tmp_path / "up").iterdir()) == []


def test_twice_the_size_must_be_free_before_and_what_is_left_while_writing(tmp_path, monkeypatch):
    from core.data import ingest

    usage = shutil.disk_usage(tmp_path)
    size = sum(len(image(i)) for i in range(8))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2 * size - 1))
    with pytest.raises(
        DataError,
        match=r"The upload needs [\d.]+ kB of free disk space, including .*; [\d.]+ kB are free: free some space\.",
    ):
        ingest_zip(zipped(PETS), tmp_path / "up")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2 * size))
    ingest_zip(zipped(PETS), tmp_path / "ok")
    answers = iter([2 * size, 10])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(answers)))
    monkeypatch.setattr(ingest, "_RECHECK", 100)
    with pytest.raises(DataError, match="free some space"):
        ingest_zip(zipped(PETS), tmp_path / "up")
    assert list((tmp_path / "up").iterdir()) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"The upload could not be stored: No space left on device\."):
        ingest_zip(zipped(PETS), tmp_path / "up")
    assert list((tmp_path / "up").iterdir()) == []


def test_an_interruption_leaves_nothing_behind(tmp_path):
    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest_zip(zipped(PETS), tmp_path / "up", progress=stop)
    assert list((tmp_path / "up").iterdir()) == []


def test_a_fault_of_the_caller_is_not_reported_as_damage(tmp_path):
    def broken(done, total):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ingest_zip(zipped(PETS), tmp_path / "up", progress=broken)
    assert list((tmp_path / "up").iterdir()) == []


# --- fuzzing


NAMES = st.text(st.one_of(st.sampled_from("./\\:ab \n\0\u0301é猫\u202e*?"), st.characters()), max_size=40)


@given(name=NAMES)
@settings(max_examples=500, deadline=None)
def test_no_name_leads_out_of_the_folder(name):
    try:
        location = Locations().location(name + ".png")
    except DataError as error:
        assert str(error).isprintable()
        return
    assert not location.why or not location.file
    for part in [*location.folder.split("/"), location.file]:
        assert part not in (".", "..")
        assert not set(part) & set('<>:"/\\|?*\0')
        assert part.isprintable()
        assert len(part.encode()) <= 255
        assert part == part.strip(" ")
    assert not location.folder.startswith("/")


@given(stem=NAMES)
@settings(deadline=None)
def test_a_stem_is_always_usable_and_stable(stem):
    safe = safe_stem(stem)
    assert safe
    assert len(safe.encode()) <= 120
    assert safe_stem(safe) == safe


@given(name=NAMES)
@settings(deadline=None)
def test_a_safe_folder_name_stays_as_it_is(name):
    try:
        safe = safe_folder(name)
    except DataError:
        return
    assert safe_folder(safe) == safe
    assert not unsafe(safe)


@given(
    names=st.lists(NAMES.filter(bool), min_size=1, max_size=5, unique=True),
    damage=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 10**6),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_zip_is_unpacked_inside_its_folder_or_refused(tmp_path, names, damage, cut):
    data = bytearray(
        zipped({n.encode("utf-8", "replace").decode().replace("\0", "") + ".png": b"data" for n in names}).getvalue()
    )
    for at, value in damage:
        data[at % len(data)] = value
    if cut % 5 == 0:
        del data[cut % len(data) :]
    root = tmp_path / "root" / "up"
    try:
        folder = ingest_zip(io.BytesIO(bytes(data)), root)
    except DataError as error:
        assert str(error).isprintable()
        assert not root.exists() or list(root.iterdir()) == []
    else:
        assert folder.parent == root
        assert list(root.iterdir()) == [folder]
        assert not any(p.is_symlink() for p in folder.rglob("*"))
        shutil.rmtree(folder)
    assert [p.name for p in tmp_path.iterdir() if p.name != "root"] == []


def test_the_parts_of_one_folder_become_one_data_set(tmp_path):
    """As Google Drive divides a folder: the same folder in each zip, names that may meet, one part without images."""
    one = zipped({"pets/cats/1.png": image(1), "pets/dogs/1.png": image(2)})
    two = zipped({"pets/dogs/2.png": image(3), "pets/cats/1.png": image(4)})
    notes = zipped({"pets/notes.txt": b"x"})
    calls = []
    folder = ingest_zips([one, two, notes], tmp_path / "up", progress=lambda *at: calls.append(at))
    index = scan(folder)
    assert index.counts()[""] == {"cats": 2, "dogs": 2}
    assert len({file.sha256 for file in index.files}) == 4
    assert calls[-1] == (4, 4)
    assert skipped_files(folder) == (("pets/notes.txt", "is not an image by its extension"),)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(files=3), r"The 2 zips have 4 entries together; at most 3 are accepted"),
        (Limits(total_bytes=500), r"The 2 zips unpack to 0 MB together; at most 0 MB are accepted"),
    ],
)
def test_the_limits_hold_for_all_parts_together(tmp_path, limits, words):
    parts = [zipped({f"a/{k}.png": image(k), f"b/{k}.png": image(k + 5)}) for k in range(2)]
    with pytest.raises(DataError, match=words):
        ingest_zips(parts, tmp_path / "up", limits)
    with pytest.raises(DataError, match=r"The 2 zips contain no images"):
        ingest_zips([zipped({"a.txt": b"x"}), zipped({"b.txt": b"x"})], tmp_path / "up")
    assert not (tmp_path / "up").exists() or list((tmp_path / "up").iterdir()) == []


def test_a_blank_image_of_a_kind_that_is_not_compressed_may_shrink_as_far_as_it_goes(tmp_path):
    blank = io.BytesIO()
    Image.new("RGB", (700, 700)).save(blank, "BMP")
    source = zipped({"a/1.bmp": blank.getvalue(), "b/2.png": image(2)}, zipfile.ZIP_DEFLATED)
    assert len(blank.getvalue()) > 1_000_000
    folder = ingest_zip(source, tmp_path / "up")
    assert sorted(path.name for path in folder.rglob("*.*") if path.suffix in (".bmp", ".png")) == ["1.bmp", "2.png"]


def test_what_lies_far_behind_the_end_of_a_zip_is_told(tmp_path):
    source = io.BytesIO(zipped(PETS).getvalue() + b"\0" * 70_000)
    source.name = "pets.zip"
    refused(source, r"pets\.zip has 70\.0 kB of something else behind its end; unpack it and zip", tmp_path / "up")
