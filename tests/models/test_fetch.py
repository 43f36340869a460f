"""Downloads, from a server of the test's own."""

import dataclasses
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.errors import WeightsError
from core.models.catalogue import Backbone, find
from core.models.fetch import fetch, require_reachable

CONTENT = bytes(range(256)) * 9000


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: 1000 if "cut" in self.path else None])

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


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


@pytest.mark.parametrize("page", ["whole", "cut"])
def test_a_file_with_another_hash_or_cut_short_leaves_nothing(address: str, cache: Path, page: str) -> None:
    with pytest.raises(WeightsError, match=r"did not send vgg16.* whole: .* bytes came with md5 .* nothing was kept"):
        fetch(row(f"{address}/{page}", hashlib.md5(b"other").hexdigest()))
    assert list(cache.iterdir()) == []


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
