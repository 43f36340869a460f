"""The table of bad inputs: each is met as a user's is, refused in a sentence of its own, and leaves nothing behind.

The numbers are those of docs/SECURITY.md. What an input does in detail stands in tests/data; here the sentence counts,
that nothing half-written is left, and that the good files beside it are still read.
"""

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.access.limits import POLICIES
from core.config import DataConfig, make_config
from core.data.dataset import open_dataset
from core.data.images import load
from core.data.ingest import Limits, ingest_files, ingest_zip
from core.data.scan import scan
from core.errors import ConfigError, DataError, RunError, UnreadableImage, UserError
from core.store.runs import Run, RunStore, Status
from core.workers.predict_client import answers


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(number: int = 0, size: tuple[int, int] = (24, 20)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), dtype=np.uint8))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


def bad_crc() -> bytes:
    data = bytearray(encoded(noise()))
    data[data.index(b"IEND") - 8] ^= 0xFF
    return bytes(data)


PNG, JPEG = encoded(noise()), encoded(noise(), "JPEG")
BMP = encoded(Image.new("1", (8, 8)), "BMP")
BOMB = (
    chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(80 * 2**20))),
    chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(80 * 2**20))),
)

# Number, name of the file, content, what the sentence says after the name.
IMAGES: list[tuple[str, str, bytes, str]] = [
    ("1", "empty.jpg", b"", "is empty."),
    ("2", "page.jpg", b"<!doctype html><p>404", "is not an image (JPEG, PNG, WebP, BMP, GIF, TIFF, DICOM or HEIC)."),
    ("3", "drawing.png", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "is not an image"),
    ("4", "half.jpg", JPEG[: len(JPEG) // 2], "is damaged: "),
    ("5", "head.jpg", JPEG[:20], "is "),
    ("6", "crc.png", bad_crc(), "is damaged: "),
    ("7", "large.png", png_header(13000, 13000), "has 169 megapixels; at most 40 are supported."),
    ("8", "larger.png", png_header(20000, 20000), "has 400 megapixels; at most 40 are supported."),
    ("9", "ribbon.png", png_header(30000, 10), "is 30000 × 10 pixels; at most 20000 per side are supported."),
    (
        "10",
        "header.bmp",
        BMP.replace(struct.pack("<II", 8, 8), struct.pack("<II", 60000, 60000)),
        "has 3600 megapixels",
    ),
    ("14", "print.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "is not an image"),
    ("15", "scan.png", encoded(noise(), "TIFF")[:90], "is damaged: the TIFF's list of tags is cut short."),
    ("11", "text.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "is damaged: its header cannot be read."),
    ("17", "sound.webp", b"RIFF\x24\0\0\0WAVEfmt ", "is not an image"),
]


@pytest.mark.parametrize(("number", "name", "content", "words"), IMAGES, ids=[f"{n}-{name}" for n, name, *_ in IMAGES])
def test_a_bad_image_is_named_on_the_predict_page_and_in_a_data_set(
    tmp_path: Path, number: str, name: str, content: bytes, words: str
) -> None:
    with pytest.raises(UnreadableImage) as error:
        load(io.BytesIO(content), 32)
    assert words in str(error.value)
    run = RunStore().create(make_config("sample", {"data.image_size": 32}))
    (run.path / "model.keras").write_bytes(b"x")
    (run.path / "manifest.json").write_text('{"classes": ["a", "b"]}', encoding="utf-8")
    asked = [("good.png", PNG), (name, content)]
    good, bad = answers(run, asked, lambda pixels: np.full((len(pixels), 2), 0.5))
    assert (good.error, bad.label) == ("", "")
    assert bad.error.startswith(f"{name} {words}") or bad.error.startswith(name)
    folder = tmp_path / "pictures"
    for label in "ab":
        (folder / label).mkdir(parents=True)
        for k in range(3):
            (folder / label / f"{k}.png").write_bytes(encoded(noise(k + 10 * ord(label))))
    (folder / "a" / name).write_bytes(content)
    dataset = open_dataset(str(folder), DataConfig())
    assert [item.path for item in dataset.index.unreadable] == [f"a/{name}"]
    assert name in str(dataset.index.unreadable[0].reason)
    assert sum(map(len, (dataset.split.train, dataset.split.val))) == 6


TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6

READ: list[tuple[str, str, Callable[[], bytes]]] = [
    ("12", "profile bomb beside the pixels", lambda: png_header(9, 9, BOMB[0])),
    ("13", "one pixel", lambda: encoded(Image.new("RGB", (1, 1)))),
    ("16", "WebP under another name", lambda: encoded(noise(), "WEBP")),
    ("18", "CMYK", lambda: encoded(noise().convert("CMYK"), "JPEG")),
    ("19", "sixteen bits", lambda: encoded(Image.fromarray(np.full((9, 9), 40000, np.uint16)))),
    ("19", "grey and alpha", lambda: encoded(noise().convert("LA"))),
    ("19", "palette", lambda: encoded(noise().convert("P"))),
    ("19", "one bit", lambda: encoded(noise().convert("1"))),
    ("20", "turned by EXIF", lambda: encoded(noise(), "JPEG", exif=TURNED)),
    ("21", "animation", lambda: encoded(noise(), "GIF", save_all=True, append_images=[noise(1)])),
    ("22", "text bomb beside the pixels", lambda: PNG[:33] + BOMB[1] + PNG[33:]),
]  # fmt: skip


@pytest.mark.parametrize(("number", "name", "content"), READ, ids=[f"{n}-{name}" for n, name, _ in READ])
def test_an_unusual_image_is_read_or_refused_in_a_sentence(
    number: str, name: str, content: Callable[[], bytes]
) -> None:
    try:
        pixels = load(io.BytesIO(content()), 32)
    except UnreadableImage as error:
        assert number == "22", error
        assert "is damaged" in str(error)
    else:
        assert (pixels.shape, pixels.dtype) == ((32, 32, 3), np.dtype(np.uint8))


def zipped(*names: str, method: int = zipfile.ZIP_STORED, **items: bytes) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for k, name in enumerate(names):
            archive.writestr(name, b"" if name.endswith("/") else encoded(noise(k)), method)
        for name, data in items.items():
            archive.writestr(name, data, method)
    out.name = "pets.zip"
    return out


def patched(source: io.BytesIO, offset: int, value: bytes, local: int) -> io.BytesIO:
    data = bytearray(source.getvalue())
    at = data.index(b"PK\x01\x02") + offset
    data[at : at + len(value)] = value
    data[local : local + len(value)] = value
    return named(bytes(data))


def named(content: bytes) -> io.BytesIO:
    out = io.BytesIO(content)
    out.name = "pets.zip"
    return out


def with_link() -> io.BytesIO:
    source = zipped(*PETS)
    with zipfile.ZipFile(source, "a") as archive:
        info = zipfile.ZipInfo("cats/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return source


def twice() -> io.BytesIO:
    source = zipped(*PETS)
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(PETS[0], PNG)
    return source


def overlapping() -> io.BytesIO:
    data = bytearray(zipped(*PETS).getvalue())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = struct.pack("<L", 0)
    return named(bytes(data))


def many() -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for k in range(20_001):
            archive.writestr(f"a/{k}.png", b"")
    return named(out.getvalue())


PETS = ("cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png")

ZIPS: list[tuple[str, str, Callable[[], io.BytesIO], str]] = [
    ("25", "a link", with_link, "pets.zip contains a symbolic link, cats/link.png; add the file itself."),
    ("26", "a bomb", lambda: zipped(*PETS, method=zipfile.ZIP_DEFLATED, **{"cats/b.png": bytes(50 * 2**20)}),
     "cats/b.png in pets.zip unpacks to more than 200 times its size; images do not."),
    ("27", "overlapping", overlapping, "pets.zip has overlapping entries; create it again."),
    ("28", "a zip in a zip", lambda: zipped(**dict[str, Any]({"cats/inner.zip": zipped(*PETS).getvalue()})),
     "contains no images."),
    ("29", "20,001 entries", many, "pets.zip has 20,001 entries; at most 20,000 are accepted."),
    ("30", "a lie about the size", lambda: patched(zipped(*PETS), 24, struct.pack("<L", 10_000), 22),
     "cats/1.png does not have the 10,000 bytes it declares; upload it again."),
    ("31", "encrypted", lambda: patched(zipped(*PETS), 8, b"\x01\0", 6),
     "pets.zip is encrypted; create it without a password."),
    ("32", "method 99", lambda: patched(zipped(*PETS), 10, struct.pack("<H", 99), 8),
     "pets.zip uses compression method 99, which is not supported; use deflate, the usual one."),
    ("33", "cut off", lambda: named(zipped(*PETS).getvalue()[:900]), "is truncated: its list of contents is missing"),
    ("33", "junk", lambda: named(b"hello" * 99), "pets.zip is not a zip file."),
    ("33", "no entries", zipped, "pets.zip is an empty zip file."),
    ("33", "no bytes", lambda: named(b""), "pets.zip is an empty file; upload it again."),
    ("34", "damage inside", lambda: named(zipped(*PETS).getvalue()[:200] + b"x" + zipped(*PETS).getvalue()[201:]),
     "cats/1.png is damaged: Bad CRC-32"),
    ("35", "a name twice", twice, "pets.zip has cats/1.png twice; create it again."),
    ("36", "no images", lambda: zipped(**dict[str, Any]({"cats/notes.txt": b"x"})), "pets.zip contains no images."),
    ("37", "2,000 folders deep", lambda: zipped("x/" * 2000 + "1.png"), "lies more than 8 folders deep"),
    ("38", "reserved on Windows", lambda: zipped("con/1.png", "dogs/1.png"), "con is reserved on Windows"),
    ("40", "the same name in another case", lambda: zipped("Cat/1.png", "cat/1.png"), "Cat and cat look the same"),
    ("40", "an accent stored in two ways", lambda: zipped("caf\u00e9/1.png", "cafe\u0301/1.png"), "look the same"),
    ("42", "a name of 4,000 characters", lambda: zipped("x" * 4000 + "/1.png"), "has 4000 characters; at most 255"),
    ("42", "a name of spaces", lambda: zipped("   /1.png", "b/1.png"), "has a blank name"),
    ("42", "a line break in a name", lambda: zipped("a\nb/1.png", "c/1.png"), "has characters that cannot be shown"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("number", "name", "make", "words"), ZIPS, ids=[f"{n}-{name}" for n, name, *_ in ZIPS])
def test_a_bad_zip_has_its_sentence_and_leaves_nothing(
    tmp_path: Path, number: str, name: str, make: Callable[[], io.BytesIO], words: str
) -> None:
    with pytest.raises(DataError) as error:
        ingest_zip(make(), tmp_path / "up")
    assert words in str(error.value)
    assert not (tmp_path / "up").exists() or list((tmp_path / "up").iterdir()) == []


def test_24_names_that_lead_elsewhere_are_left_out_and_listed(tmp_path: Path) -> None:
    bad = ["../../evil.png", "/abs.png", "..\\..\\w.png", "C:\\c.png", "a/../../x.png", "a" * 300 + ".png"]
    folder = ingest_zip(zipped(*PETS, *bad), tmp_path / "up")
    inside = list(tmp_path.rglob("*.png"))
    assert len(inside) == 4
    assert all(path.is_relative_to(folder) for path in inside)
    from core.data.ingest import skipped_files

    assert {name for name, _ in skipped_files(folder)} == set(bad)


def test_39_what_systems_leave_makes_no_class(tmp_path: Path) -> None:
    junk = ("__MACOSX/cats/._1.png", "cats/._1.png", "cats/.DS_Store", "cats/Thumbs.db", ".hidden/1.png")
    index = scan(ingest_zip(zipped(*PETS, *junk), tmp_path / "up"))
    assert index.classes == ("cats", "dogs")
    assert len(index.files) == 4


FOLDERS: list[tuple[str, str, dict[str, int], str]] = [
    ("43", "no class folders", {"": 4}, "are not in class folders."),
    ("44", "one class", {"cats": 4}, "There is only one class, cats"),
    ("45", "a class of no image", {"train/cats": 3, "train/dogs": 0, "val/cats": 2, "val/dogs": 2}, "dogs"),
    ("47", "four images", {"a": 1, "b": 3}, "The class a has 1 readable image"),
    ("48", "validation alone knows a class", {"train/a": 3, "train/b": 3, "val/a": 2, "val/c": 2},
     "The validation images have classes without training images: c; add them to train/."),
]  # fmt: skip


@pytest.mark.parametrize(("number", "name", "counts", "words"), FOLDERS, ids=[f"{n}-{name}" for n, name, *_ in FOLDERS])
def test_a_folder_that_is_no_data_set_says_what_is_expected(
    tmp_path: Path, number: str, name: str, counts: dict[str, int], words: str
) -> None:
    for folder, count in counts.items():
        (tmp_path / "d" / folder).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            (tmp_path / "d" / folder / f"{k}.png").write_bytes(encoded(noise(k + 100 * len(folder))))
    with pytest.raises(DataError) as error:
        open_dataset(str(tmp_path / "d"), DataConfig())
    assert words in str(error.value)


def test_51_paths_that_are_no_data_set_end_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    for path in (
        tmp_path / "pipe.png",
        tmp_path / "a",
        tmp_path / "gone",
        Path("/proc/self/mem"),
        Path("~nobody-here"),
    ):
        with pytest.raises(DataError):
            open_dataset(str(path), DataConfig())


SETTINGS: list[tuple[str, Any, str]] = [
    ("training.epochs", 0, "training.epochs is 0; it may be 1 to 1000"),
    ("training.epochs", -1, "training.epochs is -1"),
    ("training.epochs", 1e9, "training.epochs is 1000000000"),
    ("training.epochs", "abc", "training.epochs"),
    ("training.epochs", float("nan"), "training.epochs"),
    ("data.batch_size", 0, "data.batch_size is 0"),
    ("data.batch_size", 10**6, "data.batch_size is 1000000"),
    ("training.learning_rate", 0, "training.learning_rate"),
    ("training.learning_rate", -1, "training.learning_rate"),
    ("training.learning_rate", float("inf"), "training.learning_rate"),
    ("data.image_size", 1, "data.image_size is 1"),
    ("data.image_size", 10000, "data.image_size is 10000"),
    ("model.dropout", 1.0, "model.dropout"),
    ("data.validation_split", 0, "data.validation_split"),
    ("data.validation_split", 1, "data.validation_split"),
    ("training.optimizer", "__import__('os')", "training.optimizer"),
    ("data.shufle", "none", 'there is no setting "data.shufle"; did you mean data.shuffle?'),
]


@pytest.mark.parametrize(("key", "value", "words"), SETTINGS)
def test_52_a_setting_out_of_bounds_is_refused_by_its_name(key: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        make_config("sample", {key: value})
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model.backbone": "VGG99"}, "VGG99"),
        ({"model.backbone": "VGG16", "training.mode": "fine_tune", "training.unfreeze_from": "block9"}, "block9"),
    ],
)
def test_53_a_network_or_block_that_is_not_there_is_refused_before_a_worker_starts(
    changes: dict[str, Any], words: str
) -> None:
    from core.jobs.validate import check_model

    with pytest.raises(UserError) as error:
        check_model(make_config("sample", {"model.weights": "none", **changes}))
    assert words in str(error.value)


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "%00", "\0", "x" * 600_000, "20260101-000000-000-aaaaaa", ""])
def test_55_an_address_that_names_no_run_names_no_file_either(run_id: str) -> None:
    with pytest.raises(RunError, match='there is no run "'):
        RunStore().get(run_id)


def test_55_a_run_in_the_folder_that_is_none_is_not_listed(home: Path) -> None:
    for name in ("..", "20260101-000000-000-aaaaaa.part", "notes"):
        (home / "runs" / name).mkdir(parents=True, exist_ok=True)
    assert RunStore().list() == []


def test_20_damaged_records_of_a_run_hide_no_other_run(home: Path) -> None:
    good, bad = (RunStore().create(make_config("sample", {}, name=name)) for name in ("good", "bad"))
    for name in ("config.json", "status.json", "events.jsonl", "manifest.json"):
        (bad.path / name).write_bytes(b'{"half')
    assert [run.id for run in RunStore().list()] == [bad.id, good.id]
    assert (bad.title(), bad.status().status, bad.epochs(), bad.manifest()) == (bad.id, "damaged", [], None)
    assert Run(good.path).status() == Status(**{**good.status().__dict__})


def test_23_more_files_than_an_upload_may_have_are_refused_before_any_is_written(tmp_path: Path) -> None:
    files = [(f"a/{k}.png", io.BytesIO(PNG)) for k in range(6)]
    with pytest.raises(DataError, match="The upload has 6 files; at most 5 are accepted"):
        ingest_files(files, tmp_path / "up", Limits(files=5))
    assert not (tmp_path / "up").exists()
    assert POLICIES["public"].zip_files == 0
