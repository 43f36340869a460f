"""Eight uploads of 50 MB at once, over Streamlit's own upload route, and how the server feels meanwhile.

    python tests/load/uploads.py [UPLOADS=8] [MEGABYTES=50]

Each is its own session on the Predict page. Printed: seconds until all are there, memory of the server at its peak and
after the sessions have gone, and how long its health check took.
"""

import asyncio
import contextlib
import http.client
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: E402
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: E402
from websockets.asyncio.client import connect  # noqa: E402
from websockets.typing import Origin, Subprotocol  # noqa: E402

from tests.browser.app_server import Server  # noqa: E402
from tests.load.client import memory_mb, share  # noqa: E402
from tests.load.clone import cloned, python_of  # noqa: E402


async def session(port: int, ids: list[str], ready: asyncio.Event, done: asyncio.Event) -> None:
    """Opens a page, adds the id of its session to `ids` once it is there, and keeps it open until `done`."""
    uri, origin = f"ws://127.0.0.1:{port}/_stcore/stream", Origin(f"http://127.0.0.1:{port}")
    async with connect(uri, origin=origin, subprotocols=[Subprotocol("streamlit")], max_size=None) as socket:
        message = BackMsg()
        message.rerun_script.page_name = "predict"
        await socket.send(message.SerializeToString())
        found = ""
        while not found:
            forward = ForwardMsg.FromString(await socket.recv())
            if forward.WhichOneof("type") == "new_session":
                found = forward.new_session.initialize.session_id
        ids.append(found)
        ready.set()
        await done.wait()


def put(port: int, session_id: str, megabytes: int, answers: list[int]) -> None:
    """One upload; without the cookie and header that a page of ours would send it is refused."""
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="x"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'
    ).encode()
    body = head + bytes(megabytes * 2**20) + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", **permission(port)}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request("PUT", f"/_stcore/upload_file/{session_id}/{uuid.uuid4()}", body, headers)
        answers.append(connection.getresponse().status)


def permission(port: int) -> dict[str, str]:
    """The cookie and header that a page of ours would send with an upload."""
    cookie = "_streamlit_xsrf"
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as asked:
        asked.request("GET", "/_stcore/health")
        parts = (asked.getresponse().getheader("Set-Cookie") or "").split(";")
    token = next((part.split("=", 1)[1] for part in parts if part.strip().startswith(cookie)), "")
    return {"X-Xsrftoken": token, "Cookie": f"{cookie}={token}", "Origin": f"http://127.0.0.1:{port}"}


async def measure(count: int, megabytes: int, server: Server) -> dict[str, float]:
    """The figures of one load."""
    port, pid = int(server.url.rpartition(":")[2]), server.process.pid
    done, events = asyncio.Event(), [asyncio.Event() for _ in range(count)]
    ids: list[str] = []
    sessions = [asyncio.create_task(session(port, ids, event, done)) for event in events]
    await asyncio.gather(*(event.wait() for event in events))
    before, peak, answers, health, over = memory_mb(pid), [0.0], list[int](), list[float](), threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], memory_mb(pid))
            started = time.monotonic()
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                connection.request("GET", "/_stcore/health")
                connection.getresponse().read()
            health.append(time.monotonic() - started)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    puts = [threading.Thread(target=put, args=(port, ids[k], megabytes, answers)) for k in range(count)]
    for thread in puts:
        thread.start()
    while any(thread.is_alive() for thread in puts):
        await asyncio.sleep(0.05)
    seconds = time.monotonic() - started
    over.set()
    watcher.join()
    done.set()
    await asyncio.gather(*sessions)
    return {
        "uploads": count, "answers 204 or 200": sum(answer in (200, 204) for answer in answers), "seconds": seconds,
        "MB more at the peak": peak[0] - before, "health p99 ms": 1000 * share(health, 0.99),
    }  # fmt: skip


def main() -> None:
    """Prints the figures, one a line."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    with tempfile.TemporaryDirectory() as folder, cloned(Path(folder)) as root:
        server = Server(root / ".parity", python_of(root), root=root)
        try:
            for name, value in asyncio.run(measure(count, megabytes, server)).items():
                print(f"{name}: {value:.2f}")
        finally:
            server.close()


if __name__ == "__main__":
    main()
