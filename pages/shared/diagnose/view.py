"""Comparison of two runs on a page: figures, curves, paired test, first divergence, findings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.checks.finding import SEVERITIES, Finding
from core.compare.compare import Comparison
from core.compare.paired import Paired, outcome, what_it_takes
from core.errors import UserError
from core.sentences import counted
from core.stats.percent import rough
from core.store.runs import Run
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.diagnose.charts import CURVE_HEIGHT, SIDE_DASHES, SIDES, pair_curve, pair_words, side_colours
from pages.shared.diagnose.choice import Pair
from pages.shared.diagnose.differences import said
from pages.shared.diagnose.section import section
from pages.shared.run.facts import Stamp, data_facts, epochs, file_stamp, title
from pages.shared.run.live_findings import show_caveats
from pages.shared.run.view import LISTED, LOOKS, read_config
from pages.shared.state import RUN
from pages.shared.widgets.fields import mode_words
from pages.shared.widgets.findings import show_findings
from pages.shared.widgets.swatch import show_swatch
from pages.shared.widgets.text import NOTHING, interval, number, percent, plain, sentence

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord


_CURVES = (("accuracy", "Validation accuracy"), ("loss", "Validation loss"), ("auc", "Validation AUC"))
_FILES = (
    "config.json", "manifest.json", "trace.json", "findings.json", "events.jsonl", "predictions.csv", "status.json",
)  # fmt: skip
_CHANCE = 0.001
"""A smaller p-value is said as smaller than this: more decimals of them mean nothing."""

AUC_HELP = "Area under the ROC curve, independent of the threshold: 0.5 is chance, 1 is perfect."


def listed_runs() -> list[Run]:
    """Runs that can be compared, the newest first."""
    return diagnose_actions.comparable_runs(LISTED)


def show_heads(pair: Pair) -> None:
    """The two runs side by side: name, training mode, best accuracy with its interval, AUC."""
    colours = side_colours([run.id for run in pair])
    for column, side, run, colour in zip(st.columns(2), SIDES, pair, colours, strict=True):
        with column, st.container(border=True):
            _head(side, run, colour)


def show_side(side: str, colour: str) -> None:
    """Names a side, with the line that it is drawn as."""
    show_swatch(colour, SIDE_DASHES[side], f"The line of run {side}")
    st.badge(f"Run {side}", color="gray")


def _head(side: str, run: Run, colour: str) -> None:
    config, records, facts = read_config(run), epochs(run), data_facts(run)
    status = run.read_status()
    with st.container(horizontal=True, vertical_alignment="center"):
        show_side(side, colour)
        st.markdown(f"**{plain(title(run))}**", width="content")
    way = mode_words(config.training.mode, config.training.unfreeze_from) if config else "settings cannot be read"
    st.caption(f"{plain(way)} · {LOOKS[status.status][0].lower()} after {counted(len(records), 'epoch')}")
    accuracy, area, which = _judged(run, records)
    bounds = kept.interval if (kept := run.figures("val")) else None
    if bounds is None and facts and accuracy is not None:
        bounds = list(facts.interval(accuracy))
    left, right = st.columns(2)
    with left:
        st.metric(
            "Validation accuracy",
            percent(accuracy),
            delta=interval(bounds) if bounds else NOTHING,
            delta_color="off",
            delta_arrow="off",
            help=f"{which} 95 % CI by Wilson's method.",
        )
    with right:
        st.metric(
            "Validation AUC",
            number(area),
            delta="0.5 is chance, 1 is perfect",
            delta_color="off",
            delta_arrow="off",
            help=AUC_HELP,
        )
    show_caveats(run)
    st.page_link("pages/live.py", label="Open run", icon=":material/monitoring:", query_params={RUN: run.id})


def _judged(run: Run, records: "Sequence[EpochRecord]") -> tuple[float | None, float | None, str]:
    """Accuracy and AUC of the saved model and what they are of; before it is evaluated, those of the last epoch."""
    if found := run.figures("val"):
        return found.accuracy, found.auc, "Of the saved model."
    last = records[-1] if records else None
    return (
        last.val_accuracy if last else None,
        last.val_auc if last else None,
        "Last epoch; no model saved yet.",
    )


def read_comparison(pair: Pair) -> Comparison | None:
    """Everything in which the two differ; None, and a sentence, when they cannot be compared."""
    stamps = tuple(file_stamp(run.path / name) for run in pair for name in _FILES)
    try:
        return _compare(pair[0].id, pair[1].id, stamps)
    except UserError as error:
        st.error(f"These two runs cannot be compared. {plain(sentence(str(error)))}", icon=":material/error:")
        return None


@st.cache_data(max_entries=16, show_spinner="Comparing the two runs …")
def _compare(a: str, b: str, stamps: tuple[Stamp | None, ...]) -> Comparison:  # the stamps say whether it still holds
    runs = [diagnose_actions.find_run(run_id) for run_id in (a, b)]
    if runs[0] is None or runs[1] is None:
        raise UserError("one of them has been deleted")
    return diagnose_actions.comparison(runs[0], runs[1])


def show_curves(pair: Pair) -> None:
    """Each validation metric of both runs in one chart."""
    section("Learning curves", "Validation metrics of both runs per epoch.")
    a, b = epochs(pair[0]), epochs(pair[1])
    colours = side_colours([run.id for run in pair])
    with st.grid(3, min_column_width=250):
        for metric, name in _CURVES:
            drawn = pair_curve(a, b, metric, name, colours)
            st.vega_lite_chart(
                drawn.table, drawn.spec, width="stretch", height=CURVE_HEIGHT, alt=pair_words(a, b, metric, name)
            )


def show_gap(comparison: Comparison) -> None:
    """The paired test on the images that both runs were judged by."""
    section(
        "Is the gap more than chance?", "Counts the validation images on which only one of the two runs is correct."
    )
    paired = comparison["paired"]
    if "reason" in paired:
        st.info(f"Not testable. {plain(sentence(paired['reason']))}", icon=":material/info:")
    else:
        st.markdown(gap_sentence(paired))
    for words in comparison["classes"]["sentences"]:
        st.warning(plain(words), icon=":material/warning:")
    if "reason" not in paired:
        _show_counts(paired)


def _show_counts(paired: Paired) -> None:
    """The figures of the test."""
    if paired.get("paired_by") == "pixels":
        st.caption("The files of the two runs differ, so the images were paired by their pixels.")
    with st.grid(4, min_column_width=150):
        st.metric("Only A is right", f"{paired.get('only_a_right', NOTHING)}", help="Images that B misclassifies.")
        st.metric("Only B is right", f"{paired.get('only_b_right', NOTHING)}", help="Images that A misclassifies.")
        bounds = paired.get("interval")
        st.metric(
            "Gap, A minus B",
            points(paired.get("gap")),
            delta=f"95 % CI {points(bounds[0])} to {points(bounds[1])}" if bounds else NOTHING,
            delta_color="off",
            delta_arrow="off",
            help="Difference of the two accuracies on the same images, in percentage points.",
        )
        st.metric(
            "p-value",
            chance(paired.get("p_value")),
            help=f"Probability of a gap at least this large between equally good runs ({_test_words(paired)}). Below "
            "0.05 the gap is called more than chance.",
        )


def _test_words(paired: Paired) -> str:
    return "sign-flip test of the groups, exact" if paired.get("groups") else "McNemar's exact test"


def gap_sentence(paired: Paired) -> str:
    """The paired test in words."""
    one, other = paired.get("only_a_right", 0), paired.get("only_b_right", 0)
    count, groups = paired.get("count", NOTHING), paired.get("groups")
    counted = f"Of {count} images, {one} are classified correctly only by A and {other} only by B."
    if groups:
        counted += f" They are of {groups} groups, such as patients or exact copies, and a group counts as one case."
    p_value, takes = plain(chance(paired.get("p_value"))), what_it_takes(paired)
    takes = f" {takes}" if takes else ""
    often = "" if (share := paired.get("p_value")) is None else rough(share)
    said = {
        "identical": f"**The answers are identical.** Both runs predict the same class for each of {count} images.",
        "same_right": f"**No gap on these images.** Both runs are correct on the same images of {count}.",
        "too_few_groups": f"**Too few groups to tell.** {counted} No gap of so few can be called more than "
        f"chance.{takes}",
        "real": f"**The gap is more than chance.** {counted} Equally good runs rarely differ this much (p {p_value}).",
        "chance": f"**The gap may be chance.** {counted} Equally good runs differ at least this much in {often} of "
        f"cases (p {p_value}).{takes}",
    }
    return said[outcome(paired)]


def show_first_divergence(comparison: Comparison) -> None:
    """The first stage and step of the computation at which the two runs have different numbers."""
    section(
        "First divergence",
        "The first values that differ, in the order of computation, from files to weights.",
    )
    first = comparison["first_divergence"]
    if not first:
        words = comparison["divergence"] or "No difference in what both runs have recorded."
        st.markdown(f":material/info: {plain(words)}")
    else:
        st.markdown(f":material/call_split: **{plain(first['sentence'] or first['stage'])}**")
        row = {"Stage": said(first["stage"]), "Step": said(first["step"])}
        table = pd.DataFrame([{**row, "A": said(first["a"]), "B": said(first["b"])}])
        st.dataframe(table, hide_index=True, alt="Stage and step of the first difference, with the two values")


def show_both_findings(pair: Pair, comparison: Comparison) -> None:
    """What the checks and the trace say of each run: first what they say of one only."""
    section(
        "Findings",
        "Findings of the checks before and during training that only one run has.",
    )
    colours = side_colours([run.id for run in pair])
    found = {side: [Finding(**record) for record in comparison["findings"][side.lower()]] for side in SIDES}
    both = [one for one in found["A"] if _is_among(one, found["B"])]
    for column, side, colour in zip(st.columns(2), SIDES, colours, strict=True):
        with column:
            with st.container(horizontal=True, vertical_alignment="center"):
                show_side(side, colour)
            own = [one for one in found[side] if not _is_among(one, found["B" if side == "A" else "A"])]
            if own:
                show_findings(_worst_first(own))
            else:
                st.markdown(":material/check: No findings that the other run does not have.")
    if both:
        with st.expander(f"Findings in both runs ({len(both)})", icon=":material/join_inner:"):
            show_findings(_worst_first(both))


def _is_among(finding: Finding, others: Sequence[Finding]) -> bool:
    """Whether others have it too: the sentences of two versions of the program may differ, the evidence does not."""
    return any(
        finding.id == other.id
        and (finding.claim == other.claim or (bool(finding.evidence) and finding.evidence == other.evidence))
        for other in others
    )


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def points(gap: float | None) -> str:
    """A difference of accuracies in percentage points."""
    return NOTHING if gap is None else f"{100 * gap:+.1f}"


def chance(p_value: float | None) -> str:
    """A p-value as precisely as it means something."""
    if p_value is None:
        return NOTHING
    return f"< {_CHANCE}" if p_value < _CHANCE else f"{p_value:.3f}"
