"""Processes that need not load TensorFlow: a server has loaded it once and forks one for every `python -m core...`.

Loading it takes 4 s of a processor, and tests start some hundred processes. After `install`, `subprocess.Popen` asks
the server for a process when one of our modules is run from the repository folder, or a program that begins with
`MARK`; anything else is started as ever. What comes is a process like any other: a child of the one that asked, with
its own environment and files, that can be waited for, signalled and killed. A test whose subject is the start itself
takes the fixture `real_processes`.
"""

import array
import atexit
import contextlib
import ctypes
import gc
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
MARK = "# With TensorFlow loaded.\n"
THIN = "PARITY_TESTS_THIN"
"""In the environment of a process that shall have the thin backbone."""
HOLD = "PARITY_TESTS_HOLD"
"""In the environment of a process whose training shall wait: names a file with the epochs it may finish before it does
so, until it is asked to stop, or the file says more or is gone."""

BECOMES_STREAMLIT = """import runpy
runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
"""
_LEADS = f"""{MARK}import sys
from tests import loaded_process
"""
_FOLLOWS = """import sys
from tests import loaded_process
loaded_process.follow(int(sys.argv.pop(1)))
"""

_LARGEST = 2**18
_LOADED = b"loaded"
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): orphans among our descendants become our children."""

AT_IMPORT = ("TF_", "KERAS_", "CUDA_", "OMP_", "OPENBLAS_", "MKL_", "PYTHON", "LD_", "XLA_")
"""Beginnings of names in the environment that are read when libraries are loaded: they must be those of the server."""
_SET_BY_US = {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUTF8": "1"}
"""What workers are started with (core/workers/command.py); the server is too."""

_OF_NO_EFFECT = {*_SET_BY_US, "TF2_BEHAVIOR", "PYTHONUNBUFFERED", "PYTHONBREAKPOINT"}
"""TensorFlow sets the third when it is loaded; standard output, and the debugger that Ray names, are no library's."""


class LoadedPopen(subprocess.Popen[Any]):
    """`subprocess.Popen`, with the server's help where it can give any."""

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, *rest: Any) -> None:
        # In CPython 3.11 to 3.13: how to close files, seven more arguments, six pipes, and seven for the child's start.
        _, pass_fds, cwd, env, _, _, shell, *pipes = rest[:13]
        env = dict(os.environ if env is None else env)
        order = None if executable or preexec_fn or pass_fds or shell else _order(args)
        if order is None or Path(cwd or Path.cwd()) != ROOT or not _alike(env):
            super()._execute_child(args, executable, preexec_fn, *rest)  # type: ignore[misc]
            return
        ours = [pipe if pipe != -1 else number for number, pipe in enumerate((pipes[0], pipes[3], pipes[5]))]
        self.pid = _server().start({**order, "session": bool(rest[-2]), "env": env}, ours)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def _order(args: Any) -> dict[str, Any] | None:
    """What a command wants run; None for what is none of ours."""
    words = [word for word in args if word != "-u"] if isinstance(args, list) else []
    if len(words) < 3 or words[0] != sys.executable or not all(isinstance(word, str) for word in words):
        return None
    module = words[2] in ("core", "core.worker") or words[2].startswith("core.engine.")
    known = module if words[1] == "-m" else words[1] == "-c" and words[2].startswith(MARK)
    return {"how": words[1], "what": words[2], "arguments": words[3:], "raw": "-u" in args} if known else None


def _alike(environment: Any) -> bool:
    """Whether the libraries, loaded with this environment, would be as the server has loaded them."""

    def read(env: Any) -> dict[str, str]:
        return {name: value for name, value in env.items() if name.startswith(AT_IMPORT) and name not in _OF_NO_EFFECT}

    return read(environment) == read(_AT_FIRST)


_AT_FIRST = dict(os.environ)


