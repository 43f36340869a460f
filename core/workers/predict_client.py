"""Client for predictions: asks the prediction server process, for callers that must not import TensorFlow.

The images become pixels here, by the code training uses. A service process holds the model: it is started by the
first question, answers the next ones at once, and ends when idle or when this process ends.
"""

import io
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.data.image_opening import Source
from core.data.images import Pixels
from core.environment import environment
from core.errors import RunError, UnreadableImage
from core.insight.answer import Insight, Prediction, Reply
from core.insight.views import ALONE, Views, averaged
from core.progress import Progress
from core.store.csv_tables import csv_text
from core.store.parked import parked
from core.store.run_images import run_loader
from core.store.runs import Run
from core.workers.run_module import start_module

NamedImage = tuple[str, Path | bytes]
"""An image's name and where it is: a file, or its bytes."""

CHUNK, SMALL_CHUNK = 32, 8
"""Images decoded and sent at a time, so that memory does not grow with their number; fewer on a public server."""

WAIT_SECONDS, ANSWER_SECONDS = 60.0, 180.0
"""How long a question waits for those before it, and the longest that one chunk of images may take."""

NOT_MEDICAL = "Not a medical device: never use its predictions for diagnosis or treatment."


Model = Callable[[NDArray[np.uint8]], NDArray[np.floating[Any]] | Reply]
"""From pixels of shape `(n, size, size, 3)` to probabilities of shape `(n, classes)`, alone or in a reply."""


def predict(
    run: Run,
    images: Sequence[NamedImage],
    progress: Progress | None = None,
    *,
    heat: bool = False,
    views: Views = ALONE,
) -> list[Prediction]:
    """Class probabilities of images and what is near them, by the service process.

    Args:
        run: Run. It has a model.
        images: sequence of (name, path or bytes).
        progress: callable of (done, total). Defaults to none.
        heat: bool. Whether to say where the model looks, too. Defaults to no.
        views: Views. Over which probabilities are averaged. Defaults to the image alone.

    Returns:
        One prediction an image, in their order; an image that cannot be read has its `error` set.

    Raises:
        RunError: the run has no model, or it cannot be loaded.
    """
    service = _service()
    return list(answers(run, images, averaged(partial(service.ask, run), views, heat=heat), progress))


def release() -> None:
    """Ends the process that holds a model, where memory is needed for a training; the next question starts another."""
    _service().release()


def notice_ended() -> None:
    """Takes notice of the end of the process that held a model, which ends by itself when it is not asked for long."""
    _service().notice_ended()


def answers(
    run: Run, images: Sequence[NamedImage], model: Model, progress: Progress | None = None
) -> Iterator[Prediction]:
    """Predictions through any model function; `predict` and the command line share it.

    Raises:
        RunError: the run has no model.
    """
    require_model(run)
    classes, load = run.classes(), run_loader(run)
    chunk = SMALL_CHUNK if environment().is_small else CHUNK
    for start in range(0, len(images), chunk):
        yield from _answer_chunk(images[start : start + chunk], classes, load, model)
        if progress:
            progress(min(start + chunk, len(images)), len(images))


def require_model(run: Run) -> None:
    """Raises RunError when the run has no model to ask."""
    if not run.has_model():
        raise RunError(f"run {run.id} has no model yet: it is saved when the run ends or is stopped")
    if not run.classes():
        raise RunError(f"run {run.id} has lost its manifest.json, and with it the names of its classes")


def to_csv(predictions: Sequence[Prediction], classes: Sequence[str]) -> str:
    """Predictions as CSV text, its cells safe for a spreadsheet.

    The columns are file, class, its probability, that of each class, how foreign the image is, error.

    `unlike training` is yes or no, and `distance` how far its k-th nearest training image is; both are empty where
    the run keeps no features of its training images.
    """
    head = ["file", "class", "probability", *(f"p({name})" for name in classes), "unlike training", "distance", "error"]
    rows = [head]
    for answer in predictions:
        values = [f"{answer.probabilities[name]:.6f}" if answer.label else "" for name in classes]
        sureness = f"{answer.probability:.6f}" if answer.label else ""
        rows.append([answer.file, answer.label, sureness, *values, *_foreign(answer.insight), answer.error])
    return csv_text(rows)


def _foreign(insight: Insight) -> tuple[str, str]:
    unlike = {True: "yes", False: "no", None: ""}[insight.unlike]
    return unlike, "" if insight.distance is None else f"{insight.distance:.6f}"


def is_medical(run: Run) -> bool:
    """Whether the dataset looks like medical images: its predictions then need a warning beside them."""
    manifest = run.data()
    words = " ".join([manifest.root, *manifest.classes]).lower()
    return run.config().dataset == "sample" or bool(_MEDICAL.search(words))


_MEDICAL_WORDS = (
    *("pneumonia", "x-ray", "xray", "x_ray", "chest", "lung", "thorax", "tumor", "tumour", "cancer", "covid"),
    *("melanoma", "lesion", "retina", "fundus", "mri", "patient", "radiograph", "benign", "malignant", "histolog"),
)
_EDGE = 1e-4
"""How far beyond 0 and 1 rounding may take a probability."""

