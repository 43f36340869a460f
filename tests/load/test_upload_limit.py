"""A public server refuses what no visitor may send before it takes it into memory, whatever its config.toml says."""

import asyncio
import contextlib
import http.client
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.app_server import Server
from tests.load.uploads import permission, put, session
from tests.visit import visit

pytestmark = pytest.mark.slow

TOML_MB = 500
"""What .streamlit/config.toml allows."""


CUT_OFF = 0
"""For the status of an answer that the end of the connection has overtaken."""


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    home.mkdir(exist_ok=True)
    made = Server(home, PARITY_MODE="public")
    yield made
    made.close()


def test_a_file_that_is_too_large_is_refused_by_the_server_itself(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    assert f"maxUploadSize = {TOML_MB}" in Path(".streamlit/config.toml").read_text(encoding="utf-8")
    assert visit(server.url, "predict").of("exception") == []  # the limit holds from the first page of a process on

    async def upload() -> list[int]:
        ids, ready, done = list[str](), asyncio.Event(), asyncio.Event()
        visitor = asyncio.create_task(session(port, ids, ready, done))
        await ready.wait()
        answers: list[int] = []
        await asyncio.to_thread(put, port, ids[0], 9, answers)
        for megabytes in (11, 100):
            answers.append(await asyncio.to_thread(announce, port, ids[0], megabytes))
        answers.append(await asyncio.to_thread(send_unannounced, port, ids[0], 40))
        done.set()
        await visitor
        return answers

    *announced, unannounced = asyncio.run(upload())
    assert announced == [204, 413, 413]
    assert unannounced in (413, CUT_OFF)


def announce(port: int, session_id: str, megabytes: int) -> int:
    """The answer to somebody who is about to send so much; none of it is sent."""
    return _begin(port, session_id, {"Content-Length": str(megabytes * 2**20)}, 0)


def send_unannounced(port: int, session_id: str, megabytes: int) -> int:
    """The answer to somebody who does not say how much comes."""
    return _begin(port, session_id, {"Transfer-Encoding": "chunked"}, megabytes)


def _begin(port: int, session_id: str, headers: dict[str, str], megabytes: int) -> int:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.putrequest("PUT", f"/_stcore/upload_file/{session_id}/{uuid.uuid4()}")
        for name, value in {**kind, **permission(port), **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        with contextlib.suppress(OSError):  # the server ends the connection in the middle
            for n in range(megabytes):
                part = (
                    b"--x\r\nContent-Disposition: form-data; name=x; filename=x.png\r\n\r\n" if n == 0 else b""
                ) + bytes(2**20)
                connection.send(b"%x\r\n%b\r\n" % (len(part), part))
        try:
            return connection.getresponse().status
        except ConnectionError:
            return CUT_OFF