class _Server:
    """The process that has loaded TensorFlow, seen from the tests.

    Args:
        ours: Our end of its socket, where it has been started. Defaults to starting one.
    """

    def __init__(self, ours: socket.socket | None = None) -> None:
        self._lock, self._loaded = threading.Lock(), False
        self._process: subprocess.Popen[Any] | None = None
        if ours:
            self._socket = ours
            return
        self._socket, theirs = _socket_pair()
        with theirs:
            command = [sys.executable, "-m", "tests.loaded_process", str(theirs.fileno())]
            env = {**_AT_FIRST, **_SET_BY_US}
            self._process = _PLAIN(command, cwd=ROOT, env=env, pass_fds=[theirs.fileno()], start_new_session=True)

    def wait_until_loaded(self) -> None:
        """Returns once it takes orders."""
        with self._lock:
            if not self._loaded:
                self._loaded = self._socket.recv(64) == _LOADED

    def start(self, order: dict[str, Any], files: list[int]) -> int:
        """The id of a new process, a child of this one, that runs a module on these three files."""
        self.wait_until_loaded()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
        with self._lock:
            _adopt_orphans(1)
            try:
                self._socket.sendmsg([json.dumps(order).encode()], rights)
                answer = self._socket.recv(64)
            finally:
                _adopt_orphans(0)
        if not answer:
            raise OSError("the server of processes with TensorFlow has ended")
        return int(answer)

    def close(self) -> None:
        """Ends it."""
        self._socket.close()
        if self._process:
            self._process.wait(30)


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST)
    return pair


def _adopt_orphans(yes: int) -> None:
    ctypes.CDLL(None).prctl(_SUBREAPER, yes, 0, 0, 0)


def _server() -> _Server:
    if not _servers:
        _servers.append(_Server())
    return _servers[0]


_servers: list[_Server] = []
_PLAIN = subprocess.Popen


def get_ready() -> None:
    """Waits until TensorFlow is loaded, so that no clock of a run ticks meanwhile."""
    if possible():
        _server().wait_until_loaded()


def possible() -> bool:
    """Whether this system can: one that forks, and gives orphans to whom one likes."""
    return sys.platform.startswith("linux")


def install() -> None:
    """From now on processes come from the server, where that is possible."""
    if possible():
        subprocess.Popen = LoadedPopen  # type: ignore[misc]


def installed() -> bool:
    """Whether processes come from the server."""
    return subprocess.Popen is LoadedPopen


def leads(before: str = "") -> str:
    """A program that becomes `streamlit ARGUMENTS`, whose workers need not load TensorFlow either.

    Args:
        before: What it runs before it does.
    """
    return f"{_LEADS}loaded_process.lead(sys.argv[1:], {before!r})\n"


def lead(arguments: list[str], before: str) -> None:
    """Becomes `streamlit ARGUMENTS`, with a child that has TensorFlow loaded, as this process has, for its workers."""
    ours, theirs = _socket_pair()
    if not os.fork():
        ours.close()
        _serve(theirs)
        os._exit(0)
    theirs.close()
    ours.set_inheritable(True)
    program = f"{_FOLLOWS}{before}{BECOMES_STREAMLIT}"
    os.execv(sys.executable, [sys.executable, "-c", program, str(ours.detach()), *arguments])


def follow(number: int) -> None:
    """From now on processes come from the server whose socket this is."""
    ours = socket.socket(fileno=number)
    ours.set_inheritable(False)
    _servers.append(_Server(ours))
    install()


def _accompany() -> None:
    """Gives this process, a command that may start workers, a child that has TensorFlow loaded, as it has, for them.

    The child is out of reach of Ctrl-C, holds none of the files that whoever waits for this process reads to their end,
    and ends with it.
    """
    ours, theirs = _socket_pair()
    if not os.fork():
        ours.close()
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        _serve(theirs)
        os._exit(0)
    theirs.close()
    follow(ours.detach())


def close() -> None:
    """Ends the server, if there is one."""
    while _servers:
        _servers.pop().close()