# At the beginning of a word only: a "Sammlung" has no lung.
_MEDICAL = re.compile(rf"(?<![a-z])(?:{'|'.join(_MEDICAL_WORDS)})")


def _answer_chunk(
    chunk: Sequence[NamedImage], classes: list[str], load: Callable[[Source], Pixels], model: Model
) -> Iterator[Prediction]:
    pixels: list[NDArray[np.uint8]] = []
    errors: dict[int, str] = {}
    for k, (name, source) in enumerate(chunk):
        try:
            pixels.append(load(_named(name, source)))
        except UnreadableImage as error:
            errors[k] = str(error)
    reply = _as_reply(model(np.stack(pixels))) if pixels else Reply(np.zeros((0, len(classes))))
    found = iter(_rows(reply))
    for k, (name, _) in enumerate(chunk):
        if k in errors:
            yield Prediction(name, error=errors[k])
            continue
        row, insight = next(found)
        values = dict(zip(classes, row, strict=True))
        if wrong := _no_probability(values):
            yield Prediction(name, error=wrong)
            continue
        label = max(values, key=lambda c: values[c])
        yield Prediction(name, label, values[label], values, insight=insight, runtime=reply.runtime)


def _no_probability(values: dict[str, float]) -> str:
    """What is wrong with an answer that holds numbers outside 0 to 1; empty where nothing is."""
    wrong = {label: value for label, value in values.items() if not -_EDGE <= value <= 1 + _EDGE}
    return "".join(
        f"the model gives {value:.3g} for {label}, which is no probability (0 to 1); end it with sigmoid or softmax"
        for label, value in list(wrong.items())[:1]
    )


def _as_reply(answer: NDArray[np.floating[Any]] | Reply) -> Reply:
    return answer if isinstance(answer, Reply) else Reply(answer)


def _rows(reply: Reply) -> list[tuple[list[float], Insight]]:
    """Probabilities of each image, and what else is known of it."""
    rows = reply.probabilities.tolist()
    return list(zip(rows, reply.insights or [Insight()] * len(rows), strict=True))


def _named(name: str, source: Path | bytes) -> Path | BinaryIO:
    """Bytes as a file with a name, so that an error can say which image it is about."""
    if isinstance(source, Path):
        if source.name == Path(name).name or not source.is_file():
            return source
        source = source.read_bytes()  # kept under a name of ours
    file = io.BytesIO(source)
    file.name = name
    return file


class _Service:
    """The process that holds the model, and the pipe to it; one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, run: Run, pixels: NDArray[np.uint8], *, heat: bool = False) -> Reply:
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise RunError("other predictions are running; try again in a moment")
        try:
            answer = self._answer(run, pixels, heat)
        finally:
            self._lock.release()
        if "error" in answer:
            raise RunError(str(answer["error"]))
        insights = [Insight.from_record(record) for record in answer["insights"]]
        return Reply(np.array(answer["probabilities"], dtype=np.float64), insights, answer["runtime"])

    def _answer(self, run: Run, pixels: NDArray[np.uint8], heat: bool) -> dict[str, Any]:
        process = self._running()
        watch = threading.Timer(ANSWER_SECONDS, process.kill)
        watch.start()
        try:
            question = {"run": str(run.path), "shape": pixels.shape, "heat": heat}
            return _exchange(process, question, pixels.tobytes())
        except (OSError, ValueError) as error:
            process.kill()
            process.wait()
            raise RunError(
                f"the model of run {run.id} did not respond: its process has ended or did not answer for "
                f"{ANSWER_SECONDS:.0f} s, perhaps for want of memory; ask again"
            ) from error
        finally:
            watch.cancel()

    def release(self) -> None:
        with self._lock:
            if self._process is not None:
                with self._process as process:  # its pipes are closed, too
                    process.kill()
                self._process = None

    def notice_ended(self) -> None:
        if self._process is not None and self._lock.acquire(blocking=False):  # else it is being asked just now
            try:
                if self._process is not None and self._process.poll() is not None:
                    with self._process:  # its pipes are closed, too
                        self._process = None
            finally:
                self._lock.release()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = start_module(
                "core.engine.jobs.predict_service",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        return self._process


def _exchange(process: subprocess.Popen[bytes], question: dict[str, Any], payload: bytes) -> dict[str, Any]:
    to_service, from_service = process.stdin, process.stdout
    if to_service is None or from_service is None:
        raise ValueError("the service has no pipes")
    write_message(to_service, question, payload)
    answer: dict[str, Any] = json.loads(from_service.readline())
    return answer


def write_message(pipe: BinaryIO | Any, header: dict[str, Any], payload: bytes = b"") -> None:
    """One JSON line, then the bytes it announces."""
    pipe.write(json.dumps(header).encode() + b"\n" + payload)
    pipe.flush()


def _service() -> _Service:
    """The one service of this process."""
    service: _Service = parked("service", service=_Service).service
    return service
