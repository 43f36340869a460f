"""After a training: whether the class activation maps of the network lie on the mark that tells a class.

It stands in the evidence of `class-told-by-mark` and ends its claim: a map shows where a network looks, not why.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import files as disk
from core.checks.class_marks import found_mark
from core.checks.context import Context
from core.checks.finding import Finding, FindingValues
from core.data.dataset_index import ImageFile
from core.data.pipeline import ImageLoader
from core.engine.insight.answering import scaled
from core.engine.insight.explain import Explainer
from core.engine.train.context import TrainingContext
from core.insight.attention import LEAD, SIDE, Attention, attention
from core.insight.overlay import smooth
from core.models.build import join
from core.store.run_records import FindingRecord

_IMAGES, _BATCH = 32, 8
"""Images of each side: enough for an interval of a few per cent, and a second or two of any network."""

_ID, _KEY = "class-told-by-mark", "class_activation_maps"


def add_mark_attention(context: TrainingContext) -> None:
    """Adds to the finding of a mark in findings.json where the trained network looks; nothing without such a finding.

    Args:
        context: TrainingContext. Trained.
    """
    run = context.reporter.run
    known = run.findings()
    finding = next((one for one in known if one.id == _ID), None)
    sample = Context(context.config, context.dataset).sample if finding else None
    mark = found_mark(sample) if sample else None
    if finding is None or sample is None or mark is None:
        return
    try:
        explainer = Explainer(join(context.base, context.head))
    except ValueError:  # no map in front of the head
        return
    context.reporter.phase("evaluating", "Checking where the network looks, since a mark may identify one class.")
    own = sample.labels == mark.label
    sides = [[sample.files[k] for k in _some(np.flatnonzero(side))] for side in (own & mark.shows, ~own)]
    showing, others = (_maps(context, explainer, side, mark.label) for side in sides)
    found = attention(str(finding.evidence.get("place", "")), showing, others)
    if found is None:
        return
    records = [
        _told(one, found, explainer.method) if one is finding else Finding.of_record(one).to_dict() for one in known
    ]
    disk.write_json(run.path / "findings.json", {"findings": records})


def _told(finding: FindingRecord, found: Attention, method: str) -> FindingValues:
    """The finding with what was measured now; what an earlier look has said goes."""
    values = Finding.of_record(finding).to_dict()
    values["claim"] = values["claim"].partition(LEAD)[0] + found.sentence(method)
    values["evidence"] = {**values["evidence"], _KEY: found.evidence(method)}
    return values


def _some(rows: NDArray[np.int64]) -> list[int]:
    """At most so many, spread over all."""
    chosen: list[int] = rows[
        np.unique(np.linspace(0, len(rows) - 1, min(_IMAGES, len(rows))).round().astype(int))
    ].tolist()
    return chosen


def _maps(
    context: TrainingContext, explainer: Explainer, files: Sequence[ImageFile], label: int
) -> NDArray[np.float32]:
    """Maps for a class as the images lie on the disk, stretched to `(n, SIDE, SIDE)`."""
    rows = list(_on_image(context, explainer, files, label))
    return np.stack(rows) if rows else np.zeros((0, SIDE, SIDE), np.float32)


def _on_image(
    context: TrainingContext, explainer: Explainer, files: Sequence[ImageFile], label: int
) -> Iterator[NDArray[np.float32]]:
    batches = [np.arange(start, min(start + _BATCH, len(files))) for start in range(0, len(files), _BATCH)]
    for rows, pixels in zip(batches, ImageLoader(context.images(files, augmented=False), batches, 0), strict=True):
        maps, _ = explainer.forward(pixels)
        heat = scaled(explainer.heat(maps, np.full(len(rows), label)))
        for k, one in zip(rows.tolist(), heat, strict=True):
            whole = smooth(one, _size(files[k]), context.config.data.fit)
            yield np.asarray(Image.fromarray(whole).resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def _size(file: ImageFile) -> tuple[int, int]:
    """Width and height of the upright image, the longer one at `2 * SIDE`."""
    width, height = file.upright_size
    scale = 2 * SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
