"""A viewer without a browser: speaks Streamlit's own protocol over its socket, to load a server on this machine."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol


@dataclass
class Viewer:
    """Somebody who has a page open.

    Args:
        port: Of the server on 127.0.0.1.
        page: Name of the page in the address; empty for Home.
        query: What follows the question mark in the address.

    Attributes:
        first: Seconds until the page was there.
        ticks: Seconds from asking for each tick of the page's first fragment to its end.
        asked: Ticks asked for.
    """

    port: int
    page: str = ""
    query: str = ""
    first: float | None = None
    ticks: list[float] = field(default_factory=list)
    asked: int = 0
    errors: list[str] = field(default_factory=list)
    received: int = 0

    async def watch(self, seconds: float) -> None:
        """Opens the page and keeps it open."""
        uri = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        origin = Origin(f"http://127.0.0.1:{self.port}")
        deadline = time.monotonic() + seconds
        async with connect(
            uri, origin=origin, subprotocols=[Subprotocol("streamlit")], max_size=None, ping_interval=None
        ) as socket:
            started = time.monotonic()
            await socket.send(self._rerun().SerializeToString())
            fragment, interval, due, sent = "", 0.0, float("inf"), 0.0
            while (now := time.monotonic()) < deadline:
                if now >= due:
                    await socket.send(self._rerun(fragment).SerializeToString())
                    self.asked += 1
                    sent, due = now, now + interval
                try:
                    content = await asyncio.wait_for(socket.recv(), max(0.0, min(due, deadline) - time.monotonic()))
                except TimeoutError:
                    continue
                self.received += len(content)
                message = ForwardMsg.FromString(content)
                match message.WhichOneof("type"):
                    case "auto_rerun" if not fragment:
                        fragment, interval = message.auto_rerun.fragment_id, message.auto_rerun.interval
                    case "script_finished":
                        if self.first is None:
                            self.first = time.monotonic() - started
                            # A tick asked for before is answered together with the next: on a slow machine one less.
                            due = time.monotonic() + interval if fragment else due
                        elif sent:
                            self.ticks.append(time.monotonic() - sent)
                            sent = 0.0
                    case "delta" if message.delta.new_element.WhichOneof("type") == "exception":
                        self.errors.append(message.delta.new_element.exception.message)

    def _rerun(self, fragment: str = "") -> BackMsg:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = self.query, self.page
        if fragment:
            state.fragment_id, state.is_auto_rerun = fragment, True
        return message


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used (Linux)."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100


def memory_mb(pid: int) -> float:
    """Anonymous memory of a process in MB (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:"))


def share(values: list[float], of: float) -> float:
    """A quantile, such as `share(ticks, 0.95)`; not a number of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(of * len(ordered)))] if ordered else float("nan")
