"""Trace of a training (trace.json): hashes, orders, losses, gradients, epoch by epoch, to compare two runs.

Two runs that should agree are laid beside each other stage by stage (core/compare/divergence.py), so everything is
recorded by what it is, not by where it lies: an image by the hash of its file, a batch by the images in it.

    runs/<id>/trace.json
      environment   versions of Python, the libraries and this program; processor
      data          hashes of the training files, the validation files, and the labels of all
      classes       names
      hashes        weights of base and head and the statistics of batch normalisation, before and after
      samples       four fixed training images per random version: decoded, augmented, preprocessed, their features
      inputs        statistics of the first batches that the network was given
      epochs        order, label mix, losses and gradient norms of the batches; what of mixup was drawn; what validation
                    looked like; blocks of a backbone in training that are other ones than before it

Losses and norms have six significant digits; beyond `DETAILED` batches only an epoch's summary is kept.
"""

import json
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from core import files
from core.data.augment import augment
from core.data.order import Indices, batch_mix
from core.data.pipeline import Batches, ImageBatches, Mixup
from core.data.preprocessing import preprocess
from core.data.unchanged import load_unchanged
from core.engine.features.runtime.forward import runtime_recipe
from core.engine.fingerprint import block_hashes, digest, environment, statistics_hash, weights_only_hash
from core.engine.train.context import TrainingContext
from core.engine.train.describe import data_hashes, describe_answers, describe_values, short
from core.engine.train.epoch_figures import EpochFigures
from core.engine.train.observe import Observed
from core.engine.train.traced import Watch
from core.models import catalogue
from core.store.record_types import known
from core.store.trace_record import MOST_CONFUSION, Hashes, Sample, TracedEpoch, TracedInput, TraceHead

FORMAT = 1
"""Version of trace.json."""

DETAILED = 20_000
"""Batches of a run that are recorded one by one; the file then has about 1 MB."""

SAMPLES = 4
"""Images that are followed from the file to the features."""

FIRST = 2
"""Batches at the beginning whose numbers are described."""


class BatchFigures(TypedDict):
    """What is recorded of the batches of an epoch."""

    order: str
    batches: int
    seen: int
    greatest_norm: float | None
    batch_orders: list[str]
    mix: list[list[int]]
    losses: list[float | None]
    gradient_norms: list[float | None]


