"""Downloads, from a server of the test's own: whole or not at all, and gone on with where they broke off."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from core.data import download as module
from core.data.download import download
from core.errors import DataError

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """`/whole` knows ranges, `/plain` does not, `/cut` breaks off every first part, `/500` and `/404` refuse."""

    asked: ClassVar[list[str]] = []
    cut_at: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.asked.append(f"{self.path} {start}")
        if self.path in ("/500", "/404"):
            self.send_error(int(self.path[1:]))
            return
        if self.path == "/plain":
            start = 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = self.cut_at.pop(0) if self.cut_at else len(CONTENT)
        self.wfile.write(CONTENT[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Handler.asked.clear()
    Handler.cut_at.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)


def test_a_file_gets_its_name_when_it_is_whole(address: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = download(f"{address}/whole", tmp_path / "new" / "file", MD5, lambda *step: seen.append(step))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {p.name for p in path.parent.iterdir()} == {"file", ".file.lock"}


def test_what_is_there_is_not_fetched_again(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    download(f"{address}/whole", tmp_path / "file", MD5)
    assert Handler.asked == []


def test_a_connection_that_breaks_off_is_taken_up_where_it_was(address: str, tmp_path: Path) -> None:
    Handler.cut_at[:] = [1000, 300_000]
    path = download(f"{address}/whole", tmp_path / "file", MD5)
    assert path.read_bytes() == CONTENT
    assert Handler.asked == ["/whole 0", "/whole 1000", "/whole 300000"]


def test_the_next_call_goes_on_with_what_the_last_one_left(address: str, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(CONTENT[:70_000])
    seen: list[tuple[int, int]] = []
    download(f"{address}/whole", tmp_path / "file", MD5, lambda *step: seen.append(step))
    assert Handler.asked == ["/whole 70000"]
    assert seen[0][0] > 70_000
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_without_ranges_is_heard_from_the_start(address: str, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(b"x" * 70_000)
    assert download(f"{address}/plain", tmp_path / "file", MD5).read_bytes() == CONTENT


def test_a_part_that_is_the_whole_needs_nothing_more(address: str, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(CONTENT)
    assert download(f"{address}/whole", tmp_path / "file", MD5).read_bytes() == CONTENT


def test_another_file_is_refused_and_not_kept(address: str, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(b"another file's beginning")
    with pytest.raises(DataError, match=rf"/whole sent an unexpected file: its MD5 is \w+, expected {MD5}\."):
        download(f"{address}/whole", tmp_path / "file", MD5)
    assert [path.name for path in tmp_path.iterdir()] == [".file.lock"]
    assert download(f"{address}/whole", tmp_path / "file", MD5).is_file()


def test_what_is_not_there_is_said_at_once(address: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"/404 cannot be downloaded: the server returned 404 Not Found\.$"):
        download(f"{address}/404", tmp_path / "file", MD5)
    assert Handler.asked == ["/404 0"]


def test_a_server_in_trouble_is_asked_a_few_times(address: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the server returned 500"):
        download(f"{address}/500", tmp_path / "file", MD5)
    assert Handler.asked == ["/500 0"] * module.TRIES


def test_one_that_always_breaks_off_ends_in_a_sentence_and_keeps_its_part(address: str, tmp_path: Path) -> None:
    Handler.cut_at[:] = [10, 20, 30, 40]
    with pytest.raises(DataError, match=r"/whole cannot be downloaded: the connection failed .* Try again later"):
        download(f"{address}/whole", tmp_path / "file", MD5)
    assert (tmp_path / "file.partial").read_bytes() == CONTENT[:40]


def test_no_network_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^http://127\.0\.0\.1:9/x cannot be downloaded: .*give it with --file\.$"):
        download("http://127.0.0.1:9/x", tmp_path / "file", MD5)


def test_a_folder_that_cannot_be_written_is_one_sentence(address: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(DataError, match=r"taken cannot be written: "):
        download(f"{address}/whole", tmp_path / "taken" / "file", MD5)
