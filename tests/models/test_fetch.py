"""Downloads, from a server of the test's own."""

import dataclasses
import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from core.data import download
from core.errors import WeightsError
from core.models.backbone import Backbone
from core.models.catalogue import find
from core.models.fetch import fetch, require_reachable

CONTENT = bytes(range(256)) * 9000


class Handler(BaseHTTPRequestHandler):
    """`/cut` breaks off the first five parts."""

    asked: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.asked.append(start)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : start + 1000 if "cut" in self.path and len(self.asked) < 6 else None])

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Handler.asked.clear()
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


def names(folder: Path) -> list[str]:
    """Files of a folder, without the lock that keeps two processes from fetching one file."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def row(url: str, digest: str) -> Backbone:
    return dataclasses.replace(find("VGG16"), weights_url=url, weights_hash=digest)


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_file_with_the_right_hash_lands_in_the_keras_cache(address: str, cache: Path, kind: str) -> None:
    seen: list[tuple[int, int]] = []
    vgg = row(f"{address}/whole", hashlib.new(kind, CONTENT).hexdigest())
    require_reachable(vgg)
    path = fetch(vgg, lambda done, total: seen.append((done, total)))
    assert path == cache / vgg.weights_file
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_file_with_another_hash_leaves_nothing(address: str, cache: Path, kind: str) -> None:
    found, other = (hashlib.new(kind, content).hexdigest() for content in (CONTENT, b"other"))
    with pytest.raises(WeightsError) as error:
        fetch(row(f"{address}/whole", other))
    assert str(error.value) == (
        f"{address}/whole sent an unexpected file: its {kind.upper()} is {found}, expected {other}. It was discarded; "
        "try again."
    )
    assert names(cache) == []


def test_a_connection_that_breaks_off_is_taken_up_again_now_and_at_the_next_call(address: str, cache: Path) -> None:
    vgg = row(f"{address}/cut", hashlib.md5(CONTENT).hexdigest())
    with pytest.raises(WeightsError, match="the ImageNet weights of VGG16 are not on this machine and cannot be"):
        fetch(vgg)
    assert names(cache) == [f"{vgg.weights_file}.partial"]
    assert fetch(vgg).read_bytes() == CONTENT
    assert Handler.asked == [0, 1000, 2000, 3000, 4000, 5000]
    assert names(cache) == [vgg.weights_file]


def test_without_a_published_hash_nothing_old_is_gone_on_with(address: str, cache: Path) -> None:
    vgg = dataclasses.replace(find("VGG16"), weights_url=f"{address}/whole", weights_hash=None)
    cache.mkdir(parents=True)
    (cache / f"{vgg.weights_file}.partial").write_bytes(b"of another version")
    assert fetch(vgg).read_bytes() == CONTENT
    assert Handler.asked == [0]


def test_a_folder_that_cannot_be_written_is_named(address: str, cache: Path) -> None:
    cache.parent.write_bytes(b"")
    with pytest.raises(WeightsError, match=f"^{cache} cannot be written: "):
        fetch(row(f"{address}/whole", hashlib.md5(CONTENT).hexdigest()))


def test_without_an_answer_the_sentence_says_which_file_to_put_where(cache: Path) -> None:
    vgg = row("http://127.0.0.1:9/vgg16", "0" * 32)
    for attempt in (fetch, require_reachable):
        with pytest.raises(WeightsError) as error:
            attempt(vgg)
        assert str(error.value) == (
            "the ImageNet weights of VGG16 are not on this machine and cannot be downloaded; "
            f"get http://127.0.0.1:9/vgg16 and put {vgg.weights_file} into {cache}, "
            "or into a folder of your own that the environment variable PARITY_WEIGHTS names"
        )


def test_two_that_fetch_the_same_file_at_once_take_turns(address: str, cache: Path) -> None:
    vgg = row(f"{address}/whole", hashlib.md5(CONTENT).hexdigest())
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fetch(vgg).read_bytes() == CONTENT, range(4)))
    assert found == [True] * 4
    assert Handler.asked == [0]
