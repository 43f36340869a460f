"""Finds the first divergence of two trainings: data, order, initial weights, features, losses, weights.

    files -> decoded pixels -> augmented pixels -> preprocessed input -> labels and order -> mixed images -> initial
    weights -> features -> loss -> gradients -> weights, and from the second epoch on pixels -> order -> ... again

Each stage is a function of the two traces and the epoch; the first that sees a difference names it. Images are
compared by the hash of their file, never by their place in a batch: else another order would look like other pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.compare.entering import entering_range
from core.compare.where import Divergence
from core.stats.digits import digits

if TYPE_CHECKING:
    from core.store.trace_record import Sample, Trace, TracedEpoch

TOLERANCE = 1e-5
"""Losses and gradient norms closer than this, relative to their size, are the same but for rounding."""


def first_divergence(a: "Trace", b: "Trace") -> Divergence | None:
    """The first stage and step at which two traces part; None when they never do.

    Args:
        a: Trace. Of the first run.
        b: Trace. That of the second.
    """
    if found := _files(a, b):
        return found
    for one, other in zip(a.epochs, b.epochs, strict=False):
        for stage in (_pixels, _order, _mixing, _initial_weights, _features, _steps, _weights):
            if found := stage(_EpochPair(a, b, one, other)):
                return found
    return _length(a, b)


def recorded_epochs(a: "Trace", b: "Trace") -> int:
    """Epochs that both traces have."""
    return min(len(a.epochs), len(b.epochs))


@dataclass(frozen=True)
class _EpochPair:
    """Both traces, and the record of one epoch in each."""

    a: "Trace"
    b: "Trace"
    one: "TracedEpoch"
    other: "TracedEpoch"

    @property
    def epoch(self) -> int:
        return self.one.epoch

    def samples(self) -> "list[tuple[Sample, Sample]]":
        """The images that both runs followed, each in the version of the epoch."""
        mine, theirs = _samples(self.a, self.one.draw), _samples(self.b, self.other.draw)
        return [(mine[file], theirs[file]) for file in sorted(mine.keys() & theirs.keys())]


def _files(a: "Trace", b: "Trace") -> Divergence | None:
    if _has_files(a) != _has_files(b):
        return None  # files on one side, pixels on the other: nothing to hold against each other
    for part, name in (("train", "training"), ("val", "validation")):
        mine, theirs = getattr(a.data, part), getattr(b.data, part)
        if mine != theirs:
            sentence = f"The {name} files are not the same, so everything after them may differ."
            return Divergence("files", {}, mine, theirs, sentence)
    if a.data.labels != b.data.labels:
        sentence = "The files are the same, but some have another label."
        return Divergence("labels and order", {}, a.data.labels, b.data.labels, sentence)
    return None


_PIXELS = (
    ("decoded pixels", "decoded", "decoded_mean", "is decoded to different pixels"),
    ("augmented pixels", "pixels", "pixels_mean", "is augmented differently"),
    ("preprocessed input", "input", "mean", "is scaled differently before it enters the network"),
)


def _has_files(trace: "Trace") -> bool:
    return trace.elsewhere is None or trace.elsewhere.files


def _knows_batches_by(trace: "Trace") -> str:
    return trace.elsewhere.batches if trace.elsewhere else "files"


def _pixels(pair: _EpochPair) -> Divergence | None:
    if pair.a.elsewhere or pair.b.elsewhere:
        return entering_range(pair.a, pair.b) if pair.epoch == 1 else None
    for stage, key, figure, what in _PIXELS:
        for mine, theirs in pair.samples():
            if getattr(mine, key) != getattr(theirs, key):
                sentence = (
                    f"In epoch {pair.epoch} the same file, {mine.path}, {what}: its mean is "
                    f"{_number(getattr(mine, figure))} in one run and {_number(getattr(theirs, figure))} in the other."
                )
                return Divergence(
                    stage, {"epoch": pair.epoch}, _values(mine, key, figure), _values(theirs, key, figure), sentence
                )
    return None


def _order(pair: _EpochPair) -> Divergence | None:
    if pair.one.order == pair.other.order:
        return None
    if _knows_batches_by(pair.a) != _knows_batches_by(pair.b) or "" in (pair.one.order, pair.other.order):
        return _label_order(pair)
    index = _first_difference(pair.one.batch_orders, pair.other.batch_orders)
    if index is None:
        sentence = f"In epoch {pair.epoch} the samples are in a different order."
        return Divergence("labels and order", {"epoch": pair.epoch}, pair.one.order, pair.other.order, sentence)
    return _batches_part(pair, index)


def _label_order(pair: _EpochPair) -> Divergence | None:
    """Where the images of the batches cannot be matched, their labels can: the first batch of another mix."""
    index = _first_difference(pair.one.mix, pair.other.mix)
    if index is None or pair.one.mix == pair.other.mix or pair.a.classes != pair.b.classes:
        return None
    return _batches_part(pair, index)


def _batches_part(pair: _EpochPair, index: int) -> Divergence:
    mine, theirs = (_mix(trace, record, index) for trace, record in ((pair.a, pair.one), (pair.b, pair.other)))
    step = {"epoch": pair.epoch, "batch": index + 1}
    where = f"epoch {pair.epoch}, batch {index + 1}"
    if "nothing" in (mine, theirs):
        sentence = f"In {where} one run has a batch that the other does not have: {mine} against {theirs}."
    elif mine == theirs:
        sentence = f"In {where} the class counts are equal ({mine}), but the images or their order differ."
    else:
        sentence = f"The batches differ at {where}: {mine} in one run and {theirs} in the other."
    return Divergence("labels and order", step, mine, theirs, sentence)


def _mixing(pair: _EpochPair) -> Divergence | None:
    mine, theirs = pair.one.mixing, pair.other.mixing
    if mine == theirs or pair.a.elsewhere or pair.b.elsewhere:
        return None
    what = "differently in the two runs" if mine and theirs else "in one run and not in the other"
    sentence = f"In epoch {pair.epoch} the images of a batch and their labels are mixed (training.mixup) {what}."
    return Divergence("mixed images", {"epoch": pair.epoch}, mine, theirs, sentence)


def _initial_weights(pair: _EpochPair) -> Divergence | None:
    if pair.epoch > 1:
        return None
    names = {"base": "the backbone", "statistics": "the backbone's batch normalisation", "head": "the head"}
    for key, name in names.items():
        mine, theirs = getattr(pair.a.hashes, key), getattr(pair.b.hashes, key)
        if (not mine and pair.a.elsewhere) or (not theirs and pair.b.elsewhere):
            continue  # a network in which the recorder could tell no backbone
        if mine != theirs:
            return Divergence("initial weights", {}, mine, theirs, f"The initial weights of {name} differ.")
    return None


def _features(pair: _EpochPair) -> Divergence | None:
    for mine, theirs in pair.samples():
        # The features of a base that trains are recorded in its first epoch only.
        if mine.features and theirs.features and mine.features != theirs.features:
            one, other = (_values(sample, "features", "features_mean", "features_std") for sample in (mine, theirs))
            rounding = _close(mine.features_mean, theirs.features_mean) and _close(
                mine.features_std, theirs.features_std
            )
            means = (
                f"their mean is {_number(mine.features_mean)} in one run and {_number(theirs.features_mean)} in "
                "the other"
            )
            sentence = (
                f"The backbone computes different features for the same input, {mine.path}: "
                f"{'the difference is within rounding' if rounding else means}."
            )
            return Divergence("features", {"epoch": pair.epoch}, one, other, sentence)
    return None


def _steps(pair: _EpochPair) -> Divergence | None:
    """Batch by batch: a loss that differs after equal gradients means that the step between them differed."""
    for index, (mine, theirs) in enumerate(zip(pair.one.losses, pair.other.losses, strict=False)):
        step, where = {"epoch": pair.epoch, "batch": index + 1}, f"epoch {pair.epoch}, batch {index + 1}"
        if not _close(mine, theirs):
            values = f"{_number(mine)} in one run and {_number(theirs)} in the other"
            if index == 0:
                sentence = f"In {where} the same input and the same weights give a different loss: {values}."
                return Divergence("loss", step, mine, theirs, sentence)
            sentence = (
                f"Losses and gradients agree up to the batch before; after its step the weights differ, for the loss "
                f"in {where} is {values}."
            )
            return Divergence("weights", {"epoch": pair.epoch, "batch": index}, mine, theirs, sentence)
        one, other = pair.one.gradient_norms[index], pair.other.gradient_norms[index]
        if not (pair.a.elsewhere or pair.b.elsewhere) and not _close(one, other):
            sentence = (
                f"In {where} the loss agrees, but the norm of its gradients is {_number(one)} in one run and "
                f"{_number(other)} in the other."
            )
            return Divergence("gradients", step, one, other, sentence)
    return None


def _weights(pair: _EpochPair) -> Divergence | None:
    for key, name in (("head", "head"), ("base", "backbone")):
        mine, theirs = getattr(pair.one, key), getattr(pair.other, key)
        if mine and theirs and mine != theirs:
            sentence = f"After epoch {pair.epoch} the weights of the {name} differ; nothing recorded before does."
            return Divergence("weights", {"epoch": pair.epoch}, mine, theirs, sentence)
    return None


def _length(a: "Trace", b: "Trace") -> Divergence | None:
    """Two runs that agree as far as both went, and of which one went on."""
    one, other = len(a.epochs), len(b.epochs)
    if one == other:
        return None
    step = {"epoch": min(one, other) + 1}
    sentence = f"They agree in {min(one, other)} epochs; then one ends and the other continues to {max(one, other)}."
    return Divergence("number of epochs", step, one, other, sentence)


def _samples(trace: "Trace", draw: int) -> "dict[str, Sample]":
    return {sample.file: sample for sample in trace.samples if sample.draw == draw}


def _first_difference(one: Sequence[object], other: Sequence[object]) -> int | None:
    """Place of the first difference; None when nothing was recorded to look at."""
    if not one or not other:
        return None
    for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return index
    return min(len(one), len(other))


def _mix(trace: "Trace", record: "TracedEpoch", index: int) -> str:
    """What a batch holds, in words: `7 NORMAL, 13 PNEUMONIA`; its hash where classes are too many to count."""
    if index >= max(len(record.batch_orders), len(record.mix)):
        return "nothing"
    if not record.mix:
        return record.batch_orders[index]
    return ", ".join(f"{n} {name}" for n, name in zip(record.mix[index], trace.classes, strict=False))


def _values(sample: "Sample", *keys: str) -> dict[str, object]:
    return {key: getattr(sample, key) for key in (*keys, "path")}


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE * max(1.0, abs(one), abs(other))


def _number(value: float | None) -> str:
    return "not a number" if value is None else digits(value, 4)
