"""Diagnosis report: one self-contained HTML page, or JSON.

It names no folder of this machine: known folders and whatever looks like a path are cut to their last part. It holds
no image unless it is asked to.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.bisect.arm_rows import trial_rows
from core.bisect.headline import headline
from core.bisect.orient import seen_from
from core.bisect.verdict import VERDICTS
from core.checks.in_words import form_words
from core.compare.compare import TWO_LOSSES
from core.config import RunConfig
from core.models.setting_words import setting_label, word_of
from core.report.answers import answers
from core.report.figures import curves_figure, trials_figure
from core.report.finding_cards import CAPTIONS, IMAGES, finding_cards, image_row
from core.report.images import embedded_images, right_in_one_only
from core.report.page import clean, cleaner, page, section, shown, table
from core.report.script import report_script
from core.store.run_colours import run_looks
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult

MADE_BY = "Made by Parity. Intervals are 95 % CIs. A cause is named only if switching it was tried."

FORMAT = 1
"""Version of the JSON report."""

Record = dict[str, Any]


def report_json(
    a: Run, b: Run, comparison: Mapping[str, object] | None, result: "BisectResult | None", with_images: bool = False
) -> dict[str, Any]:
    """The report as plain values.

    Args:
        a: Run.
        b: Run.
        comparison: dict or None. What `compare` says of the two.
        result: dict or None. What a bisect between them has found.
        with_images: bool. Put in small images that belong to the evidence. Defaults to `False`.

    Returns:
        Dictionary with `format`, `titles`, `configs`, `comparison`, `history`, `bisect`, `script`.
    """
    configs = [a.config(), b.config()]
    result = seen_from(result, a.id) if result else None
    compared: Record | None = {**comparison} if comparison else None
    if with_images:
        compared = _with_images(a, b, comparison)
    record = {
        "format": FORMAT,
        "runs": [a.id, b.id],
        "titles": [a.title(), b.title()],
        "configs": [{"dataset": config.dataset, **config.settings()} for config in configs],
        "comparison": compared,
        "history": [run.history() for run in (a, b)],
        "bisect": result or None,
        "script": _script(configs[0], configs[1], result),
    }
    cleaned: Record = clean(record, cleaner((a, b)), with_images=with_images)
    return cleaned


def report_html(
    a: Run, b: Run, comparison: Mapping[str, object] | None, result: "BisectResult | None", with_images: bool = False
) -> str:  # fmt: skip
    """The report as one self-contained page; arguments as in `report_json`."""
    record = report_json(a, b, comparison, result, with_images)
    titles, compared = record["titles"], record["comparison"] or {}
    found: Any = record["bisect"] or {}
    parts = [
        _verdict(found, titles),
        section("All trials between the two runs", trials_figure(trial_rows(found), found.get("good", "a")),
                 _cost(found)),
        section("What differs", _differences(record, compared)),
        section("First divergence", _divergence(compared.get("first_divergence"), compared.get("divergence"))),
        section("The two runs", _curves(record), _metrics(compared, titles), _paired(compared.get("paired")),
                 _one_only(compared, titles)),
        section("Findings", _findings(compared.get("findings"), titles)),
        section("Reproduce it in plain Keras", _code(record["script"])),
    ]  # fmt: skip
    return page(f"{titles[0]} and {titles[1]}: why they differ", parts, MADE_BY)


def _with_images(a: Run, b: Run, comparison: Mapping[str, object] | None) -> Record:
    """The comparison with the images that findings name, and those on which only one of the two is right."""
    compared: Record = {**(comparison or {})}
    found = {}
    for name, run in (("a", a), ("b", b)):
        root = run.data().root
        found[name] = [
            _illustrated(item, Path(root) if root else None)
            for item in (compared.get("findings") or {}).get(name) or []
        ]
    only = dict(zip("ab", right_in_one_only(a, b), strict=True))
    return {
        **compared,
        "findings": found,
        "right_in_one_only": {side: one.images for side, one in only.items()},
        "captions": {side: one.captions for side, one in only.items()},
    }


def _illustrated(item: Record, root: Path | None) -> Record:
    evidence = item.get("evidence") or {}
    images, captions = embedded_images(evidence, root)
    return {**item, "evidence": {**evidence, IMAGES: images, CAPTIONS: captions}} if images else item


def _script(a: RunConfig, b: RunConfig, result: "BisectResult | None") -> str:
    if not result or not result.get("factors"):
        return ""
    good, bad = (a, b) if result["good"] == "a" else (b, a)
    return report_script(good, bad, result["factors"])


def _favoured(gap: float, good: str, bad: str) -> str:
    """Whom a gap speaks for; where the AUC has decided which run is the good one, accuracy may speak for the other."""
    return f", in favour of {escape(good if gap > 0 else bad)}" if gap else ""


def _verdict(found: Record, titles: Sequence[str]) -> str:
    if not found.get("verdict"):
        return "<p class=verdict>The cause has not been searched for yet.</p>"
    good, bad = titles if found.get("good") == "a" else titles[::-1]
    gap = found.get("gap") or {}
    facts = ""
    if gap.get("value") is not None:
        facts = (
            f"<p>Gap in {escape(_figure_name(found.get('metric', '')))}: "
            f"{_gap(gap['value'], gap['interval'], found.get('metric', ''))}"
            f"{_favoured(round(gap['value'], 3), good, bad)}; the same training seeds in both.</p>"
        )
    verdict = escape(VERDICTS.get(str(found["verdict"]), str(found["verdict"])))
    said = headline(cast("BisectResult", found))
    told = f"<p>{escape(said.title)} {escape(' '.join(said.told()))}</p>" if said.lines else ""
    facts = f"{told}<p>{escape(form_words(found['sentence']))}</p>{facts}{answers(found, table)}"
    return f"<div class=verdict><h2>{verdict}</h2>{facts}</div>"


def _gap(value: float, interval: Sequence[float], figure: str) -> str:
    """A difference with its interval: of accuracies in points, as the sentence above it."""
    low, high = interval
    if figure.endswith("accuracy"):
        return f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}] points"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


_FIGURES = {
    "val_accuracy": "validation accuracy",
    "saved val_loss": "saved validation log loss",
    "val_loss": "validation loss",
    "val_auc": "validation AUC",
}


def _figure_name(name: str) -> str:
    """`best val_accuracy` is “best validation accuracy”."""
    for key, words in _FIGURES.items():
        name = name.replace(key, words)
    return name


def _cost(found: Record) -> str:
    if not found.get("arms"):
        return ""
    rows = [[setting_label(row["key"]), row["reason"]] for row in found.get("skipped", [])]
    minutes = f"{found['cost']['spent_minutes']:.1f}"
    text = f"<p>{minutes} minutes of training. A and B are the two runs, in the order above.</p>"
    return text + (table(["Excluded from the search", "because"], rows) if rows else "")


def _differences(record: Record, compared: Record) -> str:
    head = ["", *(f"{name}: {title}" for name, title in zip("AB", record["titles"], strict=True)), "Key"]
    differences = compared.get("differences") or {}
    a, b = record["configs"]
    rows = [[setting_label(key), _value(key, a[key]), _value(key, b[key]), key] for key in a if a[key] != b[key]]
    for part in ("data", "environment"):
        rows += [[row.get("what", ""), row.get("a"), row.get("b"), ""] for row in differences.get(part) or []]
    return table(head, rows) if rows else "<p>Nothing.</p>"


def _value(key: str, value: Any) -> str:
    return str(value) if key == "dataset" else word_of(key, value)


def _divergence(first: Record | None, sentence: str | None) -> str:
    if not first:
        return f"<p>{escape(sentence)}</p>" if sentence else ""
    step = ", ".join(f"{name} {value}" for name, value in (first.get("step") or {}).items())
    rows = [[first.get("stage"), step or None, first.get("a"), first.get("b")]]
    return f"<p>{escape(str(first.get('sentence', '')))}</p>" + table(["Stage", "Step", "A", "B"], rows)


def _curves(record: Record) -> str:
    a, b = (history.get("val_accuracy", []) for history in record["history"])
    looks = run_looks(record["runs"])
    return curves_figure((a, b), record["titles"], [looks[run].colour for run in record["runs"]])


def _metrics(compared: Record, titles: Sequence[str]) -> str:
    rows = [[_capital(_figure_name(name)), *values] for name, values in (compared.get("metrics") or {}).items()]
    if not rows:
        return ""
    losses = TWO_LOSSES.format(epochs="Validation loss", saved="validation log loss")
    return table(["", *titles], rows) + f"<p>{escape(losses)}</p>"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _paired(paired: Record | None) -> str:
    if not paired:
        return ""
    if "p_value" not in paired:
        return f"<p>{escape(str(paired.get('reason', '')))}</p>"
    groups = paired.get("groups")
    test = f"signs of the {shown(groups)} groups exchanged" if groups else "McNemar"
    return (
        f"<p>Of the same {shown(paired.get('count'))} validation images, {shown(paired.get('only_a_right'))} are "
        f"classified correctly only by A and {shown(paired.get('only_b_right'))} only by B ({test}, p = "
        f"{shown(paired['p_value'])}).</p>"
    )


def _one_only(compared: Record, titles: Sequence[str]) -> str:
    images, captions = compared.get("right_in_one_only") or {}, compared.get("captions") or {}
    rows = [
        f"<h3>Correct only in {escape(title)}</h3>{image_row(images[name], captions.get(name) or ())}"
        for name, title in zip("ab", titles, strict=True)
        if images.get(name)
    ]
    return "".join(rows)


def _findings(findings: Record | None, titles: Sequence[str]) -> str:
    blocks = []
    for name, title in zip("ab", titles, strict=True):
        if told := finding_cards((findings or {}).get(name) or []):
            blocks.append(f"<h3>{name.upper()}: {escape(title)}</h3>{told}")
    return "".join(blocks)


def _code(script: str) -> str:
    return f"<pre><code>{escape(script)}</code></pre>" if script else ""
