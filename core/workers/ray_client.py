"""Client of the Ray job server with timeouts and caching, so that no page waits long."""

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from typing import Any, TypeVar

from core.environment import environment
from core.errors import RunError
from core.store.parked import parked
from core.store.recent import Recent

T = TypeVar("T")

_EVERY_SECONDS = 2.0
"""How old an answer may be. The status file says what a training does; Ray only whether it still can."""

_ANSWER_SECONDS, _SUBMIT_SECONDS = 3.0, 60.0

_TRIES, _TRY_SECONDS = 10, 1.5

_PAUSE_SECONDS = 10.0
"""After a question that was not answered, so that pages do not wait for each."""


@dataclass(frozen=True)
class Job:
    """What Ray says of a job.

    Attributes:
        name: str. Its submission id.
        state: str. PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED; empty for one that Ray does not know.
        error: str. Ray's kind of error of a failed job; empty otherwise.
        since: float. When this process has first heard of that state, in seconds of the steady clock.
    """

    name: str
    state: str = ""
    error: str = ""
    message: str = ""
    exit_code: int | None = None
    since: float = 0.0

    @property
    def known(self) -> bool:
        """Whether Ray knows it."""
        return bool(self.state)

    @property
    def ended(self) -> bool:
        """Whether nobody works on it any more, nor will."""
        return self.state not in ("PENDING", "RUNNING")

    @property
    def seconds_known(self) -> float:
        """For how long it has been in this state, as far as this process knows."""
        return time.monotonic() - self.since


def address() -> str:
    """The cluster, as the environment names it.

    Raises:
        RunError: it names none.
    """
    found = environment().ray_address
    if not found:
        raise RunError("PARITY_EXECUTOR is ray, but RAY_ADDRESS is not set; set it to the address of the cluster")
    return found


def submit(name: str, entrypoint: str, needs: dict[str, float], environment: dict[str, str]) -> None:
    """Hands a job over.

    Args:
        name: str. Its submission id.
        entrypoint: str. A command for the shell.
        needs: dict. `cpus`, `gpus`, `memory_gb`; 0 for none. Without any the head node runs it.
        environment: dict. Variables of the command.

    Raises:
        RunError: the cluster cannot be reached or does not take it.
    """

    def hand_over() -> None:
        _client().submit_job(
            entrypoint=entrypoint,
            submission_id=name,
            runtime_env={"env_vars": environment},
            entrypoint_num_cpus=needs["cpus"] or None,
            entrypoint_num_gpus=needs["gpus"] or None,
            entrypoint_memory=int(needs["memory_gb"] * 2**30) or None,
        )

    try:
        _within(_SUBMIT_SECONDS, lambda: _patiently(hand_over))
    except ImportError as error:
        raise RunError(
            "PARITY_EXECUTOR is ray, but Ray is not installed here; install requirements-cluster.txt"
        ) from error
    except TooLate as error:
        raise RunError(f"the Ray cluster {address()} does not answer; is it running, and its dashboard?") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise RunError(f"the Ray cluster {address()} refused the job: {_first_line(error)}") from error
    _memory().jobs.pop(name, None)


def _patiently(action: Callable[[], None]) -> None:
    """Does it again where a cluster that has just been started asks for that."""
    for _ in range(_TRIES - 1):
        try:
            return action()
        except RuntimeError as error:
            if "try again later" not in str(error):
                raise
        time.sleep(_TRY_SECONDS)
    return action()


def ask(name: str) -> Job | None:
    """What Ray says of a job; None while it does not answer."""
    memory, now = _memory(), time.monotonic()
    with memory.lock:
        asked, job = memory.jobs.get(name, (float("-inf"), None))
        if now - asked < _EVERY_SECONDS or now < memory.silent_until:
            return job  # type: ignore[no-any-return]
        # Whoever looks meanwhile takes the old answer; without one nothing speaks against its being alive.
        memory.jobs[name] = now, job if asked > 0 else Job(name, "RUNNING", since=now)
    try:
        told = _within(_ANSWER_SECONDS, lambda: _describe(name))
    except (OSError, RuntimeError, ValueError, ImportError, TooLate):
        memory.client, memory.silent_until = None, time.monotonic() + _PAUSE_SECONDS
        told = None
    if told is not None and job is not None and (told.state, told.error) == (job.state, job.error):
        told = job
    memory.jobs[name] = now, told
    return told


def stop(name: str) -> bool:
    """Asks Ray to end a job; whether it could be asked."""
    try:
        _within(_ANSWER_SECONDS, lambda: _client().stop_job(name))
    except (OSError, RuntimeError, ValueError, ImportError, TooLate):
        return False
    return True


def log(name: str) -> str:
    """What the job has printed beside its own log; empty where Ray does not know."""
    with contextlib.suppress(OSError, RuntimeError, ValueError, ImportError, TooLate):
        return str(_within(_ANSWER_SECONDS, lambda: _client().get_job_logs(name)))
    return ""


def seconds_unchanged(key: str, value: float) -> float:
    """For how long this process has seen the same value under a key; 0 at the first look."""
    seen, now = _memory().seen, time.monotonic()
    before, since = seen.get(key, (None, now))
    if before != value:
        since = now
        seen[key] = value, now
    return float(now - since)


def _describe(name: str) -> Job:
    try:
        told = _client().get_job_info(name)
    except RuntimeError as error:
        if "404" in str(error):
            return Job(name, since=time.monotonic())
        raise
    return Job(
        name,
        told.status.value,
        str(told.error_type or "").rpartition(".")[2],
        told.message or "",
        told.driver_exit_code,
        time.monotonic(),
    )


def _client() -> Any:
    memory = _memory()
    if memory.client is None:
        from ray.job_submission import JobSubmissionClient

        memory.client = JobSubmissionClient(address())
    return memory.client


def _within(seconds: float, action: Callable[[], T]) -> T:
    """The answer of an action, or an error when it takes longer; then it is left alone."""
    return _memory().pool.submit(action).result(timeout=seconds)  # type: ignore[no-any-return]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _memory() -> Any:
    return parked(
        "ray",
        jobs=Recent,
        seen=Recent,
        client=lambda: None,
        silent_until=float,
        pool=lambda: ThreadPoolExecutor(max_workers=8, thread_name_prefix="ray-jobs"),
        lock=threading.Lock,
    )
