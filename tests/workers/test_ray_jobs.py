"""What a run on a cluster is said to be, by what Ray says of its job; Ray itself is played by a dictionary."""

import os
import sys
import time
import types
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest

from core.bisect.store import Bisect
from core.config import make_config
from core.errors import ConfigError, RunError
from core.store.runs import Run, RunStore, Status
from core.workers import launch, ray_client, ray_jobs


class State(Enum):
    """As Ray has it: the value is the word."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"


class Cluster:
    """Ray's job server."""

    def __init__(self) -> None:
        self.jobs: dict[str, SimpleNamespace] = {}
        self.submitted: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.refuses = self.silent = False

    def submit_job(self, **facts: Any) -> None:
        if self.refuses:
            raise RuntimeError("Request failed with status code 500: no.\nmore")
        self.submitted.append(facts)
        self.set_state(facts["submission_id"], "PENDING")

    def get_job_info(self, name: str) -> SimpleNamespace:
        if self.silent:
            raise ConnectionError("refused")
        if name not in self.jobs:
            raise RuntimeError("Request failed with status code 404: unknown")
        return self.jobs[name]

    def get_job_logs(self, name: str) -> str:
        return f"what {name} printed"

    def stop_job(self, name: str) -> bool:
        self.stopped.append(name)
        return True

    def set_state(self, name: str, state: str, error: str = "", code: int | None = None) -> None:
        self.jobs[name] = SimpleNamespace(status=State(state), error_type=error, message="hm", driver_exit_code=code)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setenv("PARITY_EXECUTOR", "ray")
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    monkeypatch.setitem(sys.modules, "_parity_ray", types.ModuleType("_parity_ray"))
    monkeypatch.setattr(ray_client, "_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(ray_client, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(ray_client, "_client", lambda: made)
    monkeypatch.setattr(ray_jobs, "_GRACE_SECONDS", 0.0)
    return made


@pytest.fixture
def run(cluster: Cluster) -> Run:
    made = RunStore().create(make_config("sample", {}))
    launch.start(made, parent_pipe=True)
    return made


def at_work(run: Run, **facts: Any) -> None:
    run.write_status(replace(run.read_status(), **{"status": "running", "pid": 7, "host": "node-3", **facts}))


def job(run: Run) -> str:
    return str(run.cluster_job()["job"])


def test_a_run_is_handed_over_with_its_needs(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CPUS": "4", "GPUS": "1", "MEMORY_GB": "16", "PYTHON": "/opt/my env/python"}.items():
        monkeypatch.setenv(f"PARITY_RAY_{name}", value)
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    run = RunStore().create(make_config("sample", {}))
    launch.start(run, parent_pipe=True)
    (facts,) = cluster.submitted
    needs = {name: facts[f"entrypoint_{name}"] for name in ("num_cpus", "num_gpus", "memory")}
    assert needs == {"num_cpus": 4.0, "num_gpus": 1.0, "memory": 16 * 2**30}
    assert facts["entrypoint"] == (
        f"cd {launch.ROOT} && exec '/opt/my env/python' -u -m core.worker {run.path} --job parity-{run.id}-1 "
        f">> {run.path}/worker.log 2>&1"
    )
    environment = facts["runtime_env"]["env_vars"]
    assert environment["PARITY_HOME"] == str(run.path.parent.parent)
    assert environment["PYTHONPATH"] == str(launch.ROOT)
    assert "SECRET_OF_THE_SERVER" not in environment
    status = launch.poll(run)
    assert status.message == "Waiting for a slot on the cluster: it needs 4 CPUs, 1 GPUs, 16 GB of memory."
    assert launch.location(run, status) == f"Ray cluster 10.0.0.1:6379, job parity-{run.id}-1"


def test_a_bisect_takes_no_slot(cluster: Cluster) -> None:
    bisect = Bisect(RunStore().create(make_config("sample", {})).path)
    launch.start(bisect, parent_pipe=True)
    assert cluster.submitted[0]["entrypoint_num_cpus"] is None


@pytest.mark.parametrize(
    ("name", "value"), [("PARITY_RAY_CPUS", "many"), ("PARITY_RAY_GPUS", "-1"), ("PARITY_RAY_MEMORY_GB", "inf")]
)
def test_needs_that_are_no_numbers_are_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as error:
        launch.start(RunStore().create(make_config("sample", {})), parent_pipe=True)
    assert str(error.value) == f'{name} is "{value}"; give a number, 0 or more'


def test_an_executor_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_EXECUTOR", "slurm")
    with pytest.raises(ConfigError, match=r'^PARITY_EXECUTOR is "slurm"; it may be local or ray$'):
        launch.start(RunStore().create(make_config("sample", {})), parent_pipe=True)


def test_a_cluster_that_refuses_leaves_no_trace(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunStore().create(make_config("sample", {}))
    cluster.refuses = True
    with pytest.raises(RunError) as error:
        launch.start(run, parent_pipe=True)
    assert str(error.value) == (
        "the Ray cluster 10.0.0.1:6379 refused the job: Request failed with status code 500: no."
    )
    assert not run.is_on_cluster()
    monkeypatch.delenv("RAY_ADDRESS")
    with pytest.raises(RunError, match=r"^PARITY_EXECUTOR is ray, but RAY_ADDRESS is not set"):
        launch.start(run, parent_pipe=True)


def test_a_cluster_that_has_just_been_started_is_asked_again(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_client, "_TRY_SECONDS", 0.0)
    real, tries = cluster.submit_job, list[str]()

    def later(**facts: Any) -> None:
        tries.append(facts["submission_id"])
        if len(tries) < 3:
            raise RuntimeError("status code 500: No available agent to submit job, please try again later..")
        real(**facts)

    monkeypatch.setattr(cluster, "submit_job", later)
    run = RunStore().create(make_config("sample", {}))
    launch.start(run, parent_pipe=True)
    assert (len(tries), len(cluster.submitted)) == (3, 1)


def test_a_run_on_the_cluster_is_not_judged_by_a_lock_of_this_machine(cluster: Cluster, run: Run) -> None:
    at_work(run, queued=0.0, heartbeat=0.0)
    cluster.set_state(job(run), "RUNNING")
    assert run.status().status == "running"
    assert launch.poll(run).status == "running"
    with pytest.raises(RunError, match="is still running"):
        run.requeue()


ENDS: dict[str, tuple[Callable[[Cluster, str], object], str, str]] = {
    "lost": (
        lambda c, name: c.set_state(name, "FAILED", "JobErrorType.JOB_SUPERVISOR_ACTOR_DIED"),
        "interrupted", "The machine that ran it was lost. Resume continues after the last finished epoch.",
    ),
    "unknown": (
        lambda c, name: c.jobs.pop(name),
        "interrupted", "The cluster no longer knows this job: the cluster was restarted. Resume continues after the "
        "last finished epoch.",
    ),
    "killed": (
        lambda c, name: c.set_state(name, "FAILED", "JOB_ENTRYPOINT_COMMAND_ERROR", 137),
        "interrupted", "The worker was killed by the system, probably out of memory. Try a smaller batch or image "
        "size. Resume continues after the last finished epoch.",
    ),
    "killed, by signal": (
        lambda c, name: c.set_state(name, "FAILED", "JOB_ENTRYPOINT_COMMAND_ERROR", -9),
        "interrupted", "The worker was killed by the system, probably out of memory. Try a smaller batch or image "
        "size. Resume continues after the last finished epoch.",
    ),
    "full disk": (
        lambda c, name: c.set_state(name, "FAILED", "JOB_ENTRYPOINT_COMMAND_ERROR", 74),
        "failed", "The run's folder could not be written: the disk is full, or it is read-only. Resume continues after "
        "the last finished epoch.",
    ),
    "stopped by somebody else": (
        lambda c, name: c.set_state(name, "STOPPED"),
        "interrupted", "Its job was stopped in the cluster. Resume continues after the last finished epoch.",
    ),
    "without a word": (
        lambda c, name: c.set_state(name, "SUCCEEDED", "", 0),
        "interrupted", "The worker ended unexpectedly (exit code 0); the end of worker.log may say why. Resume "
        "continues after the last finished epoch.",
    ),
    "could not be run": (
        lambda c, name: c.set_state(name, "FAILED", "RUNTIME_ENV_SETUP_FAILURE"),
        "interrupted", "The cluster could not run it; the end of worker.log says why. Resume continues after the last "
        "finished epoch.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_ray_says_how_a_worker_ended_that_could_not(cluster: Cluster, run: Run, end: str) -> None:
    happens, expected, message = ENDS[end]
    at_work(run)
    run.join_cluster({**run.cluster_job(), "time": 0.0})
    happens(cluster, job(run))
    status = launch.poll(run)
    assert (status.status, status.message) == (expected, message)
    assert run.read_status() == status
    assert f"what {job(run)} printed" in (run.path / "worker.log").read_text(encoding="utf-8")


def test_a_last_word_that_came_through_is_kept(cluster: Cluster, run: Run) -> None:
    at_work(run, status="failed", message="the folder is gone")
    cluster.set_state(job(run), "FAILED", "JOB_ENTRYPOINT_COMMAND_ERROR", 1)
    assert launch.poll(run).message == "the folder is gone"


def test_an_end_is_believed_only_after_a_while(cluster: Cluster, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_jobs, "_GRACE_SECONDS", 60.0)
    at_work(run)
    cluster.set_state(job(run), "SUCCEEDED")
    assert launch.poll(run).status == "running", "its last word may still be on its way through the file server"


def test_a_cluster_that_does_not_answer_settles_nothing(cluster: Cluster, run: Run) -> None:
    at_work(run)
    cluster.silent = True
    status = launch.poll(run)
    assert (status.status, status.message) == (
        "running", "The cluster 10.0.0.1:6379 does not respond; jobs that were submitted continue if possible.",
    )  # fmt: skip
    assert run.read_status().message != status.message


def test_a_job_that_waited_too_long_for_ray_is_handed_over_again(cluster: Cluster, run: Run) -> None:
    cluster.set_state(job(run), "FAILED", "JOB_SUPERVISOR_ACTOR_START_TIMEOUT")
    assert launch.poll(run).status == "queued"
    assert [facts["submission_id"] for facts in cluster.submitted] == [f"parity-{run.id}-1", f"parity-{run.id}-2"]
    assert job(run) == f"parity-{run.id}-2"


def test_what_waits_is_stopped_without_a_worker(cluster: Cluster, run: Run) -> None:
    launch.stop(run)
    status = launch.poll(run)
    assert (status.status, status.message) == ("stopped", "Stopped while waiting for a slot on the cluster.")
    assert cluster.stopped == [job(run)]


def test_a_worker_that_is_silent_after_a_stop_is_ended_by_ray(
    cluster: Cluster, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "QUIET_SECONDS", -1.0)
    at_work(run)
    cluster.set_state(job(run), "RUNNING")
    launch.stop(run)
    launch.poll(run)
    assert cluster.stopped == [job(run)]
    launch.end_now(run)
    assert set(cluster.stopped) == {job(run)}


def test_silence_is_measured_by_one_clock(cluster: Cluster, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for heartbeat, at, expected in ((9e9, 100.0, 0.0), (9e9, 130.0, 30.0), (5.0, 140.0, 0.0), (5.0, 141.0, 1.0)):
        now[0] = at
        assert ray_jobs.silence(run, Status(status="running", pid=1, heartbeat=heartbeat)) == expected
    assert ray_jobs.silence(run, Status(status="queued")) == 0.0


def test_a_resumed_run_is_a_new_job_and_may_move_back(
    cluster: Cluster, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work(run, status="interrupted")
    launch.resume(run, parent_pipe=True)
    assert (run.read_status().status, job(run)) == ("queued", f"parity-{run.id}-2")
    at_work(run, status="interrupted")
    monkeypatch.setenv("PARITY_EXECUTOR", "local")
    monkeypatch.setattr("core.workers.local.start", lambda run, parent_pipe: None)
    launch.resume(run, parent_pipe=True)
    assert not run.is_on_cluster()
    assert launch.location(run, run.read_status()) == ""


def test_the_worker_of_another_job_leaves_the_run_alone(
    cluster: Cluster, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.worker import main

    before = run.read_status()
    assert main([str(run.path), "--job", f"parity-{run.id}-9"]) == 1
    assert capsys.readouterr().err == f"run {run.id} is no longer the work of parity-{run.id}-9\n"
    assert run.read_status() == before


def test_a_worker_whose_run_was_given_to_another_ends(
    cluster: Cluster, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core import worker

    class Ended(Exception):
        pass

    def end(code: int) -> None:
        raise Ended(code)

    looks: list[float] = []

    def given_away(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            run.join_cluster({"job": "other"})

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(time, "sleep", given_away)
    with pytest.raises(Ended):
        worker._end_when_replaced(run, job(run))
    assert len(looks) == 2
    run.leave_cluster()
    looks.clear()
    monkeypatch.setattr(time, "sleep", looks.append)
    with pytest.raises(Ended):
        worker._end_when_replaced(run, "other")
    assert len(looks) == worker._MISSES
