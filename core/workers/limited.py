"""Limits of memory and time that a process takes on itself before it reads what came from outside.

The time on the wall is kept by whoever starts it (core/workers/run_module.py), on every system; memory and processor
time by the process itself, where the system has limits (not Windows).
"""

import contextlib


def limit(memory: int, seconds: int) -> None:
    """Takes from this process what reading a text does not need; does nothing where the system has no limits.

    Args:
        memory: int. Bytes of address space.
        seconds: int. Of the processor's time, from the start of the process.
    """
    with contextlib.suppress(ImportError):
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))