class TraceWriter:
    """The record of one run.

    Args:
        context: TrainingContext. Before anything is trained: the initial weights are hashed here.
    """

    def __init__(self, context: TrainingContext) -> None:
        self._work = context
        self._path = context.reporter.run.path / "trace.json"
        stored = context.reporter.run.trace()
        stored = stored if stored and stored.format == FORMAT else None
        train = context.dataset.split.train
        self._ids = np.array([int(file.sha256[:16], 16) for file in train], dtype=np.uint64)
        self._labels = context.dataset.labels(train)
        self._positions = sorted(range(len(train)), key=lambda k: (train[k].sha256, k))[:SAMPLES]
        self._head = TraceHead(
            format=FORMAT,
            environment={**environment(), **runtime_recipe(context.config)},
            data=data_hashes(train, context.dataset.split.val),
            classes=list(context.dataset.classes),
            hashes=Hashes(
                base=weights_only_hash(context.base),
                statistics=statistics_hash(context.base),
                head=digest(context.head.variables),
            ),
            samples=stored.samples if stored else [],
            inputs=stored.inputs if stored else [],
        )
        self._row = catalogue.find(context.config.model.backbone)
        self._moving = False
        self._blocks = {} if context.config.training.is_frozen else block_hashes(context.base, self._row)
        self._epochs: list[tuple[int, int, str]] = [
            (epoch.epoch, len(epoch.losses), json.dumps(epoch.to_dict())) for epoch in (stored.epochs if stored else [])
        ]
        self._watch, self._on_images = Watch(), False
        self._mixing: Mixup | None = None
        self._order: Sequence[Indices] = ()

    def begin_epoch(self, epoch: int, order: Sequence[Indices], data: Batches, *, moving: bool) -> Watch:
        """Records what the epoch will be given, and watches its batches.

        Args:
            epoch: int. From 0, over the whole run.
            order: list of integer arrays. The batches as positions in the training files.
            data: Batches. The epoch's batches.
            moving: bool. Whether the base is trained, so that features are only those of the weights at the moment.

        Returns:
            A callback for `fit`.
        """
        self._epochs = [item for item in self._epochs if item[0] <= epoch]
        self._watch, self._order, self._moving = Watch(), order, moving
        self._on_images = moving or isinstance(data, ImageBatches)
        self._mixing = data.mixup if isinstance(data, ImageBatches) else None
        first = not self._epochs
        draw = self._work.draw(epoch)
        if draw not in {sample.draw for sample in self._head.samples}:
            followed = self._samples(epoch, draw, without_features=moving and not first)
            self._head = self._head.model_copy(update={"samples": [*self._head.samples, *followed]})
        if first:
            inputs = [_describe(data[k], epoch, k, self._batch_hash(order[k])) for k in range(min(FIRST, len(order)))]
            self._head = self._head.model_copy(update={"inputs": inputs})
        return self._watch

    def end_epoch(self, phase: str, epoch: int, record: EpochFigures, observed: Observed) -> None:
        """Adds a finished epoch and writes the file.

        Args:
            phase: str. Its name; see core/engine/train/phases.py.
            epoch: int. From 1, over the whole run.
            record: EpochFigures. What was measured.
            observed: Observed. On the validation images.
        """
        context, (probabilities, _, activity) = self._work, observed
        if self._on_images:
            self._hash_after()
        head = digest(context.head.variables)
        self._hash_as(head_after=head)
        figures = {name: known(value) for name, value in record._asdict().items() if name != "auc"}
        item = TracedEpoch.model_validate(
            {
                "epoch": epoch,
                "phase": phase,
                "draw": context.draw(epoch - 1),
                **({"mixing": digest(self._mixing.drawn(self._order))} if self._mixing else {}),
                **self._batches(),
                **figures,
                **describe_answers(
                    context.dataset.labels(context.dataset.split.val), probabilities, list(context.dataset.classes)
                ),
                "dead_units": activity.dead_units,
                "feature_mean": short(activity.feature_mean),
                "feature_std": short(activity.feature_std),
                "head": head,
                "base": self._head.hashes.base_after,
                **({"moved_blocks": self._moved_blocks()} if self._moving else {}),
            }
        )
        self._epochs.append((epoch, len(item.losses), json.dumps(item.to_dict(), allow_nan=False)))
        self._write()

    def end(self) -> None:
        """Adds what can be told at the end of the training: whether the base is as it was."""
        self._hash_after()
        self._hash_as(head_after=digest(self._work.head.variables))
        self._write()

    def _hash_after(self) -> None:
        base = self._work.base
        self._hash_as(base_after=weights_only_hash(base), statistics_after=statistics_hash(base))

    def _hash_as(self, **hashes: str | None) -> None:
        self._head = self._head.model_copy(update={"hashes": self._head.hashes.model_copy(update=hashes)})

    def _moved_blocks(self) -> list[str]:
        """Blocks of the backbone whose weights are other ones than before the training."""
        return [name for name, now in block_hashes(self._work.base, self._row).items() if now != self._blocks[name]]

    def _write(self) -> None:
        """Epochs are kept as text: each is put into words once."""
        head = json.dumps(files.finite(self._head.to_dict()), allow_nan=False)
        with files.replacing(self._path, "w") as file:
            file.write(f'{head[:-1]}, "epochs": [{", ".join(text for *_, text in self._epochs)}]}}\n')

    def _batches(self) -> BatchFigures:
        """Order, mix, losses and norms of the epoch's batches, one by one as long as there is room."""
        classes = len(self._work.dataset.classes)
        room = DETAILED - sum(count for _, count, _ in self._epochs)
        hashes = [self._batch_hash(batch) for batch in self._order]
        losses, norms = self._watch.losses, self._watch.norms
        facts = BatchFigures(
            order=digest([np.array(hashes)]),
            batches=len(self._order),
            seen=int(sum(map(len, self._order))),
            greatest_norm=short(max(norms, default=None)),
            batch_orders=[],
            mix=[],
            losses=[],
            gradient_norms=[],
        )
        if len(self._order) > room:
            return facts
        if classes <= MOST_CONFUSION:
            facts["mix"] = batch_mix(self._labels, list(self._order), classes).tolist()
        facts |= {"losses": [short(x) for x in losses], "gradient_norms": [short(x) for x in norms]}
        return {**facts, "batch_orders": hashes}

    def _batch_hash(self, batch: Indices) -> str:
        """The images of a batch and their labels, in their order."""
        return digest([self._ids[batch], self._labels[batch]])[:8]

    def _samples(self, epoch: int, draw: int, *, without_features: bool) -> list[Sample]:
        """The followed images in one random version; runs on the same cached features decode them once.

        A run that goes through the images decodes its own: its trace is evidence of what it was given.
        """
        followed = None if self._on_images else self._kept_samples(draw)
        if followed is None:
            followed = [self._sample(k, draw, without_features) for k in self._positions]
            if not self._on_images:
                kept = [sample.model_dump(exclude={"epoch", "path"}) for sample in followed]
                self._work.keep_note(draw, {"format": FORMAT, "samples": kept})
        paths = [self._work.dataset.split.train[k].path for k in self._positions]
        return [
            sample.model_copy(update={"epoch": epoch + 1, "path": path})
            for path, sample in zip(paths, followed, strict=True)
        ]

    def _kept_samples(self, draw: int) -> list[Sample] | None:
        """What an earlier run has kept beside the features; None when it is of another version or damaged."""
        note = self._work.note(draw)
        listed = note.get("samples") if isinstance(note, dict) and note.get("format") == FORMAT else None
        try:
            samples = [Sample(**{"epoch": 0, "path": "", **sample}) for sample in listed or ()]
        except (TypeError, ValidationError):
            return None
        wanted = [self._work.dataset.split.train[k].sha256[:16] for k in self._positions]
        return samples if [sample.file for sample in samples] == wanted else None

    def _sample(self, position: int, draw: int, without_features: bool) -> Sample:
        """One image on its way from the file to the features."""
        images, data = self._work.train_images(), self._work.config.data
        file = images.files[position]
        decoded = load_unchanged(images.root, file, images.size, images.rendering)
        pixels = augment(decoded, images.augmentation, images.seed, draw, file.sha256)
        prepared = preprocess(pixels, catalogue.pixel_kind(self._row, data.preprocessing))
        features = None if without_features else self._features(position, draw, pixels)
        return Sample(
            epoch=0,
            path=file.path,
            draw=draw,
            file=file.sha256[:16],
            decoded=digest([decoded]),
            decoded_mean=short(decoded.mean()),
            pixels=digest([pixels]),
            pixels_mean=short(pixels.mean()),
            input=digest([prepared]),
            **describe_values(prepared),
            features=None if features is None else digest([features]),
            features_mean=None if features is None else short(features.mean()),
            features_std=None if features is None else short(features.std()),
        )

    def _features(self, position: int, draw: int, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """From the cache where there is one; else by one pass of one image."""
        cached = self._work.features_on_disk(self._work.train_images(), draw)
        if cached is not None:
            return np.asarray(cached[position], np.float32)
        return np.asarray(self._work.observer.from_pixels(pixels[None])[0].numpy()[0])


def _describe(batch: tuple[NDArray[Any], ...], epoch: int, number: int, order: str) -> TracedInput:
    """A batch as the network is given it."""
    inputs, kind = batch[0], "pixels" if batch[0].ndim == 4 else "features"
    hashes = {"pixels": None, "features": None, kind: digest([inputs])}
    facts = {"epoch": epoch + 1, "batch": number + 1, "kind": kind, "order": order, "count": len(inputs)}
    return TracedInput.model_validate({**facts, **hashes, **describe_values(inputs)})
