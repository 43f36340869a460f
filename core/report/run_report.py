"""A run as one HTML page: curves, figures, findings, settings, model card; it opens anywhere, without a network.

Like the diagnosis report it names no folder of this machine, and holds images only where they are asked for.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from core.compare.many import curve
from core.config import RunConfig, beside_recommended
from core.course.caveats import known_findings, run_caveats, with_caveats
from core.errors import RunError, UserError
from core.export import imported_card
from core.export.card import model_card
from core.models.setting_words import setting_label, word_of
from core.report.finding_cards import finding_cards, image_row
from core.report.images import worst_mistakes
from core.report.markdown import markdown
from core.report.page import clean, cleaner, day, page, section, shown, table
from core.report.plot import Line, Plot, to_svg
from core.stats.metrics import balanced_accuracy
from core.stats.percent import percent
from core.store.notes import read_note
from core.store.run_colours import DASHES, SERIES, run_looks
from core.store.run_records import Manifest
from core.store.runs import STATUSES, Run

MADE_BY = "Made by Parity. Intervals are 95 % CIs."

Record = dict[str, Any]

_CURVES = (("loss", "Loss"), ("accuracy", "Accuracy"), ("auc", "AUC"), ("learning_rate", "Learning rate"))
_PARTS = (("val", "validation"), ("test", "test"))
_COUNTED = (("train", "for training"), ("val", "for validation"), ("test", "for the test"))
_MOST_CLASSES = 30
"""A confusion matrix of more classes cannot be read on a page; the figures of each class are there all the same."""


def run_report(run: Run, *, with_images: bool = False) -> str:
    """The page.

    Args:
        run: Run. Running or ended, also a damaged one: what cannot be read is left out, and said.
        with_images: bool. Whether it holds the worst mistakes, small. Defaults to `False`: whoever gives a report away
            may not be allowed to give images away.
    """
    title, cut = run.title(), cleaner([run])
    record = clean(_record(run), cut, with_images=False)
    mistakes = _mistakes(run, record["evaluation"]) if with_images else {}
    parts = [
        _about(record),
        section("Curves", *_curves(run)),
        *(_part(record, part, words, mistakes.get(part, "")) for part, words in _PARTS),
        section("Findings", finding_cards(record["findings"]) or "<p>No findings.</p>"),
        section("Settings", "" if record["imported"] else _settings(record["settings"])),
        section("Program and machine", _environment(record["environment"])),
        section("Model card", f"<div class=card>{markdown(record['card'])}</div>" if record["card"] else ""),
    ]
    return page(title, parts, MADE_BY)


def _record(run: Run) -> Record:
    status, note, evaluation, trace = run.read_status(), read_note(run), run.evaluation(), run.trace()
    found, imported = known_findings(run), bool(run.data().imported)
    try:
        config: RunConfig | None = run.config()
    except RunError:
        config = None
    return {
        "status": status.status,
        "message": status.message or STATUSES.get(status.status, ""),
        "seconds": status.seconds,
        "facts": _facts(run, config, status.created),
        "note": note.text,
        "epochs": len(run.epochs()),
        "evaluation": evaluation.to_dict() if evaluation else {},
        "findings": [{**finding.to_dict()} for finding in found],
        "caveats": {part: run_caveats(run, part) for part, _ in _PARTS},
        "imported": imported,
        "settings": [] if imported else _settings_rows(config),
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
    """Setting, value, recommended value if different, and the key; those that differ first."""
    if config is None:
        return []
    rows = [
        [setting_label(key), word_of(key, value), "" if value == advised else word_of(key, advised), key]
        for key, value, advised in beside_recommended(config)
    ]
    return sorted(rows, key=lambda row: not row[2])


def _about(record: Record) -> str:
    total = record["seconds"].get("total")
    took = f" in {_duration(total)}" if total else ""
    said = f"{record['status'].capitalize()} after {record['epochs']} epochs{took}. {record['message']}"
    note = f"<p>{escape(record['note'])}</p>" if record["note"] else ""
    facts = [[name, value] for name, value in record["facts"].items() if value]
    return f"<div class=verdict><p>{escape(said)}</p>{note}</div>{table(['', ''], facts)}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _facts(run: Run, config: RunConfig | None, created: float) -> Record:
    """What a reader must know about a run before its metrics, each in a few words."""
    data, note = run.data(), read_note(run)
    counts = [f"{len(data.part(part)):,} {words}" for part, words in _COUNTED if data.part(part)]
    return {
        "Dataset": _dataset(config, data) if config else "",
        "Classes": f"{len(data.classes)}: {', '.join(data.classes[:_MOST_CLASSES])}" if data.classes else "",
        "Images": ", ".join(counts),
        "Model": _model(config, data) if config else "",
        "Imported on" if data.imported else "Trained on": day(created),
        "Tags": ", ".join(note.tags),
        "Run": run.id,
    }


def _dataset(config: RunConfig, data: Manifest) -> str:
    return imported_card.evaluated_on(data) if data.imported else config.dataset


def _model(config: RunConfig, data: Manifest) -> str:
    if data.imported:
        return f"{imported_card.UNKNOWN}; {config.data.image_size} × {config.data.image_size} pixels"
    mode, network = (word_of(key, config.settings()[key]) for key in ("training.mode", "model.backbone"))
    return f"{network}, {mode}, {config.data.image_size} × {config.data.image_size} pixels"


def _curves(run: Run) -> list[str]:
    epochs, found, colour = run.epochs(), [], run_looks([run.id])[run.id].colour
    for metric, title in _CURVES:
        lines = [
            Line(name, colour, *curve(epochs, key), dash)
            for name, dash, key in (("training", DASHES[2], metric), ("validation", DASHES[0], f"val_{metric}"))
        ]
        rate = metric == "learning_rate"  # that of fine-tuning is a hundredth of the head's
        plot = Plot(title, "Epoch", title, tuple(line for line in lines if line.xs), is_log=rate)
        if not plot.is_empty:
            found.append(to_svg(plot, embedded=True))
    return found


def _mistakes(run: Run, evaluation: Record) -> dict[str, str]:
    """The worst mistakes of each part as a row of images."""
    found = {}
    for part, words in _PARTS:
        images, captions = worst_mistakes(run, (evaluation.get(part) or {}).get("worst") or [])
        if images:
            told = f"Of the {words} images, highest confidence first: true class, predicted class, confidence."
            found[part] = f"<h3>Worst mistakes</h3><p class=small>{told}</p>{image_row(images, captions)}"
    return found


def _part(record: Record, part: str, words: str, mistakes: str) -> str:
    evaluation = record["evaluation"]
    figures = evaluation.get(part)
    if not figures:
        return ""
    classes = [str(name) for name in evaluation.get("classes", [])]
    low, high = figures.get("interval") or (None, None)
    between = f" (95 % CI {100 * low:.1f} to {100 * high:.1f})" if low is not None and high is not None else ""
    rows: list[list[Any]] = [
        ["Accuracy", with_caveats(f"{_share(figures['accuracy'])}{between}", record["caveats"][part])],
        ["Balanced accuracy", _share(_balanced(figures.get("confusion")))],
        ["Area under the ROC curve", figures.get("auc")],
        ["Log loss", figures.get("loss")],
        ["Images", figures.get("count")],
        ["Majority-class baseline", _share(figures.get("majority_share"))],
        ["Weights", evaluation.get("weights") or "last epoch"],
    ]
    return section(
        f"On the {words} images",
        table(["", ""], rows),
        _per_class(figures.get("per_class") or [], classes),
        _confusion(figures.get("confusion"), classes),
        _roc(figures.get("roc") or {}, words),
        mistakes,
    )


def _per_class(rows: Sequence[Record], classes: Sequence[str]) -> str:
    if not rows:
        return ""
    names = [row.get("class", name) for row, name in zip(rows, [*classes, *[""] * len(rows)], strict=False)]
    keys = ("precision", "recall", "f1", "support")
    cells = [[name, *(row.get(key) for key in keys)] for name, row in zip(names, rows, strict=True)]
    return "<h3>Per-class metrics</h3>" + table(["Class", "Precision", "Recall", "F1", "Images"], cells)


def _share(value: float | None) -> str | None:
    return None if value is None else percent(value)


def _balanced(counts: Sequence[Sequence[int]] | None) -> float | None:
    return balanced_accuracy(np.array(counts)) if counts else None


def _confusion(counts: Sequence[Sequence[int]] | None, classes: Sequence[str]) -> str:
    if not counts or len(classes) > _MOST_CLASSES:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", *classes))
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(_cell(count, sum(row)) for count in row)}</tr>"
        for name, row in zip(classes, counts, strict=False)
    )
    told = "<h3>Confusion matrix</h3><p>Rows: true class; columns: predicted class; percentages of the row.</p>"
    return f"{told}<div class=wide><table class=cells><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _cell(count: int, of: int) -> str:
    """A count and its share of the row, on a ground as deep as the share."""
    share = count / of if of else 0.0
    ground = f"background:rgba(var(--cell),{0.45 * share:.2f})"
    return f'<td style="{ground}"><b>{count}</b> <span>{percent(share, 0)}</span></td>'


def _roc(curves: dict[str, Record], words: str) -> str:
    worst = sorted(curves.items(), key=lambda item: item[1].get("auc") or 0.0)[: len(SERIES)]
    lines = tuple(
        Line(f"{name}, AUC {shown(roc.get('auc'))}", colour, roc["false_positive_rate"], roc["true_positive_rate"])
        for colour, (name, roc) in zip(SERIES, worst, strict=False)
    )
    plot = Plot(f"ROC, {words} images", "False positive rate", "True positive rate", lines, span=(0.0, 1.0))
    return "" if plot.is_empty else to_svg(plot, embedded=True)


def _settings(rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return "<p>Not readable: config.json is damaged or of a newer version.</p>"
    return table(["Setting", "Value", "Recommended, if different", "Key"], rows)


def _environment(found: Record) -> str:
    rows = [[name, value] for name, value in found.items() if isinstance(value, str | int | float)]
    return table(["", ""], rows) if rows else ""
