"""A run as one HTML page: curves, figures, findings, settings, model card; it opens anywhere, without a network.

Like the diagnosis report it names no folder of this machine and holds no image.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from core.compare.many import curve
from core.config import RunConfig
from core.course.caveats import caveats, known_findings, with_caveats
from core.errors import RunError, UserError
from core.export.card import model_card
from core.report.markdown import markdown
from core.report.page import clean, cleaner, page, section, shown, table
from core.report.plot import Line, Plot, to_svg
from core.store.notes import read_note
from core.store.run_colours import DASHES, SERIES, run_looks
from core.store.runs import STATUSES, Run

MADE_BY = "Made by Parity. Intervals are 95 %."

Record = dict[str, Any]

_CURVES = (("loss", "Loss"), ("accuracy", "Accuracy"), ("auc", "AUC"))
_PARTS = (("val", "validation"), ("test", "test"))
_MOST_CLASSES = 30
"""A confusion matrix of more classes cannot be read on a page; the figures of each class are there all the same."""


def run_report(run: Run) -> str:
    """The page.

    Args:
        run: Run. At work or ended, also a damaged one: what cannot be read is left out, and said.
    """
    title, cut = run.title(), cleaner([run])
    record = clean(_record(run), cut, with_images=False)
    parts = [
        _about(record),
        section("Curves", *_curves(run)),
        *(_part(record, part, words) for part, words in _PARTS),
        section("Found by the checks", _findings(record["findings"])),
        section("Settings", _settings(record["settings"])),
        section("Program and machine", _environment(record["environment"])),
        section("Model card", f"<div class=card>{markdown(record['card'])}</div>" if record["card"] else ""),
    ]
    return page(title, parts, MADE_BY)


def _record(run: Run) -> Record:
    status, note, evaluation, trace = run.read_status(), read_note(run), run.evaluation(), run.trace()
    found = known_findings(run)
    try:
        config: RunConfig | None = run.config()
    except RunError:
        config = None
    return {
        "id": run.id,
        "status": status.status,
        "message": status.message or STATUSES.get(status.status, ""),
        "seconds": status.seconds,
        "dataset": config.dataset if config else None,
        "tags": list(note.tags),
        "note": note.text,
        "epochs": len(run.epochs()),
        "evaluation": evaluation.to_dict() if evaluation else {},
        "findings": [{**finding.to_dict()} for finding in found],
        "caveats": {part: caveats(found, part) for part, _ in _PARTS},
        "settings": _settings_rows(config),
        "environment": trace.environment if trace else {},
        "card": _card(run),
    }


def _card(run: Run) -> str:
    """The card without its header for machines; nothing before the run is evaluated."""
    try:
        text = model_card(run)
    except UserError:
        return ""
    return text.split("---\n", 2)[-1] if text.startswith("---\n") else text


def _settings_rows(config: RunConfig | None) -> list[list[Any]]:
    if config is None:
        return []
    defaults = RunConfig().settings()
    return [[key, value, "" if value == defaults[key] else defaults[key]] for key, value in config.settings().items()]


def _about(record: Record) -> str:
    total = record["seconds"].get("total")
    took = f", {total:.0f} s at work" if total else ""
    lines = [f"{record['status'].capitalize()} after {record['epochs']} epochs{took}. {record['message']}"]
    if record["dataset"]:
        lines.append(f"Data set: {record['dataset']}. Run {record['id']}.")
    if record["tags"]:
        lines.append(f"Tags: {', '.join(record['tags'])}.")
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"<div class=verdict>{paragraphs}</div>" + (f"<p>{escape(record['note'])}</p>" if record["note"] else "")


def _curves(run: Run) -> list[str]:
    epochs, found, colour = run.epochs(), [], run_looks([run.id])[run.id].colour
    for metric, title in _CURVES:
        lines = [
            Line(name, colour, *curve(epochs, key), dash)
            for name, dash, key in (("training", DASHES[2], metric), ("validation", DASHES[0], f"val_{metric}"))
        ]
        plot = Plot(title, "epoch", title, tuple(line for line in lines if line.xs))
        if not plot.is_empty:
            found.append(to_svg(plot, embedded=True))
    return found


def _part(record: Record, part: str, words: str) -> str:
    evaluation = record["evaluation"]
    figures = evaluation.get(part)
    if not figures:
        return ""
    classes = [str(name) for name in evaluation.get("classes", [])]
    low, high = figures.get("interval") or (None, None)
    between = f" (95 % interval {low:.3f} to {high:.3f})" if low is not None and high is not None else ""
    rows = [
        ["accuracy", with_caveats(f"{figures['accuracy']:.4f}{between}", record["caveats"][part])],
        ["area under the ROC curve", figures.get("auc")],
        ["loss", figures.get("loss")],
        ["images", figures.get("count")],
        ["always the majority class", figures.get("majority_share")],
        ["weights", evaluation.get("weights", "the last ones")],
    ]
    return section(
        f"On the {words} images",
        table(["", ""], rows),
        _per_class(figures.get("per_class") or [], classes),
        _confusion(figures.get("confusion"), classes),
        _roc(figures.get("roc") or {}, words),
    )


def _per_class(rows: Sequence[Record], classes: Sequence[str]) -> str:
    if not rows:
        return ""
    names = [row.get("class", name) for row, name in zip(rows, [*classes, *[""] * len(rows)], strict=False)]
    keys = ("precision", "recall", "f1", "support")
    cells = [[name, *(row.get(key) for key in keys)] for name, row in zip(names, rows, strict=True)]
    return table(["class", "precision", "recall", "F1", "images"], cells)


def _confusion(counts: Sequence[Sequence[int]] | None, classes: Sequence[str]) -> str:
    if not counts or len(classes) > _MOST_CLASSES:
        return ""
    rows = [[name, *row] for name, row in zip(classes, counts, strict=False)]
    return "<p>Rows: the true class; columns: what the model says.</p>" + table(["", *classes], rows)


def _roc(curves: dict[str, Record], words: str) -> str:
    worst = sorted(curves.items(), key=lambda item: item[1].get("auc") or 0.0)[: len(SERIES)]
    lines = tuple(
        Line(f"{name}, AUC {shown(roc.get('auc'))}", colour, roc["false_positive_rate"], roc["true_positive_rate"])
        for colour, (name, roc) in zip(SERIES, worst, strict=False)
    )
    plot = Plot(f"ROC, {words} images", "false positive rate", "true positive rate", lines, span=(0.0, 1.0))
    return "" if plot.is_empty else to_svg(plot, embedded=True)


def _findings(findings: Sequence[Record]) -> str:
    items = [
        f"<li><b>{escape(str(item.get('severity')))}: {escape(str(item.get('id', '')))}</b> "
        f"{escape(str(item.get('claim', '')))} {escape(str(item.get('remedy') or ''))}{_symptoms(item)}</li>"
        for item in findings
    ]
    return f"<ul>{''.join(items)}</ul>" if items else "<p>Nothing.</p>"


def _symptoms(finding: Record) -> str:
    """What the epochs show that a finding is enough to explain."""
    items = "".join(f"<li>{escape(str(item.get('claim', '')))}</li>" for item in finding.get("symptoms") or ())
    return f"<div>The epochs show what is consistent with it:</div><ul>{items}</ul>" if items else ""


def _settings(rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return "<p>They cannot be read: config.json is damaged, or of a newer version.</p>"
    return table(["setting", "value", "default, where it is another"], rows)


def _environment(found: Record) -> str:
    rows = [[name, value] for name, value in found.items() if isinstance(value, str | int | float)]
    return table(["", ""], rows) if rows else ""
