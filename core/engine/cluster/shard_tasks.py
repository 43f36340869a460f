"""Ray tasks for shards: hands out calls, listens which have ended, however many machines are lost meanwhile."""

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from core.errors import ParityError, RunError
from core.workers.ray_client import address
from core.workers.ray_jobs import needs

RETRIES = 5
"""So many machines may be lost under one call before it counts as failed."""

_AHEAD = 2
"""Calls handed out for each slot of the cluster: enough that no machine waits for the next."""

Call = Callable[[dict[str, Any]], str]


class OutOfReach(ParityError):
    """There is no cluster where the environment says, or it does not answer."""


class NoTasks:
    """What is there without a cluster: no room, ever."""

    def has_room(self) -> bool:
        """Never."""
        return False

    def submit(self, call: Call, key: int, order: dict[str, Any]) -> None:
        """Never called."""

    def ended(self) -> Iterator[tuple[int, str]]:
        """Nothing."""
        return iter(())

    def last(self) -> int | None:
        """Nothing."""
        return None

    def forget(self, key: int) -> None:
        """Nothing to forget."""


class Tasks(NoTasks):
    """Calls on the machines of the cluster that this worker's environment names; a context.

    Raises:
        OutOfReach: on entering.
    """

    def __init__(self) -> None:
        self._refs: dict[Any, int] = {}
        self._slots, self._options = 0, dict[str, Any]()

    def __enter__(self) -> "Tasks":
        try:
            import ray

            if not ray.is_initialized():
                ray.init(address=address(), log_to_driver=False, configure_logging=False)
        except (ImportError, OSError, RuntimeError, ValueError, RunError) as error:
            raise OutOfReach(_last_line(error)) from error
        wanted = needs()
        memory = int(wanted["memory_gb"] * 2**30)
        self._options = {"num_cpus": wanted["cpus"], "num_gpus": wanted["gpus"], "max_retries": RETRIES} | (
            {"memory": memory} if memory else {}
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for start in list(self._refs.values()):
            self.forget(start)

    def has_room(self) -> bool:
        """Whether the cluster can take more calls than it has."""
        import ray

        total: dict[str, float] = ray.cluster_resources()
        wanted = {"CPU": self._options["num_cpus"], "GPU": self._options["num_gpus"]}
        slots = min((total.get(name, 0.0) / count for name, count in wanted.items() if count), default=1.0)
        return len(self._refs) < max(1, _AHEAD * int(slots))

    def submit(self, call: Call, key: int, order: dict[str, Any]) -> None:
        """Hands out `call(order)` under a key."""
        import ray

        self._refs[ray.remote(**self._options)(call).remote(order)] = key

    def ended(self) -> Iterator[tuple[int, str]]:
        """Keys of the calls that have ended since the last look, with why they failed; empty where they did not."""
        import ray
        from ray.exceptions import RayError

        while self._refs:
            ready, _ = ray.wait(list(self._refs), timeout=0)
            if not ready:
                return
            key = self._refs.pop(ready[0])
            try:
                yield key, str(ray.get(ready[0]))
            except (RayError, OSError, ValueError, RuntimeError) as error:
                yield key, f"another machine failed: {_last_line(error)}"

    def last(self) -> int | None:
        """The key of the call that was handed out last and has not ended; None without one."""
        return next(reversed(self._refs.values()), None)

    def forget(self, key: int) -> None:
        """Takes a call back; one that runs already runs on, and nobody hears of it."""
        import ray
        from ray.exceptions import RayError

        for ref in [ref for ref, other in self._refs.items() if other == key]:
            del self._refs[ref]
            with contextlib.suppress(RayError, RuntimeError, ValueError, TypeError):  # nobody waits for it
                ray.cancel(ref)


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:300]
