"""What can be done with the runs that are chosen in the table: compare, tag, rename, take away, delete."""

from collections.abc import Sequence

import streamlit as st

from core.access.roles import Action
from core.runs_table.rows import Row
from core.store.notes import LONGEST_TAG, MOST_TAGS
from core.store.run_colours import MOST_TOGETHER
from core.workers.try_model_client import is_imported
from pages.shared import state
from pages.shared.run.downloads import download_report
from pages.shared.run.rename import rename_button
from pages.shared.run.upkeep import may_organise, open_clone
from pages.shared.runs import actions, address
from pages.shared.runs.group_choice import delete_chosen, group_buttons
from pages.shared.runs.table import choose, chosen_groups, labels, run_of
from pages.shared.shell.access import may
from pages.shared.state import part_key
from pages.shared.widgets.download import download
from pages.shared.widgets.text import plain


def show_choice(visible: Sequence[Row], chosen: Sequence[Row], everything: Sequence[Row]) -> None:
    """The chosen runs by name, and a button for each thing that can be done with them.

    Args:
        visible: What is on the screen.
        chosen: The runs that are chosen.
        everything: All rows, for the tags that there are.
    """
    _by_name(visible)
    if not chosen:
        st.caption("Select runs in the table, or by name, to compare, tag, export or delete them.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        _compare(chosen)
        own = [row for row in chosen if may_organise(run_of(row))]
        if own:
            _tags(own, everything)
        if len(chosen) == 1 and not chosen_groups(visible):
            _one(chosen[0], may_change=bool(own))
        _export(chosen)
        groups = chosen_groups(visible)
        ended = [run_of(row) for row in own if not row.is_active]
        if groups:
            group_buttons(groups, chosen, ended)
        elif ended:
            label = "Delete" if len(ended) == 1 else f"Delete {len(ended)}"
            st.button(label, icon=":material/delete:", on_click=delete_chosen, args=(ended,), key=_key("delete"))


def compare(ids: Sequence[str]) -> None:
    """Shows these runs side by side."""
    address.put_list(state.LOOK_COMPARED, ids[:MOST_TOGETHER])


def _by_name(visible: Sequence[Row]) -> None:
    """The choice as a list: for the keyboard, a screen reader, a phone."""
    names = labels(visible)

    def follow() -> None:
        choose([str(run_id) for run_id in st.session_state[_key("names")]])

    st.session_state[_key("names")] = [one for one in address.get_list(state.LOOK_CHOSEN) if one in names]
    st.multiselect(
        "Chosen runs",
        list(names),
        key=_key("names"),
        format_func=names.__getitem__,
        on_change=follow,
        placeholder="None yet",
        help="Same as the boxes at the left of the table. A bisect or sweep includes all its trials.",
    )


def _compare(chosen: Sequence[Row]) -> None:
    ids = [row.id for row in chosen]
    if len(chosen) == 2:
        pair = {state.RUN_A: ids[0], state.RUN_B: ids[1]}
        st.button("Compare", type="primary", icon=":material/stacked_line_chart:", on_click=compare, args=(ids,))
        if st.button("Why do they differ?", icon=":material/troubleshoot:", help="Opens both on the Diagnose page."):
            st.switch_page("pages/diagnose.py", query_params=pair)
        return
    label = f"Compare {min(len(ids), MOST_TOGETHER)}" if len(ids) > 1 else "Compare"
    st.button(
        label,
        type="primary",
        icon=":material/stacked_line_chart:",
        on_click=compare,
        args=(ids,),
        disabled=len(ids) < 2,
        help=None if len(ids) > 1 else "Choose another run as well.",
    )


def _tags(own: Sequence[Row], everything: Sequence[Row]) -> None:
    here = sorted({tag for row in own for tag in row.get("tags") or ()}, key=str.casefold)
    known = sorted({tag for row in everything for tag in row.get("tags") or ()}, key=str.casefold)
    with st.popover("Tags", icon=":material/sell:", key=_key("tags")), st.form(_key("tag"), border=False):
        st.multiselect(
            f"Add to {len(own)} {'run' if len(own) == 1 else 'runs'}",
            known,
            accept_new_options=True,
            max_selections=MOST_TAGS,
            placeholder="Choose or type",
            help=f"Up to {LONGEST_TAG} characters, without commas.",
            key=_key("add"),
        )
        if here:
            st.multiselect(
                "Remove",
                here,
                placeholder="None",
                help="Removes these tags from all selected runs.",
                key=_key("remove"),
            )
        st.form_submit_button("Save", type="primary", on_click=_tag, args=(own,))


def _tag(own: Sequence[Row]) -> None:
    add, remove = (list(st.session_state.get(_key(name), [])) for name in ("add", "remove"))
    actions.tag_runs([run_of(row) for row in own], add, remove)


def _one(row: Row, *, may_change: bool) -> None:
    """What can be done with a single run; opening it as well, for the buttons in the table take no key."""
    run = run_of(row)
    st.page_link("pages/live.py", label="Open", icon=":material/monitoring:", query_params={state.RUN: run.id})
    if may_change:
        rename_button(run)
    about = "Opens the form with its settings and dataset."
    can_clone = may(Action.TRAIN) and row.changed is not None and not is_imported(run)
    if can_clone and st.button("Clone", icon=":material/content_copy:", help=about):
        open_clone(run)


def _export(chosen: Sequence[Row]) -> None:
    with st.popover("Export", icon=":material/download:", key=_key("export")):
        everything = actions.known_columns()
        download("Table, CSV", "runs.csv", lambda: actions.table_csv(chosen, everything), _key("table"))
        if len(chosen) == 1:
            download_report(run_of(chosen[0]))
        else:
            label = f"{min(len(chosen), actions.MOST_REPORTS)} reports, HTML in a zip"
            runs = [run_of(row) for row in chosen]
            download(label, "reports.zip", lambda: actions.reports(runs), _key("reports"))
        st.caption(plain("One file with curves, metrics, findings, settings and model card."))


def _key(name: str) -> str:
    return part_key("chosen", name)
