"""Import of a pasted Keras script on the Train page: its settings into the form, what is open, findings."""

from typing import Any

import streamlit as st

from core.checks.finding import Finding
from core.config import keys
from core.errors import DataError, UserError
from core.script.becoming import Answers, beyond, differences, has_nearest, nearest_values
from core.script.text import LARGEST, LONGEST, place_of
from core.sentences import counted
from core.workers.script_client import Busy, read_script
from pages.shared.state import field_key, part_key
from pages.shared.widgets import fields
from pages.shared.widgets.findings import show_findings
from pages.shared.widgets.text import plain, sentence

VERSIONS = {
    "Not known": None,
    "2.0.8 or earlier": "2.0.8",
    "2.0.9 to 2.2": "2.2.4",
    "2.3": "2.3.1",
    "2.4 to 2.15 (tf.keras)": "2.10.0",
    "3": "3.0.0",
}
"""What a person may know of the version, and the one that stands for it."""

TEXT, FILE = part_key("script", "text"), part_key("script", "file")
VERSION, TAKEN = part_key("script", "version"), part_key("script", "taken")


def script_import() -> None:
    """The whole part of the Train page: closed until it is asked for."""
    # With a key, or it would close when “Use these settings” makes the form above longer.
    label = "Import settings from a Keras script"
    with st.expander(label, icon=":material/code:", key=part_key("script", "box")):
        st.caption("The script is parsed, never executed. Missing imports and folders do not matter.")
        content, name = _given()
        version = st.selectbox(
            "Keras version of the script", list(VERSIONS), key=VERSION, help="Versions differ in the order of "
                                                                             "batches and in accepted arguments.",
        )  # fmt: skip
        if not content.strip():
            return
        try:
            record = _read(content, name, VERSIONS[version or "Not known"])
        except UserError as error:
            st.error(plain(sentence(str(error))))
            return
        _show(record)


def values_of(record: dict[str, Any]) -> dict[str, Any]:
    """What goes into the form: what the script states, and what Keras does where it states nothing."""
    parts = (record["not_stated"], record["settings"])
    return {key: one["value"] for part in parts for key, one in part.items() if key in keys()}


def _given() -> tuple[bytes, str]:
    """The script's bytes and name: of the file where there is one, else of the text area."""
    file = st.file_uploader(
        "Script or notebook file", type=["py", "txt", "ipynb"], key=FILE, help="Parsed, never executed."
    )
    text = st.text_area(
        "Or paste the script",
        key=TEXT,
        height=200,
        max_chars=LONGEST,
        placeholder="train_datagen = ImageDataGenerator(...)",
        help="Parsed, never executed. Settings found in it can be applied to the form.",
    )
    if file is None:
        return str(text or "").encode(errors="replace"), "script"
    # One byte too many is enough to be refused.
    return bytes(file.getbuffer()[: LARGEST + 1]), file.name


def _read(content: bytes, name: str, version: str | None) -> dict[str, Any]:
    """The record; a refusal is remembered, too, or every click on the page would try a hanging script again.

    Raises:
        UserError: one sentence.
    """
    record, refused = _outcome(content, name, version)
    if refused:
        raise DataError(refused)
    return record


@st.cache_data(show_spinner="Reading the script", max_entries=20, ttl="1h")
def _outcome(content: bytes, name: str, version: str | None) -> tuple[dict[str, Any], str]:
    try:
        return read_script(content, name, version), ""
    except Busy:
        raise
    except UserError as error:
        return {}, str(error)


def _show(record: dict[str, Any]) -> None:
    values = values_of(record)
    show_findings([_numbered(one) for one in record["findings"]])
    st.markdown(f"**Read from the script:** {counted(len(record['settings']), 'setting')}")
    _table(_stated(record), "Table of what was found in the script, setting by setting.")
    asked = [one for one in record["open"] if one["kind"] == "asked"]
    _show_list("Not determined", [f"**{plain(_label(o['key']))}**: {plain(o['why'])}" for o in asked])
    if beyond(record, Answers()):
        values = _offer_nearest(record, values)
    if record["dataset"]:
        st.caption(f"The script's dataset is {plain(record['dataset'])}; choose the images on the Dataset page.")
    st.button(
        "Use these settings", type="primary", icon=":material/input:", on_click=_fill, args=(values,),
        help="Fills the form above; settings that were not determined stay unchanged.", key=part_key("script", "use"),
    )  # fmt: skip
    if st.session_state.pop(TAKEN, False):
        st.success("The settings are in the form above; check them before you start.")
    if record["order"] and len(set(record["order"].values())) > 1:
        told = "; ".join(
            f"{version}: {fields.word_of('data.shuffle', order)}" for version, order in record["order"].items()
        )
        st.caption(f"Shuffle by version of Keras. {plain(told)}.")
    if record["not_stated"]:
        st.markdown("**Not in the script:** Keras' default, or Parity's")
        _table(_not_stated(record), "Table of what the script does not say, setting by setting.")
    _show_list("Not read", [f"{place_of(o).capitalize()}: {plain(o['text'])}" for o in record["unread"]])


def _offer_nearest(record: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What no run can do, and the nearest run where there is one and it is wanted; the values for the form."""
    told = differences(record, Answers())
    _show_list("Not supported", [plain(line) for line in told])
    if not has_nearest(record, Answers()):
        st.caption("There is no close equivalent. The other settings can be used anyway.")
        return values
    if st.checkbox("Use the closest equivalent", key=part_key("script", "nearest"), help="It differs from the "
                                                                                         "script in the points "
                                                                                         "listed above."):  # fmt: skip
        return {**values, **nearest_values(record, Answers())}
    return values


def _stated(record: dict[str, Any]) -> list[dict[str, str]]:
    """Stated settings with their line."""
    return [
        {"Setting": fields.label_of(key), "Value": fields.word_of(key, one["value"]), "From": place_of(one)}
        for key, one in record["settings"].items()
    ]


def _not_stated(record: dict[str, Any]) -> list[dict[str, str]]:
    """What the script leaves to Keras or to the program, and why."""
    return [
        {"Setting": fields.label_of(key), "Value": fields.word_of(key, one["value"]), "Why": one["why"]}
        for key, one in record["not_stated"].items()
    ]


def _table(rows: list[dict[str, str]], alt: str) -> None:
    if not rows:
        return
    widths = {"Setting": 170, "Value": 230, "From": 110, "Why": 420}
    config = {name: st.column_config.TextColumn(width=widths[name]) for name in rows[0]}
    st.dataframe(rows, hide_index=True, width="stretch", alt=alt, column_config=config)


def _show_list(title: str, rows: list[str]) -> None:
    if rows:
        st.markdown(f"**{title}**\n\n" + "\n".join(f"- {row}" for row in rows))


def _label(key: str) -> str:
    words = {"dataset": "Dataset", "keras_version": "Version of Keras", "script": "Script", "loss": "Loss"}
    return fields.label_of(key) if key in keys() else words.get(key, key)


def _numbered(record: dict[str, Any]) -> Finding:
    """A finding whose sentence begins with its line."""
    known = {key: record[key] for key in ("id", "severity", "evidence", "remedy")}
    return Finding(**known, claim=f"{place_of(record['evidence']).capitalize()}: {record['claim']}")


def _fill(values: dict[str, Any]) -> None:
    """Before the next script run draws the fields, as their keys may be set only then."""
    for key, value in values.items():
        st.session_state[field_key(key)] = value
    st.session_state[TAKEN] = True
