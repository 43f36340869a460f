"""The address of the Dataset page: the dataset, the tab, the settings that divide the images, and the job shown."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.errors import AccessError, ConfigError, DataError
from core.feature_check.store import FeatureCheckStore
from core.label_review.store import ReviewStore
from pages.shared import state
from pages.shared.dataset.images_tab import LONGEST_SEARCH
from pages.shared.dataset.job_named import CHECK, REVIEW
from pages.shared.shell import address, dataset_address
from pages.shared.shell.address import Part
from pages.shared.shell.chosen_dataset import SPLITS
from pages.shared.shell.settings_address import foreign_settings, setting_parts

PAGE = "Dataset"
IMAGES = "Images"
"""Title of the tab whose choices stand in the address while it is open."""

_MOST_PAGES = 1_000_000

_FORMER = {"Batch X-ray": "Batch composition"}
"""Tabs of addresses that were sent before a tab was renamed -> its name now."""


def recall(tabs: Sequence[str]) -> None:
    """Before anything is drawn: what the address says is put into the session.

    Args:
        tabs: sequence of str. Names of the tabs, the first one first.
    """
    taken = address.recall(PAGE, _parts(tabs))
    if "dataset" in taken or REVIEW in taken:
        address.tell(foreign_settings())


def say(tabs: Sequence[str]) -> None:
    """After all was drawn: what is shown is put into the address."""
    address.say(PAGE, _parts(tabs))


def _parts(tabs: Sequence[str]) -> list[Part]:
    return [
        dataset_address.dataset_part(),
        Part("tab", lambda: _tab(tabs), lambda text: _take_tab(tabs, text), alone=True),
        *(Part(name, _said_of_images(key), take) for name, (key, take) in _IMAGES_PARTS.items()),
        *setting_parts("data."),
        Part(REVIEW, _said(REVIEW, _reviewed), _take_review, alone=True),
        Part(CHECK, _said(CHECK, _checked), _take_check, alone=True),
    ]


def _tab(tabs: Sequence[str]) -> str:
    """The open tab by its name, without the number that its label may have; the first is omitted."""
    name = str(st.session_state.get(state.TAB) or tabs[0]).split(" :", maxsplit=1)[0]
    return "" if name == tabs[0] else name


def _take_tab(tabs: Sequence[str], tab: str) -> None:
    tab = _FORMER.get(tab, tab)
    if tab and tab not in tabs:
        raise ConfigError(f'there is no tab "{tab[:40]}"; there are {", ".join(tabs)}')
    st.session_state[state.TAB] = tab or tabs[0]


def _said_of_images(key: str) -> Callable[[], str]:
    """A choice of the Images tab, as long as that is open; what is usual is omitted."""

    def said() -> str:
        if str(st.session_state.get(state.TAB) or "").split(" :", maxsplit=1)[0] != IMAGES:
            return ""
        value = str(st.session_state.get(key) or "")
        return "" if value == _USUAL.get(key) else value

    return said


def _take_split(name: str) -> None:
    if name and name not in SPLITS:
        raise ConfigError(f'there is no split "{name[:40]}"; there are {", ".join(SPLITS)}')
    st.session_state[state.IMAGES_SPLIT] = name or None


def _take_class(name: str) -> None:
    st.session_state[state.IMAGES_CLASS] = name  # the tab knows which there are


def _take_search(words: str) -> None:
    if len(words) > LONGEST_SEARCH:
        raise ConfigError(f"the search has {len(words)} characters; it may have {LONGEST_SEARCH} at most")
    st.session_state[state.IMAGES_SEARCH] = words


def _take_page(text: str) -> None:
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_PAGES):
        raise ConfigError(f'the page of images is "{text[:40]}"; it may be 1 to {_MOST_PAGES:,}')
    st.session_state[state.IMAGES_PAGE] = int(text or 1)


_USUAL = {state.IMAGES_SPLIT: "train", state.IMAGES_PAGE: "1"}
_IMAGES_PARTS = {
    "split": (state.IMAGES_SPLIT, _take_split),
    "class": (state.IMAGES_CLASS, _take_class),
    "find": (state.IMAGES_SEARCH, _take_search),
    "page": (state.IMAGES_PAGE, _take_page),
}
"""Query parameter of each choice of the Images tab, its session key, and what puts it into the session."""


def _said(name: str, reference_of: Callable[[str], str]) -> Callable[[], str]:
    """The job that is named, as long as its dataset is the one that is shown."""

    def said() -> str:
        job_id = str(st.session_state.get(name, ""))
        return job_id if job_id and reference_of(job_id) == state.chosen_dataset() else ""

    return said


def _reviewed(job_id: str) -> str:
    review = ReviewStore().by_id(job_id)
    return str(review.settings().get("review", "")) if review else ""


def _checked(job_id: str) -> str:
    check = FeatureCheckStore().by_id(job_id)
    config = check.settings().get("config", {}) if check else {}
    return str(config.get("dataset", "")) if isinstance(config, dict) else ""


def _take_review(job_id: str) -> None:
    _open(REVIEW, job_id, _reviewed, "review of labels", "Labels")


def _take_check(job_id: str) -> None:
    _open(CHECK, job_id, _checked, "check with features", "Problems")
    if check := FeatureCheckStore().by_id(job_id):
        for key, value in check.config().settings().items():  # it is found by them
            st.session_state[state.field_key(key)] = value


def _open(name: str, job_id: str, reference_of: Callable[[str], str], noun: str, tab: str) -> None:
    """Chooses a job and its dataset, for whoever may open that."""
    st.session_state.pop(name, None)
    if not job_id:
        return
    reference = reference_of(job_id)
    if not reference:
        raise DataError(f"the {noun} in the address does not exist (any more)")
    if not dataset_address.may_open(reference):
        raise AccessError(f"the {noun} in the address belongs to a dataset that you may not open")
    st.session_state[name] = job_id
    dataset_address.choose(reference)
    if not st.query_params.get("tab"):
        st.session_state[state.TAB] = tab