def spare_the_disk() -> None:
    """From now on `os.fsync` does nothing in this process: no test cuts the power, and a disk takes 9 ms for each.

    A process that is killed leaves what it has written, whether or not that has reached the disk.
    """
    os.fsync = lambda handle: None  # type: ignore[assignment]


def uninstall() -> None:
    """From now on processes are started as ever."""
    subprocess.Popen = _PLAIN  # type: ignore[misc]


def serve(number: int) -> None:
    """Loads TensorFlow, then forks a process for every order, until whoever gives them is gone."""
    import core.engine.train.training  # noqa: F401

    spare_the_disk()
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=number))


def _serve(orders: socket.socket) -> None:
    orders.send(_LOADED)
    while True:
        content, rights, _, _ = orders.recvmsg(_LARGEST, socket.CMSG_SPACE(3 * array.array("i").itemsize))
        if not content:
            return
        files = array.array("i", rights[0][2])
        read, write = os.pipe()
        between = os.fork()
        if not between:
            child = os.fork()
            if child:  # ends at once, so that the child gets another parent
                os.write(write, str(child).encode())
                os._exit(0)
            orders.close()
            os.close(read)
            os.close(write)
            _become(json.loads(content), list(files))
        os.waitpid(between, 0)
        orders.send(os.read(read, 64))
        for file in (read, write, *files):
            os.close(file)


def _become(order: dict[str, Any], files: list[int]) -> NoReturn:
    """Makes this process what `python -m MODULE` would be, and runs it."""
    if order["session"]:
        os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(order["env"])
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "rb", closefd=False)), encoding="utf-8")
    sys.stdout = _writer(1, raw=order["raw"])
    sys.stderr = _writer(2, raw=True)
    sys.path[0] = "" if order["how"] == "-c" else str(ROOT)
    if not order["what"].startswith(_LEADS):
        _lay_in()
    if order["what"] == "core":
        _accompany()
    _end(_exit_code(order))


def _lay_in() -> None:
    """Puts in place what the environment asks for."""
    from tests import known_reads, known_searches, thin_backbone

    if THIN in os.environ:
        thin_backbone.lay_in(setattr)
    if known_searches.FOLDER in os.environ:
        known_searches.lay_in(setattr, Path(os.environ[known_searches.FOLDER]))
        known_reads.lay_in(setattr, Path(os.environ[known_searches.FOLDER]))
    if HOLD in os.environ:
        _wait_in_trainings(Path(os.environ[HOLD]))


def _wait_in_trainings(most: Path) -> None:
    """A training asks before each batch and after each epoch whether it is to stop; the answer comes in time."""
    from core.engine.reporter import Reporter
    from core.store.runs import Run

    asked = Reporter.stop_requested

    def may_go_on(run: Run) -> bool:
        try:
            return len(run.epochs()) < int(most.read_text(encoding="ascii"))
        except FileNotFoundError:
            return True

    def answer(self: Any) -> bool:
        while not asked(self) and isinstance(self.run, Run) and not may_go_on(self.run):
            time.sleep(0.1)
        return asked(self)

    Reporter.stop_requested = answer  # type: ignore[method-assign]


def _exit_code(order: dict[str, Any]) -> int:
    """Runs it; the exit code, as Python gives it."""
    sys.argv = [order["how"], *order["arguments"]]
    try:
        if order["how"] == "-c":
            exec(compile(order["what"], "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
        else:
            runpy.run_module(order["what"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)  # as Python does
    except BaseException:  # noqa: BLE001 (this is where Python itself would catch it)
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """As Python ends, but that nothing is taken down piece by piece: that alone takes half a second of a processor."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _writer(number: int, *, raw: bool) -> io.TextIOWrapper:
    file = io.BufferedWriter(io.FileIO(number, "wb", closefd=False))
    return io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", write_through=raw, line_buffering=raw)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
