"""The app as a real server with a home of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests import loaded_process

ROOT = Path(__file__).resolve().parent.parent.parent


class Server:
    """`streamlit run app.py` with a home of its own.

    Args:
        home: Its PARITY_HOME.
        python: The interpreter that runs it.
        options: What else follows `app.py` on its command line.
        before: A program that the interpreter runs before Streamlit's command line.
        real_workers: Whether its workers load TensorFlow themselves even where ours need not (tests/loaded_process.py).
        root: The folder of the program.
        environment: Variables beside those that are set already.

    Attributes:
        url: str. Where it answers.
        seconds_to_health: float. From its start to its first healthy answer.
    """

    def __init__(
        self,
        home: Path,
        python: str = sys.executable,
        options: Sequence[str] = (),
        root: Path = ROOT,
        before: str = "",
        real_workers: bool = False,
        **environment: str,
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url, self.home = f"http://127.0.0.1:{port}", home
        self._log = (home.parent / "server.log").open("wb")
        started = time.monotonic()
        loaded = loaded_process.installed() and not real_workers and (python, root) == (sys.executable, ROOT)
        program = loaded_process.leads(before) if loaded else before + loaded_process.BECOMES_STREAMLIT
        self.process = subprocess.Popen(
            [python, "-c", program, "run", "app.py", *options, "--server.address", "127.0.0.1", "--server.port",
             str(port), "--server.headless", "true"],
            cwd=root,
            env={**os.environ, "PARITY_HOME": str(home), **environment},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        while not self._healthy():
            assert time.monotonic() - started < 60, self.log()
            time.sleep(0.05)
        self.seconds_to_health = time.monotonic() - started

    def log(self) -> str:
        """What the server has printed."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Ends the server; its workers end with it."""
        self.process.terminate()
        self.process.wait(20)
        self._log.close()

    def _healthy(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).status == 200
        except (urllib.error.URLError, OSError):
            return False
