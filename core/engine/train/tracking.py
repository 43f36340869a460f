"""MLflow tracking: sends every run to the server in MLFLOW_TRACKING_URI; its failures never harm a run.

Its REST interface is spoken directly (https://mlflow.org/docs/latest/rest-api.html), so nothing has to be installed.
Everything is sent by a thread of its own, one thing after the other; a failure is one event, and what was not taken in
goes along later.
"""

import base64
import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from core.engine.reporter import Reporter
from core.engine.train.epoch_figures import EpochFigures
from core.environment import environment
from core.store.runs import METRICS, Run

TIMEOUT, LAST_SECONDS = 5.0, 15.0
"""Longest that one request may take, and that the end of a run waits for what is still to be sent."""

AGAIN_SECONDS = 30.0
"""How long a server that has failed is left alone."""

MOST = 500
"""Figures in one request; MLflow takes 1,000."""

EVENT = "mlflow"

_STATES = {"finished": "FINISHED", "stopped": "KILLED"}

Record = dict[str, Any]


class TrackingError(Exception):
    """The server did not take something in; the message says why."""


class Server:
    """One MLflow server.

    Args:
        address: str. `http(s)://host:port`, perhaps with a path; user and password may stand in it, or in
            MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or a token in MLFLOW_TRACKING_TOKEN.

    Raises:
        TrackingError: it is no address of a server.
    """

    def __init__(self, address: str) -> None:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise TrackingError("MLFLOW_TRACKING_URI is no http or https address; name a server, not a folder")
        self.name = parts.netloc.rpartition("@")[2]  # without a password: it is written down
        self._base = f"{parts.scheme}://{self.name}{parts.path.rstrip('/')}/api/2.0/mlflow"
        self._headers = {"Content-Type": "application/json", **_credentials(parts)}

    def ask(self, path: str, **query: str) -> Record:
        """A question, such as `experiments/get-by-name`."""
        return self._send(f"{path}?{urllib.parse.urlencode(query)}", None)

    def send(self, path: str, **body: Any) -> Record:
        """A change, such as `runs/create`."""
        return self._send(path, json.dumps(body).encode())

    def _send(self, path: str, body: bytes | None) -> Record:
        request = urllib.request.Request(f"{self._base}/{path}", body, self._headers)  # noqa: S310 (checked above)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                record = json.loads(answer.read(2**20))
        except urllib.error.HTTPError as error:
            raise TrackingError(f"it answered {error.code}") from error
        except (OSError, ValueError) as error:  # no connection, no answer in time, no JSON
            reason = getattr(error, "reason", None) or error
            raise TrackingError(str(reason) or type(error).__name__) from error
        return record if isinstance(record, dict) else {}


