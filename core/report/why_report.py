"""Report of why two scripts differ, as one self-contained page: verdict, lines, proof, diff, the repaired script."""

from collections.abc import Mapping
from html import escape
from typing import Any

from core.bisect.verdict import VERDICTS as OF_BISECT
from core.report.page import cleaner, page, section, table
from core.report.report import MADE_BY
from core.why.answer import VERDICTS, answer_of
from core.why.store import Why


def verdict_words(answer: Mapping[str, Any]) -> str:
    """The verdict as a heading."""
    return {**OF_BISECT, **VERDICTS}.get(str(answer["verdict"] or ""), "No answer yet")


def repaired_sentence(repaired: Mapping[str, Any]) -> str:
    """What became of the repaired script, with its figure beside those of the two."""
    if repaired["run"] is None:
        return f"No small change to {repaired['file']} was found for {', '.join(repaired['left'])}; change it by hand."
    values = (("repaired", "accuracy"), ("as it was", "before"), ("the other", "other"))
    figures = [f"{name} {repaired[key]:.1%}" for name, key in values if repaired[key] is not None]
    left = f" Left to change by hand: {', '.join(repaired['left'])}." if repaired["left"] else ""
    return f"{repaired['file']}, read again and trained; validation accuracy: {', '.join(figures)}.{left}"


def place_of(line: Mapping[str, Any]) -> str:
    """`line 7`, or `cell 3, line 7` of a notebook."""
    return f"cell {line['cell']}, line {line['line']}" if line.get("cell") else f"line {line['line']}"


def why_html(why: Why) -> str:
    """The report of one question.

    Raises:
        UserError: its files are damaged, or a run of it is gone.
    """
    answer, cut = answer_of(why), cleaner(why.runs())
    rows = [[one["file"], place_of(one), one["text"], one["does"]] for one in answer["lines"]]
    figures = [
        [name, "" if value is None else f"{value:.1%}"]
        for name, value in zip(answer["scripts"], answer["accuracy"], strict=True)
    ]
    repaired = answer["repaired"]
    diff = f"<pre><code>{escape(cut(answer['diff']))}</code></pre>" if answer["diff"] else ""
    after = f"<p>{escape(cut(repaired_sentence(repaired)))}</p>" if repaired else ""
    parts = [
        f"<div class=verdict><h2>{escape(verdict_words(answer))}</h2><p>{escape(cut(answer['sentence']))}</p></div>",
        section("The lines", table(["Script", "Place", "Line", "What it does"], _cut(rows, cut))),
        section("As the scripts are", table(["Script", "Validation accuracy"], _cut(figures, cut))),
        section("The smallest change that cures it", diff, after) if repaired else "",
    ]
    return page(cut(f"{' and '.join(answer['scripts'])}: why they differ"), parts, MADE_BY)


def _cut(rows: list[list[str]], cut: Any) -> list[list[str]]:
    return [[cut(cell) for cell in row] for row in rows]
