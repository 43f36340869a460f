"""Report of why two scripts differ, as one self-contained page: verdict, lines, proof, diff, the repaired script."""

from collections.abc import Mapping
from html import escape
from typing import Any

from core.bisect.measured import CURED, NOT_SHOWN, PART, UNMEASURED
from core.bisect.verdict import VERDICTS as OF_BISECT
from core.report.page import cleaner, page, section, table
from core.report.report import MADE_BY
from core.stats.percent import percent
from core.why.answer import FINDING_GONE, IN_SCRIPT, VERDICTS, answer_of
from core.why.store import Why


def verdict_words(answer: Mapping[str, Any]) -> str:
    """The verdict as a heading."""
    return {**OF_BISECT, **VERDICTS}.get(str(answer["verdict"] or ""), "No answer yet")


_OUTCOMES = {
    CURED: "cured",
    PART: "better than the original, but not shown to be as good as the other",
    NOT_SHOWN: "not shown to be cured",
    UNMEASURED: "not shown to be cured: the search trained no seeds with exactly these settings",
}


def repaired_sentence(answer: Mapping[str, Any]) -> str:
    """What the repaired script reaches, by the metric that decided; figures of one training are marked as such."""
    repaired = answer["repaired"]
    if repaired["run"] is None:
        return f"No small change to {repaired['file']} was found for {', '.join(repaired['left'])}; change it by hand."
    left = f" Left to change by hand: {', '.join(repaired['left'])}." if repaired["left"] else ""
    if repaired["outcome"] == FINDING_GONE:
        return f"{repaired['file']}, read again: the fault is gone.{_of_settings(repaired)}{left}"
    said = f"{repaired['file']}, read again and trained: {_OUTCOMES[repaired['outcome']]}."
    return f"{said}{_by_measure(answer)}{_one_each(repaired)}{left}"


def _of_settings(repaired: Mapping[str, Any]) -> str:
    """The faulty script has no figure of its own, as it is never run."""
    if repaired["accuracy"] is None:
        return ""
    return (
        f" Its settings, with labels matched to their images, reached a validation accuracy of "
        f"{percent(repaired['accuracy'])} in one training. What the faulty script reaches is not known: it is never "
        "run."
    )


def _by_measure(answer: Mapping[str, Any]) -> str:
    measure, repaired = answer["measure"], answer["repaired"]
    if measure is None or repaired["measure"] is None:
        return ""
    bad = answer["scripts"].index(repaired["file"])
    before, other = measure["scripts"][bad], measure["scripts"][1 - bad]
    figures = [("repaired", repaired["measure"]), ("original", before), ("the other", other)]
    told = ", ".join(f"{name} {mean_in_words(mean)}" for name, mean in figures)
    return f" {_capital(measure['name'])} over {repaired['measure']['seeds']} seeds: {told}."


def _one_each(repaired: Mapping[str, Any]) -> str:
    values = (("repaired", "accuracy"), ("original", "before"), ("the other", "other"))
    figures = [f"{name} {percent(repaired[key])}" for name, key in values if repaired[key] is not None]
    return f" Accuracy of a single run each, not used for the verdict: {', '.join(figures)}." if figures else ""


def mean_in_words(mean: Mapping[str, Any]) -> str:
    """A mean over seeds with its interval, as in `0.986 [0.981, 0.991]`."""
    interval = mean["interval"]
    return f"{mean['value']:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def measure_title(answer: Mapping[str, Any]) -> str:
    """`Validation AUC, mean over 12 seeds`; empty where nothing was repeated."""
    measure = answer["measure"]
    return f"{_capital(measure['name'])}, mean over {measure['seeds']} seeds" if measure else ""


def figure_rows(answer: Mapping[str, Any]) -> list[list[str]]:
    """Name, the measure that decided, and the accuracy of one training: of both scripts and the repaired one."""
    measure, repaired = answer["measure"], answer["repaired"]
    means = [mean_in_words(one) for one in measure["scripts"]] if measure else ["", ""]
    aside = repaired["file"] if repaired and answer["verdict"] == IN_SCRIPT else ""
    names = [f"{name}, without its fault" if name == aside else name for name in answer["scripts"]]
    rows = [[name, mean, _share(value)] for name, mean, value in zip(names, means, answer["accuracy"], strict=True)]
    if repaired and repaired["run"] and not aside:
        mean = mean_in_words(repaired["measure"]) if repaired["measure"] else ""
        rows.append([f"{repaired['file']}, repaired", mean, _share(repaired["accuracy"])])
    return rows


def _share(value: float | None) -> str:
    return "" if value is None else percent(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def place_of(line: Mapping[str, Any]) -> str:
    """`line 7`, `cell 3, line 7` of a notebook, or `as a whole` where it is no single line."""
    if not line["line"]:
        return "as a whole"
    return f"cell {line['cell']}, line {line['line']}" if line.get("cell") else f"line {line['line']}"


def why_html(why: Why) -> str:
    """The report of one question.

    Raises:
        UserError: its files are damaged, or a run of it is gone.
    """
    answer, cut = answer_of(why), cleaner(why.runs())
    rows = [[one["file"], place_of(one), one["text"], one["does"]] for one in answer["lines"]]
    head = ["Script", measure_title(answer) or "Repeated", "Accuracy of a single run"]
    repaired = answer["repaired"]
    diff = f"<pre><code>{escape(cut(answer['diff']))}</code></pre>" if answer["diff"] else ""
    after = f"<p>{escape(cut(repaired_sentence(answer)))}</p>" if repaired else ""
    parts = [
        f"<div class=verdict><h2>{escape(verdict_words(answer))}</h2><p>{escape(cut(answer['sentence']))}</p></div>",
        section("Lines", table(["Script", "Place", "Line", "What it does"], _cut(rows, cut))),
        section("Metrics", table(head, _cut(figure_rows(answer), cut))),
        section("Smallest fix", diff, after) if repaired else "",
    ]
    return page(cut(f"{' and '.join(answer['scripts'])}: why they differ"), parts, MADE_BY)


def _cut(rows: list[list[str]], cut: Any) -> list[list[str]]:
    return [[cut(cell) for cell in row] for row in rows]
