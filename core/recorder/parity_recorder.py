# ruff: noqa: B905, PTH100, PTH109, PTH119, PTH120, PTH123
"""Records a Keras 3 training as it runs: batches, pixels, weights, answers. Needs this file, Keras and numpy alone.

    from parity_recorder import Recorder

    recorder = Recorder("recorded")                  # the folder that the zip is written to
    train = recorder.data(train)                     # a generator, a PyDataset, a tf.data.Dataset, or arrays:
    val = recorder.data(val, part="val")             #   recorder.data((x, y), batch_size=32)
    model.fit(train, validation_data=val, epochs=5, callbacks=[recorder.callback()])   # the last of the callbacks

`python -m core import-run recorded/<id>.zip` makes a run of what it has written, to be compared with any other run.
Order and numbers of the training stay what they were: data passes through unchanged, nothing random is drawn, and
the model is asked only for answers, never for a step. Of arrays the batches are those that `fit(x, y)` makes.

Before the training it reads each file once, for its hash. After each epoch it predicts a few validation images, at
most one for 20 training images; after the last one all of them, once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import platform
import secrets
import threading
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

VERSION = 1
"""Of what is written in recorder.json."""

_SAMPLES = 4
"""Training images whose values are described as they enter the first layer that has weights."""
_DESCRIBED = 2
"""Batches of the first epoch whose range of values is described."""
_MOST_WATCHED, _LEAST_WATCHED, _PART_WATCHED = 256, 24, 20
_MOST_BYTES = 64 * 2**20
"""Of the validation images that are kept in memory."""
_DETAILED = 20_000
"""Batches that are recorded one by one."""
_MANY_CLASSES = 12
_STATISTICS = ("moving_mean", "moving_variance")
_EPSILON = 1e-7

if int(keras.__version__.split(".")[0]) < 3:
    raise ImportError(
        f"parity_recorder.py needs Keras 3 (TensorFlow 2.16 or later has it); this is Keras {keras.__version__}: run "
        "the script with `pip install 'keras>=3'`, most Keras 2 scripts run unchanged"
    )


class Recorder:
    """Records one training.

    Args:
        folder: where the zip is written; made if it is absent.
        name: what to call the run. Defaults to the folder's name.
        classes: names of the classes in the order of the labels. Defaults to what the data says, else `class 0`, ...
    """

    def __init__(self, folder: str | os.PathLike[str], name: str = "", classes: Sequence[str] | None = None) -> None:
        self.folder = Path(folder)
        self.name = (name or self.folder.name)[:100]
        self.seconds = 0.0
        """What recording has taken in steps and between them, in seconds; what goes on before and after is left out."""
        self.parts: dict[str, _Part] = {}
        self.file: Path | None = None
        self._classes = list(classes) if classes else None

    def data(self, data: Any, part: str = "train", *, batch_size: int = 32, shuffle: bool = True) -> Any:
        """The same data for `fit`, in the same order, with what passes through recorded.

        Args:
            data: a generator of batches, a PyDataset (also of ImageDataGenerator), a tf.data.Dataset of batches, or
                arrays `(x, y)`.
            part: `"train"` or `"val"`.
            batch_size: of arrays only: what `fit(x, y, batch_size=...)` had. So `shuffle`, which of validation
                arrays does nothing.
        """
        if part not in ("train", "val"):
            raise ValueError(f'part is {part!r}; give "train" or "val"')
        if part in self.parts:
            raise ValueError(f'there is data for part="{part}" already; validation data are recorder.data(val, "val")')
        self.parts[part] = found = _Part(part, data, self._timed)
        if isinstance(data, keras.utils.PyDataset):
            return _WatchedDataset(data, found)
        if _is_tf_dataset(data):
            return _watched_tf(data, found)
        if isinstance(data, (tuple, list)):
            return _watched_tf(_dataset_of_arrays(data, batch_size, shuffle and part == "train"), found)
        if hasattr(data, "__next__"):
            return _watched_generator(data, found)
        raise ValueError(
            f"data is a {type(data).__name__}; give a generator, a keras.utils.PyDataset, a tf.data.Dataset or (x, y)"
        )

    def callback(self) -> keras.callbacks.Callback:
        """The callback for `fit`, to stand last in the list: it then sees what the others have done."""
        return _Callback(self)

    def classes(self, count: int) -> list[str]:
        """Names of the classes."""
        named = self._classes or next((part.classes for part in self.parts.values() if part.classes), None)
        return named if named and len(named) >= count else [f"class {k}" for k in range(max(2, count))]

    def _timed(self, seconds: float) -> None:
        self.seconds += seconds


class _Batch:
    """What is kept of one batch."""

    def __init__(self, ids: Any, labels: Any) -> None:
        self.ids, self.labels = ids, labels
        self.hash = _digest([ids, labels])[:8]


class _Part:
    """The training or validation data: files where they are known, and the batches as they were given out."""

    def __init__(self, name: str, data: Any, timed: Callable[[float], None]) -> None:
        self.name, self.source, self.timed = name, data, timed
        self.lock, self.given = threading.Lock(), deque[_Batch]()
        self.paths, self.file_labels, self.classes = _files_of(data)
        self.hashes = [_sha256(path) for path in self.paths]
        self.ids = np.array([int(one[:16], 16) for one in self.hashes], dtype=np.uint64)
        self.by_index = isinstance(data, keras.utils.PyDataset) and bool(self.paths) and hasattr(data, "index_array")
        self.seen: dict[int, int] = {}
        self.first: list[Any] = []
        self.samples: list[tuple[int, Any]] = []
        self.watched: list[tuple[int, int, Any]] = []
        self.stride, self.passed, self.is_open = 1, 0, True
        self.wanted = {int(one[:16], 16) for one in sorted(self.hashes)[:_SAMPLES]} if self.by_index else None

    def take(self, images: Any, labels: Any, index: Any = None) -> None:
        """Records a batch that is given out."""
        start = time.perf_counter()
        images, labels = _array(images), _class_numbers(_array(labels))
        with self.lock:
            ids = self.ids[index] if index is not None and self.by_index else _content_ids(images)
            self.given.append(_Batch(ids, labels))
            if self.is_open:
                self.seen.update(zip(ids.tolist(), labels.tolist()))
                self._keep(images, ids, labels)
        self.timed(time.perf_counter() - start)

    def _keep(self, images: Any, ids: Any, labels: Any) -> None:
        if self.name == "val":
            return self._keep_watched(images, ids, labels)
        if len(self.first) < _DESCRIBED:
            self.first.append(_describe(images))
        for image, one in zip(images, ids.tolist()):
            known = {kept for kept, _ in self.samples}
            room = len(self.samples) < _SAMPLES if self.wanted is None else one in self.wanted
            if room and one not in known:
                self.samples.append((one, np.array(image)))
        return None

    def _keep_watched(self, images: Any, ids: Any, labels: Any) -> None:
        """Evenly spread validation images, without knowing how many there will be: every second one goes when full."""
        most = max(_LEAST_WATCHED, min(_MOST_WATCHED, _MOST_BYTES // max(1, images[0].nbytes)))
        for image, one, label in zip(images, ids.tolist(), labels.tolist()):
            if self.passed % self.stride == 0:
                self.watched.append((one, label, np.array(image)))
                if len(self.watched) >= 2 * most:
                    self.watched, self.stride = self.watched[::2], 2 * self.stride
            self.passed += 1

    def start(self) -> None:
        """Forgets what Keras has taken to look at before the training."""
        with self.lock:
            self.given.clear()
            self.seen, self.first, self.samples, self.watched = {}, [], [], []
            self.stride, self.passed, self.is_open = 1, 0, True

    def next(self, count: int) -> list[_Batch]:
        """The next batches that were given out."""
        with self.lock:
            return [self.given.popleft() for _ in range(min(count, len(self.given)))]

    def few_watched(self, trained: int) -> list[tuple[int, int, Any]]:
        """As many of the kept validation images as cost little beside the training of an epoch."""
        count = max(_LEAST_WATCHED, min(_MOST_WATCHED, trained // _PART_WATCHED))
        step = max(1, math.ceil(len(self.watched) / count))
        return self.watched[::step]

    def items(self, root: str) -> list[dict[str, str]]:
        """The images as a manifest lists them; without files each by what it holds."""
        if self.paths:
            names = self.classes or []
            return [
                {"path": os.path.relpath(path, root).replace(os.sep, "/"), "label": names[k], "sha256": one}
                for path, k, one in zip(self.paths, self.file_labels, self.hashes)
            ]
        return [
            {"path": f"{self.name}/{one:016x}", "label": str(label), "sha256": f"{one:064x}"}
            for one, label in self.seen.items()
        ]


class _WatchedDataset(keras.utils.PyDataset):  # type: ignore[misc]
    """A PyDataset that passes all on and notes its batches."""

    def __init__(self, inner: Any, part: _Part) -> None:
        if inner.use_multiprocessing and inner.workers > 0:
            raise ValueError("use_multiprocessing=True makes batches in other processes; leave it out to record them")
        super().__init__(workers=inner.workers, max_queue_size=inner.max_queue_size)
        self._inner, self._part = inner, part

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __len__(self) -> int:
        return len(self._inner)

    @property
    def num_batches(self) -> int | None:
        count: int | None = self._inner.num_batches
        return count

    def __getitem__(self, number: int) -> Any:
        batch = self._inner[number]
        index = None
        if self._part.by_index:
            size = self._inner.batch_size
            index = np.asarray(self._inner.index_array[size * number : size * (number + 1)])
        self._part.take(batch[0], batch[1], index)
        return batch

    def on_epoch_begin(self) -> None:
        self._inner.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._inner.on_epoch_end()


def _watched_generator(data: Any, part: _Part) -> Iterator[Any]:
    for batch in data:
        part.take(batch[0], batch[1])
        yield batch


def _watched_tf(data: Any, part: _Part) -> Any:
    """The dataset with a look at each batch on its way; no random number is drawn, so order and seeds stay."""
    import tensorflow as tf

    def look(images: Any, labels: Any, *rest: Any) -> Any:
        tf.numpy_function(part.take, [images, labels], [], stateful=True)
        return (images, labels, *rest)

    watched = data.map(look)
    for name in ("class_names", "file_paths"):
        if hasattr(data, name):
            setattr(watched, name, getattr(data, name))
    part.source = data
    return watched


def _dataset_of_arrays(data: Sequence[Any], batch_size: int, shuffle: bool) -> Any:
    """Batches of arrays as `fit` itself makes them, by Keras' own code for it."""
    if keras.backend.backend() != "tensorflow":
        raise ValueError("arrays are recorded where Keras runs on TensorFlow; give a keras.utils.PyDataset instead")
    try:
        from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
    except ImportError as error:
        raise ValueError(
            f"Keras {keras.__version__} keeps its code for arrays elsewhere; give a keras.utils.PyDataset or a "
            "tf.data.Dataset instead of arrays"
        ) from error
    import tensorflow as tf

    arrays = [np.asarray(one) for one in data]
    batches = ArrayDataAdapter(*arrays, batch_size=batch_size, shuffle=shuffle).get_tf_dataset()
    # Keras knows the number from the arrays; without it, it warns after every epoch that the data ran out.
    return batches.apply(tf.data.experimental.assert_cardinality(-(-len(arrays[0]) // batch_size)))


class _Callback(keras.callbacks.Callback):  # type: ignore[misc]
    """Takes what Keras tells of steps and epochs."""

    async_safe = True  # what it takes of a step is looked at when the epoch ends

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder
        self._epochs: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Hashes the initial weights."""
        for name, call in (("train", "recorder.data(train)"), ("val", 'recorder.data(val, part="val")')):
            if name not in self._recorder.parts:
                raise ValueError(f"the recorder was given no {name} data: pass `fit` what {call} returns")
        self._began, self._recorder.seconds = time.time(), 0.0
        for part in self._recorder.parts.values():
            part.start()
        self._layers = _split_layers(self.model)
        self._hashes = {**self._weights(), "base_after": None, "statistics_after": None, "head_after": None}
        self._id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{int(time.time() * 1000) % 1000:03}-"
        self._id += secrets.token_hex(3)
        self._samples: list[dict[str, Any]] = []
        self._start_epoch()

    def _start_epoch(self) -> None:
        self._losses: list[Any] = []
        self._batches: list[_Batch] = []
        self._last, self._epoch_began = -1, time.time()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Empties what was kept of the epoch before."""
        self._start_epoch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keeps the loss, as Keras gives it, and which batch it was."""
        start = time.perf_counter()
        taken = self._recorder.parts["train"].next(batch - self._last)
        self._batches += taken
        self._losses.append((logs or {}).get("loss"))
        self._last = batch
        self._recorder.seconds += time.perf_counter() - start

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Makes the epoch's record."""
        start = time.perf_counter()
        train, val = self._recorder.parts["train"], self._recorder.parts["val"]
        if not self._epochs:
            self._samples = self._followed(train)
        train.is_open = val.is_open = False
        val.next(len(val.given))
        classes = self._recorder.classes(self._count())
        answers = self._answers(val.few_watched(sum(len(one.ids) for one in self._batches)))
        figures = _figures(logs or {})
        record = {
            "epoch": len(self._epochs) + 1, "phase": "recorded", "draw": 0, **self._steps(classes, len(train.given)),
            **figures, **_answer_figures(*answers, classes), "dead_units": None, "learning_rate": self._rate(),
            **self._after(),
        }  # fmt: skip
        if record["val_accuracy"] is None:
            record["val_accuracy"] = _accuracy(*answers)
        self._epochs.append(record)
        names = ("loss", "accuracy", "val_loss", "val_accuracy", "val_auc", "learning_rate")
        self._events.append(
            {"event": "epoch", "time": time.time(), "epoch": record["epoch"], "phase": "recorded",
             "seconds": time.time() - self._epoch_began, **{name: record[name] for name in names}}
        )  # fmt: skip
        self._recorder.seconds += time.perf_counter() - start

    def on_train_end(self, logs: Any = None) -> None:
        """Writes the zip."""
        answers = self._final_answers()
        self._recorder.folder.mkdir(parents=True, exist_ok=True)
        self._recorder.file = self._recorder.folder / f"{self._id}.zip"
        _write_zip(self._recorder.file, self._id, self._records(answers))

    def _count(self) -> int:
        """Number of classes: as many as the model has outputs, or as there are labels."""
        outputs = int(self.model.output_shape[-1] or 2) if isinstance(self.model.output_shape, tuple) else 2
        return max(2, outputs)

    def _steps(self, classes: list[str], left: int) -> dict[str, Any]:
        """Order, labels and losses of the epoch's batches; an order that cannot be told is left out."""
        batches, losses = self._batches, self._losses
        sizes = [len(one.ids) for one in batches]
        known = len(batches) == self._last + 1
        hashes = [one.hash for one in batches] if known else []
        full = known and sum(one["batches"] for one in self._epochs) + len(batches) <= _DETAILED
        mix = [np.bincount(one.labels, minlength=len(classes))[: len(classes)].tolist() for one in batches]
        own = _own_losses(losses, sizes if known and len(sizes) == len(losses) else [1] * len(losses))
        return {
            "order": _digest([np.array(hashes)]) if hashes else "",
            "batches": self._last + 1, "seen": sum(sizes), "greatest_norm": None,
            "batch_orders": hashes if full else [],
            "mix": mix if full and len(classes) <= _MANY_CLASSES else [],
            "losses": own if full else [],
            "gradient_norms": [None] * len(own) if full else [],
        }  # fmt: skip

    def _weights(self) -> dict[str, Any]:
        """Hashes of backbone, statistics and head."""
        base, head = self._layers
        weights = [weight for layer in base for weight in layer.weights]
        plain = [weight for weight in weights if weight.name not in _STATISTICS]
        statistics = [weight for weight in weights if weight.name in _STATISTICS]
        return {
            "base": _digest(map(_array, plain)) if plain else "",
            "statistics": _digest(map(_array, statistics)) if statistics else None,
            "head": _digest(_array(weight) for layer in head for weight in layer.weights),
        }

    def _after(self) -> dict[str, Any]:
        """Hashes and norms of the weights after an epoch."""
        now = self._weights()
        self._hashes |= {f"{key}_after": value for key, value in now.items()}
        base, head = self._layers
        norms = [_norm(weight for layer in part for weight in layer.weights) for part in (base, head)]
        return {"head": now["head"], "base": now["base"] or None, "weight_norms": dict(zip(("base", "head"), norms))}

    def _rate(self) -> float | None:
        try:
            rate = float(_array(self.model.optimizer.learning_rate))
        except (AttributeError, TypeError, ValueError):
            return None
        return rate if 0 <= rate <= 1e6 else None

    def _answers(self, watched: list[tuple[int, int, Any]]) -> tuple[Any, Any]:
        """Labels and probabilities of some validation images."""
        if not watched:
            return np.zeros(0, np.int64), np.zeros((0, 2), np.float32)
        labels = np.array([label for _, label, _ in watched], np.int64)
        answers = []
        for start in range(0, len(watched), 32):
            images = np.stack([image for *_, image in watched[start : start + 32]])
            answers.append(_array(self.model.predict_on_batch(images)))
        return labels, _probabilities(np.concatenate(answers))

    def _followed(self, part: _Part) -> list[dict[str, Any]]:
        """The few images whose values are described, as they enter the first layer that has weights."""
        images = [image for _, image in part.samples]
        if not images or images[0].ndim != 3 or images[0].shape[-1] not in (1, 3, 4):
            return []
        entering = _entering(self.model, np.stack(images))
        names = {int(one[:16], 16): Path(path).name for path, one in zip(part.paths, part.hashes)}
        return [
            {"epoch": 1, "draw": 0, "file": f"{one:016x}", "path": names.get(one, f"{one:016x}"), "decoded": "",
             "decoded_mean": None, "pixels": "", "pixels_mean": None, "input": _digest([values]), **_describe(values),
             "given": _describe(image)}
            for (one, image), values in zip(part.samples, entering)
        ]  # fmt: skip

    def _final_answers(self) -> list[tuple[int, int, Any]]:
        """Image, label and probabilities of all validation images: one more pass, with random states put back."""
        part, state = self._recorder.parts["val"], np.random.get_state()
        source, found = part.source, list[tuple[int, int, Any]]()
        seen = getattr(source, "total_batches_seen", None)
        for images, labels, index in _pass(part):
            ids = part.ids[index] if index is not None else _content_ids(images)
            answers = _probabilities(_array(self.model.predict_on_batch(images)))
            found += list(zip(ids.tolist(), _class_numbers(labels).tolist(), answers))
        if not found:  # a generator cannot be gone through again
            labels, answers = self._answers(part.watched)
            found = [(one, label, row) for (one, label, _), row in zip(part.watched, answers)]
        if seen is not None:
            source.total_batches_seen = seen
        np.random.set_state(state)
        return found

    def _records(self, answers: list[tuple[int, int, Any]]) -> dict[str, str]:
        """The files of the run, as text."""
        train, val = self._recorder.parts["train"], self._recorder.parts["val"]
        classes = self._recorder.classes(self._count())
        root = os.path.commonpath([os.path.dirname(one) for one in (*train.paths, *val.paths)] or [os.getcwd()])
        parts = {name: _named(part.items(root), classes) for name, part in self._recorder.parts.items()}
        ended = time.time()
        config, known = self._config(os.path.basename(root) or "recorded")
        statuses = {"status": "finished", "message": "", "created": self._began, "started": self._began, "ended": ended,
                    "epoch": len(self._epochs), "epochs": len(self._epochs)}  # fmt: skip
        trace = {
            "format": 1, "environment": _environment(), "data": _data_hashes(parts), "classes": classes,
            "hashes": self._hashes, "samples": self._samples,
            "inputs": [{"epoch": 1, "batch": k + 1, "kind": "pixels", **one} for k, one in enumerate(train.first)],
            "elsewhere": {
                "files": bool(train.paths and val.paths), "batches": "files" if train.by_index else "content"
            },
            "epochs": self._epochs,
        }  # fmt: skip
        recorded = {
            "recorder": VERSION, "keras": keras.__version__, "backend": keras.backend.backend(), "settings": known,
            "trained_weights": self._trained(), "seconds": round(self._recorder.seconds, 3),
            "training_seconds": round(sum(one["seconds"] for one in self._events), 3),
            "files": bool(train.paths), "watched": len(val.few_watched(self._epochs[0]["seen"] if self._epochs else 0)),
        }  # fmt: skip
        found = {
            "config.json": config, "status.json": statuses, "trace.json": trace, "recorder.json": recorded,
            "manifest.json": {"root": os.path.basename(root), "classes": classes, **parts},
        }  # fmt: skip
        texts = {name: json.dumps(_finite(one), allow_nan=False) for name, one in found.items()}
        texts["events.jsonl"] = "".join(json.dumps(_finite(one), allow_nan=False) + "\n" for one in self._events)
        return {**texts, **self._answer_files(answers, classes, root)}

    def _answer_files(self, answers: list[tuple[int, int, Any]], classes: list[str], root: str) -> dict[str, str]:
        if not answers:
            return {}
        part = self._recorder.parts["val"]
        paths = {int(item["sha256"][:16], 16) if part.paths else int(item["sha256"], 16): item["path"]
                 for item in part.items(root)}  # fmt: skip
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\r\n")
        rows.writerow(["split", "file", "label", "predicted", *(f"p({name})" for name in classes)])
        for one, label, row in answers:
            values = [f"{min(1.0, max(0.0, float(value))):.8f}" for value in row]
            rows.writerow(["val", paths.get(one, f"val/{one:016x}"), classes[label], classes[int(np.argmax(row))],
                           *values])  # fmt: skip
        labels, probabilities = np.array([one[1] for one in answers]), np.array([one[2] for one in answers])
        evaluation = {"classes": classes, "weights": "as the training left them",
                      "val": _evaluation(labels, probabilities, classes)}  # fmt: skip
        return {
            "predictions.csv": out.getvalue(),
            "evaluation.json": json.dumps(_finite(evaluation), allow_nan=False),
        }

    def _trained(self) -> dict[str, int]:
        return {name: sum(len(layer.trainable_weights) for layer in part)
                for name, part in zip(("base", "head"), self._layers)}  # fmt: skip

    def _config(self, dataset: str) -> tuple[dict[str, Any], list[str]]:
        """What is known of the settings, as a configuration, and the keys that are known; all else has its default."""
        values: dict[str, Any] = {"training.epochs": len(self._epochs) or 1}
        sizes = [len(one.ids) for one in self._batches]
        if sizes and max(sizes) <= 1024:
            values["data.batch_size"] = max(sizes)
        shape = self.model.input_shape if isinstance(self.model.input_shape, tuple) else ()
        if len(shape) == 4 and shape[1] == shape[2] and shape[3] in (1, 3) and 16 <= (shape[1] or 0) <= 1024:
            values["data.image_size"] = int(shape[1])
        optimizer = str(getattr(self.model.optimizer, "name", "")).lower()
        if optimizer in ("adam", "adamw", "sgd", "rmsprop"):
            values["training.optimizer"] = optimizer
        rate = self._epochs[0]["learning_rate"] if self._epochs else None
        if rate is not None and 1e-7 <= rate <= 10:
            values["training.learning_rate"] = float(f"{rate:.6g}")
        values["training.mode"], values["training.val_loss"] = "end_to_end", "objective"  # the loss is Keras' own
        if self._trained()["base"]:
            values["training.unfreeze_from"] = "all"
        known = [key for key in values if key not in ("training.mode", "training.unfreeze_from", "training.val_loss")]
        config: dict[str, Any] = {"format": 1, "dataset": dataset, "name": self._recorder.name}
        for key, value in values.items():
            section, name = key.split(".")
            config.setdefault(section, {})[name] = value
        return config, known


def _pass(part: _Part) -> Iterator[tuple[Any, Any, Any]]:
    """Images, labels and positions of the files, batch by batch, without recording; nothing for a generator."""
    source = part.source
    if isinstance(source, keras.utils.PyDataset):
        for number in range(source.num_batches or 0):
            images, labels, *_ = source[number]
            size = getattr(source, "batch_size", 0)
            index = source.index_array[size * number : size * (number + 1)] if part.by_index else None
            yield _array(images), _array(labels), index
    elif _is_tf_dataset(source):
        for images, labels, *_ in source:
            yield _array(images), _array(labels), None


def _files_of(data: Any) -> tuple[list[str], list[int], list[str] | None]:
    """Paths, labels and class names, where the data tells them."""
    if hasattr(data, "filepaths") and hasattr(data, "class_indices"):
        names = [name for name, _ in sorted(data.class_indices.items(), key=lambda item: item[1])]
        labels = data.classes if hasattr(data, "classes") else data.labels
        return [os.path.abspath(one) for one in data.filepaths], [int(one) for one in labels], [str(n) for n in names]
    if hasattr(data, "file_paths") and hasattr(data, "class_names"):
        names, paths = [str(name) for name in data.class_names], [os.path.abspath(one) for one in data.file_paths]
        folders = [os.path.basename(os.path.dirname(one)) for one in paths]
        if set(folders) <= set(names):
            return paths, [names.index(one) for one in folders], names
        return [], [], names
    return [], [], None


def _is_tf_dataset(data: Any) -> bool:
    return any(f"{one.__module__}.{one.__name__}".endswith("dataset_ops.DatasetV2") for one in type(data).__mro__)


def _array(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else np.asarray(keras.ops.convert_to_numpy(value))


def _class_numbers(labels: Any) -> Any:
    """Labels as numbers of classes: the greatest of a row, or 0 and 1 of a single column."""
    if labels.ndim > 1 and labels.shape[-1] > 1:
        return labels.argmax(axis=-1).astype(np.int64).reshape(-1)
    return np.rint(labels.reshape(-1)).astype(np.int64)


def _content_ids(images: Any) -> Any:
    """What each image of a batch holds, as 64 bits; every eighth row tells two images apart."""
    rows = images[:, ::8] if images.ndim > 2 and images.shape[1] >= 16 else images
    return np.array(
        [
            int.from_bytes(hashlib.blake2b(np.ascontiguousarray(one).tobytes(), digest_size=8).digest(), "big")
            for one in rows
        ],
        dtype=np.uint64,
    )


def _digest(values: Any) -> str:
    result = hashlib.sha256()
    for value in values:
        array = np.ascontiguousarray(value)
        result.update(f"{array.dtype.str}{array.shape}".encode())
        result.update(array.reshape(-1).view(np.uint8).data)
    return result.hexdigest()[:16]


def _sha256(path: str) -> str:
    result = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            result.update(chunk)
    return result.hexdigest()


def _describe(values: Any) -> dict[str, float | None]:
    return {name: _short(getattr(values, name)()) for name in ("min", "max", "mean", "std")}


def _short(value: Any) -> float | None:
    number = None if value is None else float(f"{float(value):.6g}")
    return number if number is not None and math.isfinite(number) else None


def _norm(weights: Any) -> float | None:
    squares = [float(np.square(_array(weight).astype(np.float64)).sum()) for weight in weights
               if "float" in str(weight.dtype)]  # fmt: skip
    return _short(math.sqrt(sum(squares))) if squares else None


def _flat(layer: Any) -> list[Any]:
    """The layers inside, those of models within models too."""
    inner = getattr(layer, "layers", None)
    return [one for part in inner for one in _flat(part)] if inner else [layer]


def _split_layers(model: Any) -> tuple[list[Any], list[Any]]:
    """Layers of the backbone and of the head: a model within, else all up to the last that gives a map of places."""
    layers = [one for part in model.layers for one in _flat(part)]
    nested = [one for one in model.layers if isinstance(one, keras.Model) and one.weights]
    if nested:
        inside = {id(one) for one in _flat(max(nested, key=lambda one: one.count_params()))}
        return [one for one in layers if id(one) in inside], [one for one in layers if id(one) not in inside]
    last = -1
    for number, layer in enumerate(layers):
        try:
            shape = layer.output.shape
        except (AttributeError, ValueError):
            continue
        if len(shape) == 4:
            last = number
    return layers[: last + 1], layers[last + 1 :]


class _Seen(Exception):
    """The values have come by; the rest of the network need not be computed."""


def _entering(model: Any, images: Any) -> Any:
    """What the first layer with weights is given; the images themselves where that cannot be seen."""
    layer = next((one for part in model.layers for one in _flat(part) if one.weights), None)
    if layer is None:
        return images
    kept: list[Any] = []

    def look(values: Any, *rest: Any, **more: Any) -> Any:
        kept.append(_array(values))
        raise _Seen

    object.__setattr__(layer, "call", look)
    try:
        model(images, training=False)
    except (_Seen, ValueError, TypeError, RuntimeError):
        pass  # a network that cannot be called like this: the training goes on all the same
    finally:
        object.__delattr__(layer, "call")
    return kept[0] if kept and len(kept[0]) == len(images) else images


def _own_losses(running: list[Any], sizes: list[int]) -> list[float | None]:
    """The losses of the batches, from Keras' mean over the epoch so far."""
    found, before, seen = list[float | None](), 0.0, 0
    for value, size in zip(running, sizes):
        number = float("nan") if value is None else float(_array(value))
        total = number * (seen + size)
        found.append(_short((total - before) / size) if size else None)
        before, seen = total, seen + size
    return found


def _figures(logs: dict[str, Any]) -> dict[str, float | None]:
    def of(prefix: str) -> float | None:
        names = [one for one in logs if one.startswith(prefix) and "acc" in one]
        value = _short(logs[names[0]]) if names else None
        return value if value is not None and 0 <= value <= 1 else None

    return {
        "loss": _short(logs.get("loss")), "accuracy": of("acc") if of("acc") is not None else of("binary_acc"),
        "val_loss": _short(logs.get("val_loss")), "val_accuracy": of("val_"),
    }  # fmt: skip


def _probabilities(outputs: Any) -> Any:
    """Answers as probabilities of each class; of logits what they mean."""
    values = outputs.reshape(len(outputs), -1).astype(np.float64)
    if values.shape[1] == 1:
        if values.min() < 0 or values.max() > 1:
            values = 1 / (1 + np.exp(-values))
        return np.concatenate([1 - values, values], axis=1)
    if values.min() < 0 or np.abs(values.sum(axis=1) - 1).max() > 1e-3:
        values = np.exp(values - values.max(axis=1, keepdims=True))
        values /= values.sum(axis=1, keepdims=True)
    return values


def _accuracy(labels: Any, probabilities: Any) -> float | None:
    return float((probabilities.argmax(axis=1) == labels).mean()) if len(labels) else None


def _area(labels: Any, scores: Any) -> float | None:
    """Area under the ROC curve, ties counted half."""
    positive, negative = scores[labels == 1], scores[labels != 1]
    if not len(positive) or not len(negative) or not np.isfinite(scores).all():
        return None
    below = np.searchsorted(np.sort(negative), positive, "left") + np.searchsorted(np.sort(negative), positive, "right")
    return float(below.sum() / 2 / len(positive) / len(negative))


def _auc(labels: Any, probabilities: Any) -> float | None:
    classes = range(1, 2) if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    known = [one for k in classes if (one := _area((labels == k).astype(int), probabilities[:, k])) is not None]
    return float(np.mean(known)) if known else None


def _answer_figures(labels: Any, probabilities: Any, classes: list[str]) -> dict[str, Any]:
    """What the answers have in common: one class for all, no spread, a threshold in the wrong place."""
    if not len(labels):
        return {"positive_share": None, "predicted_class": classes[0], "predicted_share": 0.0, "prediction_std": None,
                "best_threshold_accuracy": None, "val_auc": None}  # fmt: skip
    counts = np.bincount(probabilities.argmax(axis=1), minlength=len(classes))
    two = probabilities.shape[1] == 2
    spread = probabilities[:, 1].std() if two else probabilities.std(axis=0).mean()
    return {
        "positive_share": _short((counts[1] if two else counts.max()) / len(labels)),
        "predicted_class": classes[int(counts.argmax())],
        "predicted_share": _short(counts.max() / len(labels)),
        "prediction_std": _short(spread),
        "best_threshold_accuracy": _best_threshold(labels, probabilities[:, 1]) if two else None,
        "val_auc": _short(_auc(labels, probabilities)),
    }


def _best_threshold(labels: Any, scores: Any) -> float | None:
    if not np.isfinite(scores).all():
        return None
    cuts = [-1.0, *np.unique(scores).tolist()]
    return _short(max(float(((scores > cut) == (labels == 1)).mean()) for cut in cuts))


def _evaluation(labels: Any, probabilities: Any, classes: list[str]) -> dict[str, Any]:
    """The figures of all validation images."""
    said, count = probabilities.argmax(axis=1), len(labels)
    table = np.zeros((len(classes), len(classes)), int)
    np.add.at(table, (labels, said), 1)
    correct, sums = int((said == labels).sum()), table.sum(axis=1)
    true = np.clip(probabilities[np.arange(count), labels], _EPSILON, 1 - _EPSILON)
    rows = []
    for k, name in enumerate(classes):
        hit, called = int(table[k, k]), int(table[:, k].sum())
        precision = hit / called if called else None
        recall = hit / int(sums[k]) if sums[k] else None
        f1 = 2 * hit / (called + int(sums[k])) if called + sums[k] else None
        rows.append({"class": name, "precision": precision, "recall": recall, "f1": f1, "support": int(sums[k])})
    return {
        "count": count, "correct": correct, "accuracy": correct / count, "interval": _wilson(correct, count),
        "auc": _auc(labels, probabilities), "loss": _short(-np.log(true).mean()),
        "majority_class": classes[int(sums.argmax())], "majority_share": float(sums.max() / count),
        "confusion": table.tolist(), "per_class": rows, "roc": {}, "worst": [],
    }  # fmt: skip


def _wilson(correct: int, count: int, z: float = 1.959964) -> list[float]:
    share, square = correct / count, z * z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = z * math.sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count)
    return [max(0.0, middle - half), min(1.0, middle + half)]


def _named(items: list[dict[str, str]], classes: list[str]) -> list[dict[str, str]]:
    """Items whose label is the name of a class; without files it is its number so far."""
    return [{**one, "label": one["label"] if one["label"] in classes else classes[int(one["label"])]} for one in items]


def _data_hashes(parts: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    def of(lines: list[str]) -> str:
        return _digest([np.frombuffer("\n".join(sorted(lines)).encode(), dtype=np.uint8)])

    every = [*parts["train"], *parts["val"]]
    return {
        "train": of([one["sha256"] for one in parts["train"]]),
        "val": of([one["sha256"] for one in parts["val"]]),
        "labels": of([f"{one['sha256']} {one['label']}" for one in every]),
    }


def _environment() -> dict[str, Any]:
    found: dict[str, Any] = {
        "python": platform.python_version(), "keras": keras.__version__, "numpy": np.__version__,
        "platform": platform.platform(), "cores": os.cpu_count(), "backend": keras.backend.backend(),
    }  # fmt: skip
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        found["tensorflow"] = tf.__version__
    return found


def _finite(value: Any) -> Any:
    """The value with None for what is no finite number."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_zip(path: Path, run_id: str, texts: dict[str, str]) -> None:
    """The zip, as the program packs a run of its own; first under another name, so that nobody meets half of it."""
    contents = {name: text.encode() for name, text in texts.items()}
    label = {"format": 3, "run": run_id,
             "files": {name: hashlib.sha256(one).hexdigest() for name, one in contents.items()}}  # fmt: skip
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for name, content in {"parity.json": json.dumps(label).encode(), **contents}.items():
            archive.writestr(name, content)
    part.replace(path)
