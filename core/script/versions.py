"""Differences between Keras versions for the same script (shuffling, batch normalisation), from the sources of each."""

import re
from dataclasses import dataclass

from core.errors import DataError

LATEST = (999,)


@dataclass(frozen=True)
class Row:
    """A range of versions and the order it gives."""

    versions: str
    order: str
    why: str


ITERATOR = (
    Row("Keras 2.0.0 to 2.0.8", "none", "the iterator is a plain generator, taken strictly in order"),
    Row("Keras 2.0.9 to 2.3.1", "batches", "the iterator is a Sequence, and fit shuffles the order of its batches"),
    Row("tf.keras 2.x", "batches", "fit shuffles the order of the batches of a Sequence"),
    Row("Keras 3", "batches", "fit shuffles the order of the batches of a PyDataset"),
)
"""`flow_from_directory(shuffle=False)`, then `fit` without `shuffle`."""

ARRAYS_BATCH = (
    Row("Keras 2.0.0 to 2.3.1", "batches", "batches are cut first, then their order is shuffled"),
    Row("tf.keras 2.x", "none", "samples are shuffled inside each batch only; the batches keep their order"),
    Row("Keras 3", "none", "samples are shuffled inside each batch only; the batches keep their order"),
)
"""`fit(arrays, shuffle="batch")`."""


def iterator_order(*, fit_shuffles: bool, workers_zero: bool) -> dict[str, str]:
    """The order in which an unshuffled directory iterator is trained on.

    Args:
        fit_shuffles: bool. False where the script passes `shuffle=False` to `fit`.
        workers_zero: bool. Whether it passes `workers=0`: Keras 2.0.9 to 2.3.1 then take the iterator in order.

    Returns:
        By version: `none` (class by class) or `batches`.
    """
    if not fit_shuffles:
        return {"keras <= 2.0.8": "none", "later": "none"}
    order = {"keras <= 2.0.8": "none", "later": "batches"}
    if workers_zero:
        order["keras 2.0.9 to 2.3.1"] = "none"
    return order


def batch_order() -> dict[str, str]:
    """The order of `fit(arrays, shuffle="batch")` on sorted arrays, by version."""
    return {"keras <= 2.0.8": "batches", "keras 2.0.9 to 2.3.1": "batches", "later": "none"}


def same_order(order: str) -> dict[str, str]:
    """An order that every version gives."""
    return {"keras <= 2.0.8": order, "later": order}


def choose(order: dict[str, str], version: tuple[int, ...]) -> str:
    """The order under one version."""
    if version <= (2, 0, 8):
        return order["keras <= 2.0.8"]
    if version < (2, 4) and "keras 2.0.9 to 2.3.1" in order:
        return order["keras 2.0.9 to 2.3.1"]
    return order["later"]


def read_version(text: str | None) -> tuple[int, ...]:
    """`2.0.8` as (2, 0, 8); no version at all counts as the latest.

    Raises:
        DataError: the text is no version of Keras.
    """
    if text is None or not text.strip():
        return LATEST
    if not (found := re.fullmatch(r"\s*[vV]?([1-9])(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?\s*", text, re.ASCII)):
        raise DataError(f'"{text[:40]}" is not a version of Keras; give one such as 2.0.8, 2.2.2 or 3.15.1')
    return tuple(int(part or 0) for part in found.groups())