class Tracking:
    """What is told of one run, in the order in which it happens.

    Args:
        reporter: Reporter. Of the run; it hears of a failure, and keeps the id that the server gave.
        address: str. Defaults to MLFLOW_TRACKING_URI; empty for nobody to tell.
    """

    def __init__(self, reporter: Reporter[Run], address: str | None = None) -> None:
        self._reporter, self._run_id = reporter, ""
        self._server: Server | None = None
        self._unsent: list[Record] = []
        self._next_try, self._has_failed = 0.0, False
        address = environment().mlflow_uri if address is None else address
        if not address:
            return
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mlflow")
        try:
            self._server = Server(address)
        except TrackingError as error:
            self._complain(f"{error}.")

    def begin(self) -> None:
        """Makes the run there, with all settings; a resumed run goes on as the one it was."""
        self._later(self._begin)

    def epoch(self, number: int, record: EpochFigures) -> None:
        """The figures of an epoch (from 1)."""
        self._note({name: getattr(record, name) for name in METRICS}, number)
        self._later(self._flush)

    def end(self, status: str) -> None:
        """Figures of the finished model and the final status; waits a little for what is still to be sent.

        Args:
            status: str. `finished`, `stopped`, or anything else for a failure.
        """
        if self._server is None:
            return
        evaluation = self._reporter.run.evaluation()
        figures: dict[str, float | None] = {}
        for name, part in (evaluation.parts if evaluation else {}).items():
            figures |= {f"final_{name}_accuracy": part.accuracy, f"final_{name}_auc": part.auc}
            figures[f"final_{name}_loss"] = part.loss
        self._note(figures, self._reporter.status.epoch)
        last = self._pool.submit(self._try, lambda server: self._end(server, status), at_once=True)
        if wait([last], timeout=LAST_SECONDS).not_done or self._unsent:
            self._complain(f"MLflow at {self._server.name} did not accept all metrics.")
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _later(self, send: Callable[[Server], None]) -> None:
        if self._server is not None:
            self._pool.submit(self._try, send)

    def _try(self, send: Callable[[Server], None], *, at_once: bool = False) -> None:
        """Sends, unless that has just failed; what is not taken in now goes along with what comes later."""
        server = self._server
        if server is None or (time.monotonic() < self._next_try and not at_once):
            return
        try:
            send(server)
        except TrackingError as error:
            self._postpone(f"MLflow at {server.name}: {error}.")
        except OSError as error:  # the run's own folder cannot be written, which the training will meet, too
            self._postpone(f"MLflow: {error.strerror}.")
        except (KeyError, TypeError, AttributeError):
            self._postpone(f"MLflow at {server.name}: its response is not that of an MLflow server.")

    def _postpone(self, why: str) -> None:
        self._next_try = time.monotonic() + AGAIN_SECONDS
        if not self._has_failed:
            self._complain(f"{why} The training continues; the connection is retried from time to time.")
        self._has_failed = True

    def _complain(self, message: str) -> None:
        with contextlib.suppress(OSError):
            self._reporter.event(EVENT, message=message)

    def _note(self, figures: Mapping[str, float | None], step: int) -> None:
        self._unsent += [
            {"key": name, "value": value, "timestamp": _now(), "step": step}
            for name, value in figures.items()
            if isinstance(value, int | float) and value - value == 0  # JSON has no word for not-a-number
        ]

    def _begin(self, server: Server) -> None:
        run = self._reporter.run
        known = [event.run for event in run.events() if event.event == EVENT and event.run]
        if known:
            server.send("runs/update", run_id=known[-1], status="RUNNING")
            self._run_id = known[-1]
            return
        tags = {"mlflow.source.name": "Parity", "parity.run": run.id}
        made = server.send(
            "runs/create",
            experiment_id=_experiment(server),
            run_name=run.title(),
            start_time=_now(),
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
        self._run_id = str(made["run"]["info"]["run_id"])
        self._reporter.event(EVENT, run=self._run_id, server=server.name)
        settings = {"dataset": run.config().dataset, **run.config().settings()}
        params = [{"key": key, "value": str(value)} for key, value in settings.items()]
        server.send("runs/log-batch", run_id=self._run_id, params=params)

    def _flush(self, server: Server) -> None:
        """Sends all figures that were not taken in yet."""
        if not self._run_id:
            self._begin(server)
        while batch := self._unsent[:MOST]:
            server.send("runs/log-batch", run_id=self._run_id, metrics=batch)
            del self._unsent[: len(batch)]

    def _end(self, server: Server, status: str) -> None:
        if not self._run_id and not self._unsent:
            return  # it failed before it began to learn
        self._flush(server)
        server.send("runs/update", run_id=self._run_id, status=_STATES.get(status, "FAILED"), end_time=_now())


def _experiment(server: Server) -> str:
    """The id of the experiment that MLFLOW_EXPERIMENT_NAME names, else "Parity"; made where it is not there."""
    name = environment().mlflow_experiment
    try:
        return str(server.ask("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"])
    except TrackingError as error:
        if "404" not in str(error):
            raise
    return str(server.send("experiments/create", name=name)["experiment_id"])


def _credentials(parts: urllib.parse.SplitResult) -> dict[str, str]:
    known = environment()
    if known.mlflow_token:
        return {"Authorization": f"Bearer {known.mlflow_token}"}
    user = urllib.parse.unquote(parts.username or "") or known.mlflow_user
    password = urllib.parse.unquote(parts.password or "") or known.mlflow_password
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"} if user else {}


def _now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
