"""Workers as jobs of a Ray cluster: `PARITY_EXECUTOR=ray`, with `RAY_ADDRESS` naming the cluster.

The run's folder, on storage that all machines share, stays the protocol: configuration, status, events, log and stop
file are where they are locally. What differs is who decides whether a worker still lives. A file lock of another
machine proves nothing here, so Ray does: `job.json` names the job, and only the worker of that job may write.
"""

import contextlib
import dataclasses
import shlex
import sys
import time
from typing import Any

from core.environment import environment
from core.errors import RunError
from core.store.folder import JobFolder
from core.store.status import Status
from core.workers import ray_client
from core.workers.command import ROOT, cluster_environment, worker_command
from core.workers.local import how_it_died
from core.workers.ray_client import Job

_GRACE_SECONDS = 5.0
"""A job's end may be known before a network file system shows its last word."""

_SUBMIT_SECONDS = 60.0
"""A job that is noted and that Ray does not know was never handed over; until then, somebody is about to."""

_LOG_CHARACTERS = 4000

_REASONS = {
    "": "The cluster no longer knows this job: the cluster was restarted.",
    "JOB_SUPERVISOR_ACTOR_DIED": "The machine that ran it was lost.",
    "JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE": "The machine that ran it was lost.",
}
"""Ray's kinds of error of which the worker itself is innocent, in words."""

_NEVER_STARTED = "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"


def start(folder: JobFolder) -> None:
    """Hands a queued run over to the cluster.

    Raises:
        RunError: the cluster cannot be reached or does not take it.
        ConfigError: a setting of the environment is not allowed.
    """
    # A bisect hands its trials over and reads their results: with a slot of its own it would keep them waiting.
    wanted = needs() if folder.takes_slot else dict.fromkeys(("cpus", "gpus", "memory_gb"), 0.0)
    attempt = int(folder.cluster_job().get("attempt", 0)) + 1
    name = f"parity-{folder.id}-{attempt}"
    folder.join_cluster({"job": name, "attempt": attempt, "address": ray_client.address(), "needs": wanted,
                      "time": time.time()})  # fmt: skip
    try:
        ray_client.submit(name, _entrypoint(folder, name), wanted, cluster_environment())
    except RunError:
        folder.leave_cluster()
        raise


def poll(folder: JobFolder) -> Status:
    """The run's status, settled by what Ray says of its job."""
    status, record = folder.read_status(), folder.cluster_job()
    if not status.is_active or folder.is_from_newer_version():
        return status
    job = ray_client.ask(str(record.get("job")))
    if job is None:
        return dataclasses.replace(status, message=_unreachable(record))
    if not job.known and time.time() - float(record.get("time", 0.0)) < _SUBMIT_SECONDS:
        return status
    if not job.ended:
        return dataclasses.replace(status, message=_waits(record)) if status.pid is None else status
    if job.seconds_known < _GRACE_SECONDS:
        return status
    return _settle(folder, record, job)


def silence(folder: JobFolder, status: Status) -> float:
    """Seconds since this process has seen the heartbeat change; the clocks of two machines are never compared."""
    return ray_client.seconds_unchanged(folder.id, status.heartbeat) if status.pid is not None else 0.0


def terminate(folder: JobFolder, status: Status, *, kill: bool) -> bool:
    """Lets Ray end the worker: politely, and three seconds later by force. Whether Ray could be reached."""
    return ray_client.stop(str(folder.cluster_job().get("job")))


def withdraw(folder: JobFolder) -> None:
    """Takes back a run of which no worker has been heard: it need not get a slot first to be stopped."""
    ray_client.stop(str(folder.cluster_job().get("job")))
    message = "Stopped while waiting for a slot on the cluster."
    folder.write_status(dataclasses.replace(folder.read_status(), status="stopped", message=message, ended=time.time()))


def wait(folder: JobFolder, seconds: float) -> None:
    """Nothing to wait for: a worker whose job is no longer the run's ends by itself."""


def location(folder: JobFolder, status: Status) -> str:
    """Where the worker is, in words."""
    record = folder.cluster_job()
    machine = f", machine {status.host}" if status.host else ""
    return f"Ray cluster {record.get('address')}, job {record.get('job')}{machine}"


def needs() -> dict[str, float]:
    """What a worker needs of a machine, as the environment says: `cpus`, `gpus`, `memory_gb`.

    Raises:
        ConfigError: a value is no number of that kind.
    """
    found = environment()
    return {
        "cpus": found.ray_cpus,
        "gpus": found.ray_gpus,
        "memory_gb": found.ray_memory_gb,
    }


def _settle(folder: JobFolder, record: dict[str, Any], job: Job) -> Status:
    """Writes the last word that the worker could not say; a job that only waited too long is handed over again."""
    status = folder.read_status()
    if not status.is_active or folder.cluster_job() != record:
        return folder.read_status()
    if job.error == _NEVER_STARTED and status.pid is None and not folder.stop_requested():
        with contextlib.suppress(RunError):
            start(folder)
        return folder.read_status()
    ended, message = _how_it_ended(folder, job, status, stopped=folder.stop_requested())
    _keep_log(folder, job)
    status = dataclasses.replace(status, status=ended, message=message, ended=time.time())
    with contextlib.suppress(OSError):  # it is so all the same; whoever looks next tries again to write it down
        folder.write_status(status)
    return status


def _how_it_ended(folder: JobFolder, job: Job, status: Status, *, stopped: bool) -> tuple[str, str]:
    if stopped and status.pid is None:
        return "stopped", "Stopped while waiting for a slot on the cluster."
    if job.state == "STOPPED":
        by = "The worker did not stop and was killed." if stopped else "Its job was stopped in the cluster."
        return "interrupted", f"{by} {folder.goes_on}"
    if job.exit_code:
        # A shell says 128 and the signal's number.
        return how_it_died(folder, 128 - job.exit_code if job.exit_code > 128 else job.exit_code, stopped=stopped)
    if job.state == "SUCCEEDED":
        return how_it_died(folder, 0, stopped=stopped)
    reason = _REASONS.get(
        job.error if job.known else "", "The cluster could not run it; the end of worker.log says why."
    )
    return "interrupted", f"{reason} {folder.goes_on}"


def _keep_log(folder: JobFolder, job: Job) -> None:
    """What Ray itself has to say, for instance that the folder is not there on its machines."""
    words = "\n".join(text for text in (job.message, ray_client.log(job.name)[-_LOG_CHARACTERS:]) if text)
    with contextlib.suppress(OSError), (folder.path / "worker.log").open("a", encoding="utf-8") as log:
        log.write(f"\nRay, job {job.name}, {job.state or 'unknown'}:\n{words}\n")


def _entrypoint(folder: JobFolder, name: str) -> str:
    python = environment().ray_python or sys.executable
    words = shlex.join([*worker_command(folder, python), "--job", name])
    return f"cd {shlex.quote(str(ROOT))} && exec {words} >> {shlex.quote(str(folder.path / 'worker.log'))} 2>&1"


def _waits(record: dict[str, Any]) -> str:
    wanted = record.get("needs") or {}
    units = {"cpus": "CPUs", "gpus": "GPUs", "memory_gb": "GB of memory"}
    words = [f"{wanted[name]:g} {unit}" for name, unit in units.items() if wanted.get(name)]
    return f"Waiting for a slot on the cluster{': it needs ' if words else ''}{', '.join(words)}."


def _unreachable(record: dict[str, Any]) -> str:
    return f"The cluster {record.get('address')} does not respond; jobs that were submitted continue if possible."
