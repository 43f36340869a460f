"""Validates the records of a zipped run (schemas) before it is imported."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any

from core.checks.finding import SEVERITIES
from core.config import RunConfig, keys
from core.data.class_count import MOST_CLASSES, check_class_count
from core.data.distinct_names import LONGEST, can_be_shown
from core.data.file_names import display_name
from core.errors import ConfigError, DataError
from core.export.shape import Rule, count, each, fields, mapping, maybe, number, one_of, plain, share, text
from core.models.unfreezing import require_blocks
from core.store.json_values import Damaged
from core.store.notes import MOST_TAGS
from core.store.predictions import parse_predictions
from core.store.records import EVENT, OF_A_RUN, checked
from core.store.runs import METRICS, STATUSES

Record = dict[str, Any]

_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_records(records: Record) -> RunConfig:
    """Checks all records of one run against their rules and each other.

    Args:
        records: dict. Name of the file to its JSON; of events.jsonl a list, of predictions.csv the text.

    Returns:
        The configuration.

    Raises:
        DataError: names the record and the place in it.
    """
    try:
        config = RunConfig.from_dict(records["config.json"])
        require_blocks(config)
    except ConfigError as error:
        raise DataError(f"config.json of this run cannot be used: {error}") from error
    manifest = records["manifest.json"]
    if isinstance(manifest, dict) and isinstance(manifest.get("classes"), list):
        check_class_count(len(manifest["classes"]), "this run")
    _require(_MANIFEST, manifest, "manifest.json")
    classes = manifest["classes"]
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise DataError("manifest.json of this run does not name two or more different classes")
    known = set(classes)
    if unfit := [name for name in classes if not name.strip() or len(name) > LONGEST or not can_be_shown(name)]:
        raise DataError(f"this is not a run of Parity: the class name {display_name(unfit[0])} cannot be shown")
    for part in ("train", "val", "test"):
        stray = next((file["label"] for file in manifest.get(part, ()) if file["label"] not in known), None)
        if stray is not None:
            raise DataError(
                f"this is not a run of Parity: manifest.json.{part} has an image of “{display_name(stray)}”, which is "
                "not among its classes"
            )
    rules = {
        "status.json": _STATUS,
        "events.jsonl": each(_EVENT, 100_000),
        "evaluation.json": _evaluation(classes),
        "findings.json": fields({"findings": each(_FINDING, 1000)}),
        "trace.json": _trace(classes),
        "recorder.json": fields({"recorder": count}, {"settings": each(one_of(keys()), 1000)}),
        "note.json": fields({"text": text, "tags": each(text, MOST_TAGS)}),
    }
    for name, rule in rules.items():
        if name in records:
            _require(rule, records[name], name)
    _require_readable(records)
    if "predictions.csv" in records:
        _check_predictions(records["predictions.csv"], classes)
    return config


def _require(rule: Rule, value: Any, where: str) -> None:
    if said := rule(value, where):
        raise DataError(f"this is not a run of Parity: {said}")


def _require_readable(records: Record) -> None:
    """What the program would call damaged when it reads it is not let in."""
    found = [(name, records[name], kind) for name, kind in OF_A_RUN.items() if name in records]
    found += [(f"line {k} of events.jsonl", event, EVENT) for k, event in enumerate(records["events.jsonl"], 1)]
    for name, value, kind in found:
        try:
            checked(value, kind)
        except Damaged as error:
            raise DataError(f"this is not a run of Parity: {name}: {error}") from error


def _relative(value: Any, where: str) -> str:
    """A path below the dataset: neither absolute nor upwards."""
    if said := text(value, where):
        return said
    path = PurePosixPath(value)
    bad = path.is_absolute() or ".." in path.parts or "\\" in value or "\0" in value or not value
    return f"{where} points outside the dataset" if bad else ""


def _hash(value: Any, where: str) -> str:
    return "" if isinstance(value, str) and _SHA256.fullmatch(value) else f"{where} is not a SHA-256"


_FILE = fields(
    {"path": _relative, "label": text, "sha256": _hash},
    {"split": text, "bytes": count, "width": count, "height": count, "mode": text, "format": text},
)
_MANIFEST = fields(
    {"classes": each(text, MOST_CLASSES), "train": each(_FILE), "val": each(_FILE)}, {"test": each(_FILE), "root": text}
)
_STATUS = fields(
    {"status": one_of([name for name in STATUSES if name != "damaged"])},
    {"created": number, "started": maybe(number), "ended": maybe(number), "seconds": mapping(number)},
)
_EVENT = fields(
    {"event": text},
    {"time": number, "epoch": count, "phase": text, "seconds": number, **dict.fromkeys(METRICS, maybe(number))},
)
_FINDING = fields(
    {"id": text, "severity": one_of(SEVERITIES), "claim": text},
    {"remedy": text, "evidence": mapping(plain), "change": mapping(plain), "symptoms": each(mapping(plain), 100)},
)


def _evaluation(classes: Collection[str]) -> Rule:
    row = fields(
        {
            "class": one_of(classes),
            "precision": maybe(share),
            "recall": maybe(share),
            "f1": maybe(share),
            "support": count,
        }
    )
    curve = fields(
        {"false_positive_rate": each(share, 1000), "true_positive_rate": each(share, 1000), "auc": maybe(share)}
    )
    worst = fields(
        {"file": _relative, "label": text, "predicted": text, "probability": share}, {"true_probability": share}
    )
    part = fields(
        {
            "count": count, "correct": count, "accuracy": share, "interval": _exactly(2, share), "auc": maybe(share),
            "loss": maybe(number), "majority_class": one_of(classes), "majority_share": share,
            "confusion": _exactly(len(classes), _exactly(len(classes), count)),
            "per_class": _exactly(len(classes), row), "roc": mapping(curve), "worst": each(worst, 100),
        },
        {"groups": maybe(count)},
    )  # fmt: skip
    return fields({"classes": _equal_to(list(classes)), "weights": text, "val": part}, {"test": part})


def _trace(classes: Collection[str]) -> Rule:
    hashes = fields({"base": text, "statistics": maybe(text), "head": text})
    figures = {name: maybe(number) for name in (*METRICS, "positive_share", "predicted_share", "prediction_std",
                                                "best_threshold_accuracy", "dead_units", "feature_mean", "feature_std",
                                                "greatest_norm")}  # fmt: skip
    epoch = fields(
        {"epoch": count, "batches": count, "mix": each(_exactly(len(classes), count), 100_000),
         "losses": each(maybe(number), 100_000), "gradient_norms": each(maybe(number), 100_000),
         "batch_orders": each(text, 100_000), "order": text},
        {"phase": text, "draw": count, "seen": count, "predicted_class": one_of(classes),
         "moved_blocks": each(text, 100), "mixing": text, **figures},
    )  # fmt: skip
    sample = fields({"epoch": count, "draw": count, "file": text, "path": _relative})
    return fields(
        {
            "format": _equal_to(1), "environment": mapping(plain), "data": mapping(text), "hashes": hashes,
            "classes": _equal_to(list(classes)), "samples": each(sample, 10_000),
            "inputs": each(fields({"epoch": count}), 100), "epochs": each(epoch, 10_000),
        }
    )  # fmt: skip


def _exactly(length: int, rule: Rule) -> Rule:
    def check(value: Any, where: str) -> str:
        if not isinstance(value, list) or len(value) != length:
            return f"{where} has not {length} entries"
        return each(rule)(value, where)

    return check


def _equal_to(expected: Any) -> Rule:
    return lambda value, where: "" if value == expected else f"{where} does not agree with the rest of the run"


def _check_predictions(content: str, classes: list[str]) -> None:
    """The table is one that a run writes, of these classes, and names files of the dataset only."""
    try:
        found = parse_predictions(content)
    except Damaged as error:
        raise DataError(f"this is not a run of Parity: predictions.csv: {error}") from error
    if found.classes != tuple(classes):
        raise DataError("this is not a run of Parity: predictions.csv does not have the columns of a run")
    for number_of, row in enumerate(found.rows, start=2):
        if _relative(row.file, ""):
            raise DataError(
                f"this is not a run of Parity: line {number_of} of predictions.csv is not in the format of a run"
            )
