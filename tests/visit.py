"""Somebody who opens a page without a browser, and may say of themselves and of the page's address what they like."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

LIMIT = 60.0
"""Seconds that a page may take."""


@dataclass
class Visit:
    """What was shown.

    Attributes:
        refused: int. The status with which the server refused the socket; 0 where it did not.
        elements: Pairs of an element's kind and its text, as drawn.
        seconds: float. From the first byte to the end of the page.
    """

    refused: int = 0
    elements: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def of(self, kind: str) -> list[str]:
        """The texts of one kind of element."""
        return [text for name, text in self.elements if name == kind]


def visit(
    url: str, page: str = "", *, host: str = "", origin: str | None = "", headers: Mapping[str, str] | None = None
) -> Visit:
    """Opens a page and waits for its end.

    Args:
        url: Where the server answers.
        page: Name of the page in the address; empty for Home.
        host: What the header Host says; that of `url` when empty.
        origin: What the header Origin says; the page of `host` when empty, nothing when None.
        headers: Other headers.
    """
    return asyncio.run(asyncio.wait_for(_visit(url, page, host, origin, headers or {}), LIMIT))


async def _visit(url: str, page: str, host: str, origin: str | None, headers: Mapping[str, str]) -> Visit:
    address, _, port = url.removeprefix("http://").rpartition(":")
    host = host or f"{address}:{port}"
    seen, started = Visit(), time.monotonic()
    to: dict[str, Any] = {
        "host": address,
        "port": int(port),
        "subprotocols": ["streamlit"],
        "max_size": None,
        "proxy": None,
    }
    if origin is not None:
        to["origin"] = origin or f"http://{host}"
    try:
        async with connect(f"ws://{host}/_stcore/stream", additional_headers=headers, **to) as socket:
            message = BackMsg()
            message.rerun_script.page_name = page
            await socket.send(message.SerializeToString())
            while True:
                forward = ForwardMsg.FromString(await socket.recv())
                match forward.WhichOneof("type"):
                    case "delta" if forward.delta.WhichOneof("type") == "new_element":
                        seen.elements.append(_described(forward.delta.new_element))
                    case "script_finished":
                        break
    except InvalidStatus as error:
        seen.refused = error.response.status_code
    seen.seconds = time.monotonic() - started
    return seen


def _described(element) -> tuple[str, str]:
    kind = element.WhichOneof("type")
    part = getattr(element, kind)
    text = next((getattr(part, name) for name in ("body", "message", "label") if hasattr(part, name)), "")
    return kind, text
