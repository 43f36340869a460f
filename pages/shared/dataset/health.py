"""Health of a dataset on the Overview tab: what was looked for, how much of it there is, and the tab that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.checks.finding import Finding
from core.errors import UserError
from core.label_review.doubt import why_undecided
from core.label_review.store import ReviewStore
from core.sentences import counted
from core.store.status import RESUMABLE
from pages.shared import state
from pages.shared.dataset.findings_view import Checked, checked_findings
from pages.shared.dataset.quality_view import quality_of
from pages.shared.shell.chosen_dataset import View
from pages.shared.widgets.text import percent, plain, sentence

AT_ONCE = 3000
"""Images up to which all checks are made as soon as the page is opened; of more they wait for a click."""

_UNEVEN = 3.0
"""From this ratio of the largest class to the smallest on the classes are called uneven."""

_ICONS: dict[bool | None, str] = {
    True: ":green[:material/check_circle:]",
    False: ":orange[:material/warning:]",
    None: ":gray[:material/help:]",
}

_HERE = "Overview"
"""The tab on which the summary stands."""

_LEAKS = "leak-"
_OF_LABELS = ("conflicting-labels", "altered-copy-in-two-classes")


@dataclass(frozen=True)
class Sign:
    """One line of the summary.

    Attributes:
        title: What was looked for.
        value: How much there is, or that it is not known yet.
        good: Whether it is as it should be; None where nobody knows yet, or where it is no fault.
        tab: The tab that shows it.
        help: What it means.
    """

    title: str
    value: str
    good: bool | None
    tab: str
    help: str


def show_health(view: View) -> None:
    """The summary as tiles, each with the way to its tab."""
    if view.problem:
        return
    st.markdown("##### Health")
    if len(view.index.files) > AT_ONCE and not st.session_state.get(_asked(view)):
        st.caption(f"{len(view.index.files):,} images: the checks run on request.")
        st.button("Run the checks", icon=":material/fact_check:", on_click=_ask, args=(view,), key=state.HEALTH_ASK)
        signs = signs_of_the_scan(view)
    else:
        signs = all_signs(view)
    with st.grid(min_column_width=165):
        for sign in signs:
            _show(sign)


def all_signs(view: View) -> list[Sign]:
    """Everything that is looked for; what the scan alone tells stands last."""
    try:
        checked, quality = checked_findings(view), quality_of(view)
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return signs_of_the_scan(view)
    copies = quality.count("exact_duplicates") + quality.count("near_duplicates")
    return [
        _leakage(checked.findings),
        Sign("Duplicates", f"{copies:,}", copies == 0, "Quality", "Identical or nearly identical images."),
        _labels(view, checked.findings),
        _imbalance(view),
        *signs_of_the_scan(view)[1:],
        _features(checked),
    ]


def signs_of_the_scan(view: View) -> list[Sign]:
    """What is known without a check."""
    unreadable, left = len(view.index.unreadable), left_out(view)
    return [
        _imbalance(view),
        Sign("Unreadable", f"{unreadable:,}", unreadable == 0, "Problems", "Images that cannot be decoded."),
        Sign(
            "Excluded", f"{left:,}", None if left else True, "Labels" if view.corrections.excluded else "Problems",
            "Files that are not images, and excluded images. They are not used for training.",
        ),
    ]  # fmt: skip


def left_out(view: View) -> int:
    """Files that are not trained on: skipped by the scan, or excluded by a person."""
    return len(view.skipped) + len(view.corrections.excluded)


def _badges(view: View) -> dict[str, int]:
    """Counts that stand on the tabs, of what needs a look; only of what is known without a new check."""
    found = {"Problems": len(view.index.unreadable) + len(view.skipped) + len(view.index.empty_classes)}
    if not view.problem and (len(view.index.files) <= AT_ONCE or st.session_state.get(_asked(view))):
        try:
            quality, checked = quality_of(view), checked_findings(view)
        except UserError:
            return found
        kinds = (*quality.odd, *quality.groups)
        found["Quality"] = sum(quality.count(kind) for kind in kinds if not quality.is_usual(kind))
        found["Problems"] += sum(finding.severity != "info" for finding in checked.findings)
        found["Split"] = sum(finding.id.startswith(_LEAKS) for finding in checked.findings)
        issues = _issues(view)
        found["Labels"] = issues if isinstance(issues, int) else 0
    return found


def tab_labels(view: View, names: Sequence[str]) -> list[str]:
    """Names of the tabs, each with the number of things in it that need a look; the open one stays open.

    A tab is known by its label, and that changes with the number.
    """
    counts = _badges(view)
    labels = {name: f"{name} :orange-badge[{counts[name]:,}]" if counts.get(name) else name for name in names}
    if is_open := str(st.session_state.get(state.TAB) or ""):
        name = is_open.split(" :", maxsplit=1)[0]
        st.session_state[state.TAB] = labels.get(name, labels[names[0]])
    return list(labels.values())


def _show(sign: Sign) -> None:
    icon = _ICONS[sign.good]
    with st.container(border=True, gap="xxsmall", height="stretch", key=state.part_key("health", sign.title)):
        st.metric(f"{icon} {sign.title}", sign.value, help=sign.help)
        if sign.tab == _HERE:  # it stands below
            return
        st.button(
            f"Open {sign.tab}", type="tertiary", icon=":material/arrow_forward:", on_click=_open, args=(sign.tab,),
            key=state.part_key("health", sign.title, "open"),
        )  # fmt: skip


def _open(tab: str) -> None:
    st.session_state[state.TAB] = tab


def _ask(view: View) -> None:
    st.session_state[_asked(view)] = True


def _asked(view: View) -> str:
    return state.part_key(state.HEALTH_ASK, view.reference)


def _leakage(findings: list[Finding]) -> Sign:
    about = (
        "Validation or test images with a duplicate or near-duplicate in the training set: metrics are too optimistic."
    )
    found = [finding for finding in findings if finding.id.startswith(_LEAKS)]
    if not found:
        return Sign("Data leakage", "none found", True, "Split", about)
    count = "1 finding" if len(found) == 1 else f"{len(found)} findings"
    return Sign("Data leakage", count, False, "Split", f"{about} {plain(found[0].claim)}")


def _labels(view: View, findings: list[Finding]) -> Sign:
    """Likely label errors once a review has looked; before, only the same image under two classes is known."""
    torn = sum(finding.id in _OF_LABELS for finding in findings)
    issues = _issues(view)
    about = "Likely label errors, found by a cross-validated classifier on features of all images."
    if issues is None:
        value = "same image, two classes" if torn else "not checked yet"
        return Sign("Label errors", value, False if torn else None, "Quality" if torn else "Labels", about)
    if isinstance(issues, str):
        return Sign("Label errors", "undecided", False if torn else None, "Labels", plain(issues))
    return Sign("Label errors", f"{issues:,}", issues == 0 and not torn, "Labels", about)


def _issues(view: View) -> int | str | None:
    """Likely label errors of these very images and labels, or why none can be told; None before a review ends."""
    try:
        review = ReviewStore().find(view.dataset())
    except UserError:
        return None
    if review is None or review.read_status().status in RESUMABLE:
        return None
    result = review.result()
    return (why_undecided(result) or result.issues) if result else None


def _imbalance(view: View) -> Sign:
    counts = dict.fromkeys(view.index.classes, 0)
    for file in view.index.files:
        counts[file.label] = counts.get(file.label, 0) + 1
    few, many = min(counts.values(), default=0), max(counts.values(), default=0)
    ratio = many / few if few else 0.0
    about = (
        f"The largest class has {counted(many, 'image')} and the smallest {few:,}; always predicting the largest "
        f"has an accuracy of {percent(many / max(1, sum(counts.values())))}."
    )
    value = "even" if 0 < ratio < 1.2 else f"{ratio:.1f} : 1" if ratio else "empty class"
    return Sign("Class imbalance", value, 0 < ratio < _UNEVEN, _HERE, about)


def _features(checked: Checked) -> Sign:
    about = "Checks on backbone features: how training and validation images, or the classes, differ."
    value = "done" if checked.with_features else "not run yet"
    return Sign("Checks with features", value, True if checked.with_features else None, "Problems", about)
