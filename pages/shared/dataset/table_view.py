"""Table of labels on the Dataset page: which of its columns is what, guessed, shown and put right."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.access.roles import Action
from core.data.file_names import display_name
from core.data.layout_choice import Choice, remember_choice
from core.data.listing import list_folder
from core.data.table_choice import TableChoice, read_table_choice, remember_table
from core.data.table_files import find_tables
from core.data.table_finder import Finder
from core.data.table_groups import group_column
from core.data.table_guess import Mapping, label_columns
from core.data.table_images import image_columns, with_header
from core.data.table_parts import columns_of, part_column
from core.data.tables import Table, read_table
from core.errors import UserError
from pages.shared.shell.access import guarded
from pages.shared.shell.chosen_dataset import forget_scans
from pages.shared.state import CURATE_NOTICE, part_key
from pages.shared.widgets.text import plain, sentence

_ROWS = 5
_HELP = {
    "image": "The column that names each file: a path, a name, or a name without its extension.",
    "part": "The column that assigns images to training, validation and test; without one the settings split them.",
    "group": "The column of the groups that stay in one split, such as the patient.",
}


def choose_table(reference: str) -> None:
    """The tables of a folder, and the columns of the one that is chosen."""
    root = Path(reference).resolve()
    try:
        top = list_folder(root)
        files = [found[0] for found in find_tables(top, root)]
        if not files:
            st.info("There is no table (CSV, TSV, JSON, JSON lines, Parquet) of up to 20 MB in this folder.")
            return
        known = read_table_choice(root)
        index = files.index(known.file) if known and known.file in files else 0
        file = st.selectbox(
            "Table",
            files,
            index=index,
            format_func=display_name,
            key=part_key("table", "file", reference),
            help="The file that lists the images. The next step asks what each column means.",
        )
        table = _table(str(root / file), (root / file).stat().st_mtime_ns)
        finder = Finder([f"{each.path}/{name}".lstrip("/") for each in top.walk() for name in each.images])
        table = with_header(table, finder, file.rpartition("/")[0])
        guessed = _guess(table, finder, file, known if known and known.file == file else TableChoice(file))
    except (UserError, OSError) as error:
        st.error(plain(sentence(str(error))))
        return
    shown = pd.DataFrame([row[:20] for row in table.rows[:_ROWS]], columns=list(table.columns[:20]))
    st.dataframe(shown, hide_index=True, alt=f"The first {_ROWS} rows of the table.")
    _columns(reference, file, table, guessed)


def _guess(table: Table, finder: Finder, file: str, known: TableChoice) -> Mapping:
    """What is remembered, else what names and values suggest."""
    image = known.image or next(iter(image_columns(table, finder, file.rpartition("/")[0])), "")
    possible = label_columns(table, image)
    said = (known.label,) if known.label in table.columns else tuple(known.label.split(",")) if known.label else ()
    labels = said or (possible[0] if len(possible) == 1 else ())
    part = known.part or part_column(table)
    taken = (image, *labels, *columns_of(table, part))
    return Mapping(image, labels, part, known.group or group_column(table, taken))


def _columns(reference: str, file: str, table: Table, guessed: Mapping) -> None:
    image = _one(reference, file, table, "image", "Image", guessed.image)
    labels = st.multiselect(
        "Class",
        table.columns,
        default=[name for name in guessed.labels if name in table.columns],
        format_func=display_name,
        key=part_key("table", "label", reference, file),
        help="The column with the class, or several 0/1 columns, one per class.",
    )
    part = _one(reference, file, table, "part", "Part", guessed.part)
    group = _one(reference, file, table, "group", "Group", guessed.group)
    st.button(
        "Use this table",
        icon=":material/check:",
        key=part_key("table", "use", reference),
        disabled=not (image and labels),
        on_click=_take,
        args=(reference, TableChoice(file, image, ",".join(labels), part, group)),
    )


def _one(reference: str, file: str, table: Table, role: str, title: str, guessed: str) -> str:
    options = ["", *table.columns]
    chosen = st.selectbox(
        title,
        options,
        index=options.index(guessed) if guessed in options else 0,
        format_func=_title,
        key=part_key("table", role, reference, file),
        help=_HELP[role],
    )
    return str(chosen or "")


def _title(name: str) -> str:
    return display_name(name) if name else "none"


@st.cache_data(max_entries=4, show_spinner="Reading the table …")
def _table(path: str, changed: int) -> Table:
    """A table; the time of its last change is part of the key."""
    return read_table(Path(path))


def _take(reference: str, choice: TableChoice) -> None:
    """Keeps the table and its columns; for a button's `on_click`."""
    try:
        _remember(reference, choice)
    except UserError as error:
        st.session_state[CURATE_NOTICE] = (False, sentence(str(error)))
        return
    forget_scans()
    st.session_state[CURATE_NOTICE] = (True, "The labels now come from the table.")


@guarded(Action.CURATE)
def _remember(reference: str, choice: TableChoice) -> None:
    root = Path(reference).resolve()
    remember_choice(root, Choice())
    remember_table(root, choice)
