"""A small dataset in the form of the published ones, and a server of the tests' own that it is fetched from."""

import contextlib
import dataclasses
import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from core.data.collections import COLLECTIONS, Collection

COUNTS = {"train": 12, "val": 4, "test": 5}


def archive(**changes: np.ndarray) -> bytes:
    """The .npz; `changes` replace arrays in it."""
    rng, arrays = np.random.default_rng(0), {}
    for part, count in COUNTS.items():
        arrays[f"{part}_images"] = rng.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{part}_labels"] = (np.arange(count) % 2)[:, None].astype(np.uint8)
    out = io.BytesIO()
    named: dict[str, Any] = {**arrays, **changes}
    np.savez(out, **named)
    return out.getvalue()


@contextlib.contextmanager
def serving() -> Iterator[list[bytes]]:
    """A server that sends the first of the two items, at the address that is the second."""
    content: list[bytes] = [b""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content[0]) - 1}/{len(content[0])}")
            self.send_header("Content-Length", str(len(content[0]) - start))
            self.end_headers()
            self.wfile.write(content[0][start:])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    content.append(f"http://127.0.0.1:{server.server_port}/file".encode())
    yield content
    server.shutdown()
    server.server_close()


def published(serve: list[bytes], content: bytes) -> Collection:
    """The smallest published dataset, with this content, at the server of the tests."""
    serve[0] = content
    digest = hashlib.md5(content).hexdigest()
    return dataclasses.replace(COLLECTIONS[0], url=serve[1].decode(), md5=digest, counts=COUNTS)
