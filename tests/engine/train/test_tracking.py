"""An MLflow server that hears of runs: what it is told, and that no server, however odd, harms a training."""

import json
import os
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.config import make_config
from core.engine.reporter import Reporter
from core.engine.train import tracking
from core.engine.train.epoch_figures import EpochFigures
from core.engine.train.tracking import Tracking
from core.store.run_records import Event
from core.store.runs import METRICS, Run, RunStore

pytestmark = pytest.mark.usefixtures("thin")

EPOCH = EpochFigures(0.5, 0.75, float("nan"), 0.001, 0.25, 1.0, None)


class Fake(HTTPServer):
    """A server on loopback that answers as MLflow does, or as `answer` says, and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[str], tuple[int, bytes]] = self.as_mlflow
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def as_mlflow(self, path: str) -> tuple[int, bytes]:
        if "get-by-name" in path:
            return 404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}'
        return 200, json.dumps({"experiment_id": "7", "run": {"info": {"run_id": "abc"}}}).encode()

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [body for where, body in self.told if where == path]


class Handler(BaseHTTPRequestHandler):
    server: Fake

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        path = self.path.removeprefix("/base/api/2.0/mlflow/")
        self.server.told.append((path, json.loads(self.rfile.read(length) or b"{}")))
        self.server.headers.append(dict(self.headers))
        code, content = self.server.answer(path)
        self.send_response(code)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    for name in list(os.environ):
        if name.startswith("MLFLOW_"):
            monkeypatch.delenv(name)
    server = Fake()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ada:s%20ecret@127.0.0.1:{server.server_port}/base/")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run() -> Run:
    return RunStore().create(make_config("/data", {"training.epochs": 3}, name="mine"))


def told(run: Run, status: str = "finished") -> list[Event]:
    """Tells of one epoch and the end; returns the events that came of it."""
    told_of = Tracking(Reporter(run))
    told_of.begin()
    told_of.epoch(1, EPOCH)
    told_of.end(status)
    return [event for event in run.events() if event.event == "mlflow"]


def test_it_is_told_settings_figures_and_the_end(fake: Fake, run: Run) -> None:
    (event,) = told(run)
    assert (event.run, event.to_dict()["server"]) == ("abc", f"127.0.0.1:{fake.server_port}")
    assert "ecret" not in (run.path / "events.jsonl").read_text()
    assert fake.headers[0]["Authorization"] == "Basic YWRhOnMgZWNyZXQ="
    assert [path for path, _ in fake.told] == [
        "experiments/get-by-name?experiment_name=Parity", "experiments/create", "runs/create", "runs/log-batch",
        "runs/log-batch", "runs/update",
    ]  # fmt: skip
    (made,) = fake.bodies("runs/create")
    assert (made["experiment_id"], made["run_name"]) == ("7", "mine")
    assert {"key": "parity.run", "value": run.id} in made["tags"]
    settings, figures = fake.bodies("runs/log-batch")
    assert {"key": "training.epochs", "value": "3"} in settings["params"]
    assert {m["key"]: m["value"] for m in figures["metrics"]} == {
        "loss": 0.5, "accuracy": 0.75, "val_loss": 0.25, "val_accuracy": 1.0,
    }  # fmt: skip
    assert {m["step"] for m in figures["metrics"]} == {1}
    (end,) = fake.bodies("runs/update")
    assert (end["run_id"], end["status"]) == ("abc", "FINISHED")


def test_a_resumed_run_goes_on_as_the_one_it_was(fake: Fake, run: Run) -> None:
    told(run, "stopped")
    assert fake.bodies("runs/update")[0]["status"] == "KILLED"
    told(run, "failed")
    assert len(fake.bodies("runs/create")) == 1
    assert [body["status"] for body in fake.bodies("runs/update")] == ["KILLED", "RUNNING", "FAILED"]


@pytest.mark.usefixtures("fake")
def test_without_an_address_nothing_happens(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert told(run) == []


@pytest.mark.parametrize(
    ("code", "content", "words"),
    [
        (500, b"", "it answered 500"),
        (401, b"", "it answered 401"),
        (200, b"<html>", "Expecting value: line 1 column 1 (char 0)"),
        (200, b"[]", "its response is not that of an MLflow server"),
        (200, b'{"experiment": null}', "its response is not that of an MLflow server"),
    ],
)
def test_a_server_that_fails_is_told_of_once_and_left_alone_until_the_end(
    fake: Fake, run: Run, code: int, content: bytes, words: str
) -> None:
    fake.answer = lambda path: (code, content)
    first, last = told(run)
    name = f"MLflow at 127.0.0.1:{fake.server_port}"
    assert first.message == f"{name}: {words}. The training continues; the connection is retried from time to time."
    assert last.message == f"{name} did not accept all metrics."
    assert len(fake.told) == 2


def test_what_was_not_taken_in_goes_along_later(fake: Fake, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "AGAIN_SECONDS", 0.0)
    fake.answer = lambda path: (503, b"")
    told_of = Tracking(Reporter(run))
    told_of.begin()
    told_of.epoch(1, EPOCH)
    told_of._pool.submit(lambda: None).result(timeout=10)
    fake.answer = fake.as_mlflow
    told_of.epoch(2, EPOCH)
    told_of.end("finished")
    figures = [metric for body in fake.bodies("runs/log-batch") for metric in body.get("metrics", [])]
    assert [metric["step"] for metric in figures if metric["key"] == "loss"][-2:] == [1, 2]
    assert fake.bodies("runs/update")[-1]["status"] == "FINISHED"
    assert [event.message[-30:].removeprefix(" is ") for event in run.events()] == ["retried from time to time.", ""]


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9", "MLflow at 127.0.0.1:9: "),
        ("file:///etc", "MLFLOW_TRACKING_URI is no http or https address; name a server, not a folder"),
        ("sqlite:///x.db", "MLFLOW_TRACKING_URI is no http or https address"),
        ("databricks", "MLFLOW_TRACKING_URI is no http or https address"),
    ],
)
def test_a_server_that_is_not_there_and_what_is_no_server(
    run: Run, monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    assert told(run)[0].message.startswith(words)


def test_a_slow_server_holds_nobody_up(fake: Fake, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "TIMEOUT", 0.3)
    monkeypatch.setattr(tracking, "LAST_SECONDS", 0.1)

    def slowly(path: str) -> tuple[int, bytes]:
        time.sleep(0.6)
        return 200, b"{}"

    fake.answer = slowly
    told_of = Tracking(Reporter(run))
    started = time.monotonic()
    told_of.begin()
    for number in range(1000):
        told_of.epoch(number, EPOCH)
    assert time.monotonic() - started < 0.3
    told_of.end("finished")
    assert time.monotonic() - started < 0.6
    assert run.events()[-1].message.endswith("did not accept all metrics.")


@pytest.mark.slow
def test_a_training_is_not_harmed_by_a_server_that_is_not_there(
    image_folder: Any, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    run = train_here(image_folder(train=(4, 4), val=(2, 2), size=32), {"data.image_size": 32, "training.epochs": 2})
    assert run.read_status().status == "finished"
    assert run.has_model()
    assert [event.event for event in run.events()] == ["mlflow", "epoch", "epoch", "mlflow"]


@pytest.mark.slow
def test_a_real_server_shows_the_run(
    image_folder: Any, train_here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against `mlflow server` itself, where PARITY_TEST_MLFLOW names the program."""
    program = os.environ.get("PARITY_TEST_MLFLOW")
    if not program:
        pytest.skip("PARITY_TEST_MLFLOW is not set: it names the mlflow program of an environment of its own")
    port = "8619"
    command = [program, "server", "--host", "127.0.0.1", "--port", port, "--workers", "1",
               "--backend-store-uri", f"sqlite:///{tmp_path / 'mlflow.db'}",
               "--default-artifact-root", str(tmp_path / "artifacts")]  # fmt: skip
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
        monkeypatch.setattr(tracking, "TIMEOUT", 60.0)  # two cores that others may be using
        monkeypatch.setattr(tracking, "LAST_SECONDS", 120.0)
        folder = image_folder(train=(6, 6), val=(3, 3), size=32)
        run = train_here(folder, {"data.image_size": 32, "training.epochs": 3, "training.early_stopping": 0})
        (event,) = [event for event in run.events() if event.event == "mlflow"]
        base = f"http://127.0.0.1:{port}/api/2.0/mlflow"
        there = _get(f"{base}/runs/get?run_id={event.run}")["run"]
        assert there["info"]["status"] == "FINISHED"
        assert {p["key"]: p["value"] for p in there["data"]["params"]}["data.image_size"] == "32"
        last = {m["key"]: m["value"] for m in there["data"]["metrics"]}
        assert last["final_val_accuracy"] == run.figures("val").accuracy
        for name in METRICS:
            points = _get(f"{base}/metrics/get-history?run_id={event.run}&metric_key={name}")["metrics"]
            assert [point["value"] for point in sorted(points, key=lambda p: int(p.get("step", 0)))] == pytest.approx(
                run.history()[name], abs=1e-12
            )
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=30)


def _get(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        record = json.loads(answer.read())
    assert isinstance(record, dict)
    return record


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"the MLflow server did not come up; its exit code is {server.poll()}")
