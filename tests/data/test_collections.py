"""Public datasets: fetched from a server of the test's own, checked, and written out as images."""

import dataclasses
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import files, paths
from core.cli import fetch as fetch_command
from core.data import collections
from core.data import download as download_module
from core.data.collections import COLLECTIONS, fetch_collection, fetched_bytes, find_collection, published_of
from core.data.dataset import scan_dataset
from core.errors import DataError
from tests.published_set import COUNTS, archive, published, serving


@pytest.fixture
def serve() -> Iterator[list[bytes]]:
    with serving() as content:
        yield content


def test_it_becomes_folders_that_the_scan_reads(serve: list[bytes]) -> None:
    content, steps = archive(), []
    folder = fetch_collection(published(serve, content), progress=lambda *step: steps.append(step))
    assert folder == paths.home() / "collections" / "pneumoniamnist-28"
    index = scan_dataset(str(folder))
    assert index.counts() == {
        "test": {"normal": 3, "pneumonia": 2},
        "train": {"normal": 6, "pneumonia": 6},
        "val": {"normal": 2, "pneumonia": 2},
    }
    assert (index.skipped, index.modes(), index.sizes()) == ((), {"L": 21}, {(28, 28): 21})
    with np.load(io.BytesIO(content)) as arrays, Image.open(folder / "val/pneumonia/00004.png") as image:
        assert (np.asarray(image) == arrays["val_images"][3]).all()
    assert steps[-1] == (21, 21)
    assert json.loads((folder / ".source.json").read_text())["licence"] == "CC BY 4.0"
    assert [path.name for path in folder.parent.glob("[!.]*")] == [folder.name]


def test_what_was_fetched_is_not_fetched_again(serve: list[bytes]) -> None:
    collection = published(serve, archive())
    folder = fetch_collection(collection)
    assert fetch_collection(dataclasses.replace(collection, url="http://127.0.0.1:9/x")) == folder


def test_a_file_that_was_fetched_otherwise_is_checked_and_stays(serve: list[bytes], tmp_path: Path) -> None:
    collection = published(serve, archive())
    (tmp_path / "mine.npz").write_bytes(archive())
    assert fetch_collection(collection, tmp_path / "mine.npz").is_dir()
    assert (tmp_path / "mine.npz").is_file()
    other = dataclasses.replace(collection, size=64)
    (tmp_path / "mine.npz").write_bytes(b"something else")
    with pytest.raises(DataError, match=r"mine\.npz is not PneumoniaMNIST \(MedMNIST v2\) of 64 pixels: its MD5 is"):
        fetch_collection(other, tmp_path / "mine.npz")
    with pytest.raises(DataError, match=r"no\.npz cannot be read: No such file or directory\.$"):
        fetch_collection(other, tmp_path / "no.npz")


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        archive(train_images=np.zeros((12, 28, 28), object)),  # would run code when it is read
        archive(train_images=np.zeros((12, 28, 27), np.uint8)),
        archive(train_images=np.zeros((11, 28, 28), np.uint8)),
        archive(train_images=np.zeros((12, 28, 28), np.float32)),
        archive(val_labels=np.full((4, 1), 2)),
        archive(val_labels=np.zeros((3, 1), int)),
    ],
)
def test_other_content_is_refused_and_leaves_nothing(serve: list[bytes], content: bytes) -> None:
    with pytest.raises(DataError, match=r"^pneumoniamnist-28\.npz is not PneumoniaMNIST"):
        fetch_collection(published(serve, content))
    assert [path.name for path in paths.collections_folder().glob("[!.]*")] == ["pneumoniamnist-28.npz"]


def test_two_do_not_fetch_the_same_at_once(serve: list[bytes]) -> None:
    collection = published(serve, archive())
    lock = files.Lock(paths.collections_folder() / ".pneumoniamnist-28.lock")
    assert lock.acquire()
    with pytest.raises(
        DataError, match=r"^PneumoniaMNIST \(MedMNIST v2\) is already being downloaded by another page or"
    ):
        fetch_collection(collection)
    lock.release()
    assert fetch_collection(collection) == collection.folder


def test_a_download_that_was_given_up_goes_on_where_it_was(serve: list[bytes], monkeypatch) -> None:
    class GivenUp(BaseException):
        """As Streamlit ends a script run."""

    def give_up(done: int, total: int) -> None:
        raise GivenUp

    content = archive()
    collection, steps = published(serve, content), []
    monkeypatch.setattr(download_module, "_CHUNK", 5000)
    monkeypatch.setattr(collections, "COLLECTIONS", (collection,))
    assert (fetched_bytes(collection), published_of(collection.folder)) == (0, collection)
    with pytest.raises(GivenUp):
        fetch_collection(collection, progress=give_up)
    assert fetched_bytes(collection) == 5000
    folder = fetch_collection(collection, progress=lambda *step: steps.append(step), writing=lambda *step: None)
    assert steps[0] == (10000, len(content))
    assert sum(1 for _ in folder.rglob("*.png")) == 21
    assert fetched_bytes(collection) == 0


def test_names_and_sizes_that_there_are_not_are_told() -> None:
    assert [find_collection("PneumoniaMNIST", size).size for size in (None, 64, 128, 224)] == [28, 64, 128, 224]
    with pytest.raises(DataError, match=r"^There is no dataset mnist to fetch; there is pneumoniamnist\.$"):
        find_collection("mnist")
    with pytest.raises(DataError, match=r"is available with 28, 64, 128, 224 pixels per side, not with 32\.$"):
        find_collection("pneumoniamnist", 32)


def test_every_published_file_is_whole_in_the_catalogue() -> None:
    for each in COLLECTIONS:
        assert each.url.startswith("https://zenodo.org/records/10519652/files/")
        assert len(each.md5) == 32
        assert sum(each.counts.values()) == 5856
    assert len({each.md5 for each in COLLECTIONS}) == len(COLLECTIONS)


def test_the_command_prints_where_the_images_are(serve, monkeypatch, capsys) -> None:
    import argparse

    monkeypatch.setattr(collections, "COLLECTIONS", (published(serve, archive()),))
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()

    def command(name: str, function, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text)
        sub.set_defaults(command=function)
        sub.add_argument("--json", action="store_true")
        return sub

    fetch_command.add_parser(command)
    for arguments in (["fetch", "pneumoniamnist"], ["fetch", "pneumoniamnist", "--json"]):
        options = parser.parse_args(arguments)
        assert options.command(options) == 0
    said = capsys.readouterr().out.splitlines()
    folder = str(paths.home() / "collections" / "pneumoniamnist-28")
    assert said[:2] == ["PneumoniaMNIST (MedMNIST v2), CC BY 4.0: train 12, val 4, test 5", folder]
    assert json.loads(said[-1]) == {
        "dataset": folder, "title": "PneumoniaMNIST (MedMNIST v2)", "counts": COUNTS, "licence": "CC BY 4.0",
    }  # fmt: skip
