"""The chosen dataset as an address names it: never by a path of the server, and only for whoever may open it."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core import paths
from core.access.limits import policy
from core.access.modes import LOCAL, mode
from core.access.roles import Action
from core.data.collections import COLLECTIONS, published_of
from core.data.dataset import SAMPLE
from core.errors import DataError, UserError
from core.store.index import summaries
from core.store.runs import RunStore
from pages.shared import state
from pages.shared.shell import uploads
from pages.shared.shell.access import may, person
from pages.shared.shell.address import Part

PUBLISHED, UPLOAD, FOLDER, OF_RUN = "published", "upload", "folder", "run"
"""What stands before the colon: fetched by name, uploaded, below PARITY_DATA, or that of a run."""

_NEWEST = 200
"""Among so many runs one is looked for whose dataset it is."""


def dataset_part() -> Part:
    """The part of an address that names the dataset; the sample is omitted."""
    return Part("dataset", lambda: name_of(state.chosen_dataset()), lambda text: choose(reference_of(text or SAMPLE)))


def choose(reference: str) -> None:
    """Chooses a dataset as if the person had; the Dataset page shows where it came from."""
    if reference != state.chosen_dataset():
        state.choose_dataset(reference)
        st.session_state.pop(state.SOURCE, None)
        root = paths.data_root()
        if root is not None and reference != SAMPLE and Path(reference).is_relative_to(root):
            st.session_state[state.FOLDER] = str(Path(reference).relative_to(root))


def name_of(reference: str) -> str:
    """What an address calls a dataset; empty for the sample, and for what no address can name."""
    if reference == SAMPLE:
        return ""
    path, root = Path(reference), paths.data_root()
    if published_of(path):
        return f"{PUBLISHED}:{path.name}"
    if uploads.is_upload(path) and path in uploads.earlier_uploads():
        return f"{UPLOAD}:{path.name}"
    if root is not None and path.is_relative_to(root) and may(Action.BROWSE):
        return f"{FOLDER}:{path.relative_to(root).as_posix()}"
    runs = RunStore().list()[:_NEWEST]
    found = next((one.run for one in summaries(runs) if one.dataset == reference), "")
    return f"{OF_RUN}:{found}" if found else ""


def reference_of(name: str) -> str:
    """The dataset that an address names.

    Raises:
        DataError: there is none, or this person may not open it.
        AccessError: this person may open none of its kind.
    """
    kind, _, rest = name.partition(":")
    if name == SAMPLE:
        return SAMPLE
    if kind not in _OPENERS:
        raise DataError(f'there is no dataset "{name[:100]}"; choose one on the Dataset page')
    return _OPENERS[kind](rest)


def may_open(reference: str) -> bool:
    """Whether this person may open a dataset that a job is about."""
    if reference == SAMPLE or mode() == LOCAL:
        return True
    try:
        return reference_of(name_of(reference) or "?") == reference
    except UserError:
        return False


def _published(name: str) -> str:
    person().require(Action.FETCH)
    found = next((one.folder for one in COLLECTIONS if one.folder.name == name and one.folder.is_dir()), None)
    if found is None:
        raise DataError(f'the published dataset "{name[:100]}" is not downloaded; download it on the Dataset page')
    return str(found)


def _uploaded(name: str) -> str:
    person().require(Action.UPLOAD)
    found = next((folder for folder in uploads.earlier_uploads() if folder.name == name), None)
    if found is None:
        raise DataError(f'there is no upload "{name[:100]}" of yours here (any more); choose another dataset')
    return str(found)


def _below_root(relative: str) -> str:
    person().require(Action.BROWSE)
    root = paths.data_root()
    refusal = DataError(f'there is no folder "{relative[:100]}" in the folder that is open here; choose another')
    if root is None:
        raise refusal
    try:
        folder = (root / relative).resolve()
        if folder.is_relative_to(root.resolve()) and folder.is_dir():
            return str(root / relative)
    except (OSError, ValueError, RuntimeError):  # a name too long, a NUL in it, a loop of links
        raise refusal from None
    raise refusal


def _of_run(run_id: str) -> str:
    person().require(Action.TRAIN)
    run = RunStore().by_id(run_id)
    if run is None:
        raise DataError(f'the run "{run_id[:60]}" whose dataset the address names does not exist (any more)')
    config = run.config()
    policy().check(config, paths.data_root(), paths.uploads_folder(), paths.collections_folder())
    if config.dataset != SAMPLE and not uploads.may_use(Path(config.dataset)):
        raise DataError(
            "the dataset of this run was uploaded by another user; ask them or an administrator, or choose another"
        )
    return config.dataset


_OPENERS: dict[str, Callable[[str], str]] = {
    PUBLISHED: _published,
    UPLOAD: _uploaded,
    FOLDER: _below_root,
    OF_RUN: _of_run,
}
