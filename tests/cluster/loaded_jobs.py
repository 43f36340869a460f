"""Jobs of a cluster whose process need not load TensorFlow: `PARITY_RAY_PYTHON` names a program that asks us for one.

Ray starts, watches and ends that program as it does any worker's interpreter. It hands its command and its files over
through a socket, a process of tests/loaded_process.py runs the command with the thin backbone, and both end together:
the program with the process' exit code, the process at once when the program is killed, as with a machine that is lost.
"""

import array
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.loaded_process import AT_IMPORT, HOLD, ROOT, THIN

LARGEST = 2**18
PROGRAM = """#!{python} -IS
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asked:
    asked.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, {largest})
    asked.connect({address!r})
    order = json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}).encode()
    asked.sendmsg([order], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    sys.exit(int(asked.recv(64) or b"1"))
"""


class LoadedJobs:
    """Answers the programs of one folder.

    Args:
        folder: Where the program and its socket are put; it exists.

    Attributes:
        program: Path. What PARITY_RAY_PYTHON is to name.
        served: int. How many processes were asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.program, self.served = folder / "python", 0
        address = str(folder / "jobs")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.bind(address)
        self._socket.listen(16)
        text = PROGRAM.format(python=sys.executable, largest=LARGEST, address=address)
        self.program.write_text(text, encoding="utf-8")
        self.program.chmod(0o755)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more orders."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                asked, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(asked,), daemon=True).start()

    def _serve(self, asked: socket.socket) -> None:
        with asked:
            content, rights, _, _ = asked.recvmsg(LARGEST, socket.CMSG_SPACE(3 * array.array("i").itemsize))
            files = array.array("i", rights[0][2])
            try:
                process = _start(json.loads(content), *files)
            finally:
                for file in files:
                    os.close(file)
            self.served += 1
            while process.poll() is None:
                if select.select([asked], [], [], 0.1)[0]:  # it sends nothing more: it is gone
                    process.kill()
                    process.wait()
            with contextlib.suppress(OSError):
                asked.send(str(process.returncode).encode())


def _start(order: dict[str, Any], *files: int) -> "subprocess.Popen[bytes]":
    """What libraries read when they are loaded stays as it is here: they are loaded."""
    ours = {name: value for name, value in os.environ.items() if name.startswith(AT_IMPORT) or name == HOLD}
    theirs = {name: value for name, value in order["environment"].items() if not name.startswith(AT_IMPORT)}
    stdin, stdout, stderr = files
    return subprocess.Popen(
        [sys.executable, *order["arguments"]], cwd=ROOT, env={**theirs, **ours, THIN: "1"}, stdin=stdin, stdout=stdout,
        stderr=stderr,
    )  # fmt: skip
