"""Session state keys and query parameters of all pages."""

import streamlit as st

from core.data.dataset import SAMPLE

RUN = "run"
"""Query parameter that holds the id of the run a page shows, so that a link or a reload shows it again."""

RUN_A, RUN_B, BISECT = "a", "b", "bisect"
"""Query parameters of the Diagnose page: the ids of the two runs, and of the search between them."""

WHY = "why"
"""Query parameter of the Home page: the id of a question of two scripts."""

TOUR = "tour"
"""Query parameter and session key: the step of the guided tour, from 1 on; the address begins it, the session goes on
with it on pages whose address does not name it."""

TOUR_BEFORE = "tour_before"
"""Session key: (dataset, source) that were chosen on the Dataset page when the tour began."""

DATASET = "dataset"
"""Session key: the dataset chosen on the Dataset page; a folder, or `sample`."""

PRESET = "preset"
"""Session key: the preset the Train page was last filled from."""

CHOICE, CUSTOMISE, CUSTOMISED = "train_choice", "customise", "customised"
"""Session keys: which of the three presets is marked; whether the whole form is open; whether it has opened by
itself, as it has values that no preset has."""

SOURCE = "dataset_source"
"""Session key: where the Dataset page takes the dataset from."""

PUBLISHED = "dataset_published"
"""Session key: which published dataset the Dataset page offers to fetch."""

HOME_FOLDER = "home_folder"
"""Session key: the folder of this machine that was chosen on the Home page."""

FOLDER = "dataset_folder"
"""Session key: the folder the person has browsed to, relative to the data root."""

UPLOADER = "uploader"
"""Session key: a number that grows with every upload; part of the uploader's key, so that it is empty afterwards."""

QUALITY_KIND = "quality_kind"
"""Session key: the issue whose images the Quality tab shows."""

MAP_COLOUR, MAP_PROJECTION = "map_colour", "map_projection"
"""Session keys: what the colours of the map mean, and how it is laid out."""

MAP_CLICKED = "map_clicked"
"""Session key: the file whose dot was clicked last, and the files that a lasso held then."""

NETWORKS = "networks"
"""Session key: what the networks that the Train page offers must be (here, fits, fast)."""

MAP_CHART = "map_chart"
"""Key of the part of the page that holds the map and the card with the image under the pointer."""

CURATE_NOTICE = "curate_notice"
"""Session key: what a change of labels or split did, until the next script run has said it: (whether, sentence)."""

REPAIRED = "dataset_repaired"
"""Session key: what one click below a finding of the Dataset page did, and what it takes to undo it."""

TAB = "dataset_tab"
"""Session key: the open tab of the Dataset page, by its name; on the page its number stands behind it."""

HEALTH_ASK = "health_ask"
"""Session key, and first part of one: whether the checks of a large dataset were asked for."""

IMAGES_SPLIT, IMAGES_CLASS, IMAGES_PAGE = "images_split", "images_class", "images_page"
"""Session keys of the Images tab that stand in the address: split, class (empty for all), number of the page."""

IMAGES_SEARCH, IMAGES_ORDER, IMAGE_DETAIL = "images_search", "images_order", "image_detail"
"""Session keys of the Images tab: the words searched for, the seed of its order, the file that is shown large."""

START_TOKEN = "start_token"  # noqa: S105 (no password: it tells one filled form from the next)
"""Session key: what one filled form may be started with once."""

RUN_NAME = "run_name"
"""Session key: the name for the next run."""

OPEN_RUN = "open_run"
"""Session key: the row whose button was pressed in the table of runs."""

MORE = "run_more"
"""Session key: the row and the entry of its menu that were chosen in the table of runs."""

TO_CLONE = "run_to_clone"
"""Session key: id of the run whose settings are to fill the form in the next script run."""

LOOK_WORDS, LOOK_TAGS, LOOK_DATA, LOOK_STATUS, LOOK_CONDITIONS = "q", "tags", "data", "status", "filter"
LOOK_SORT, LOOK_COLUMNS, LOOK_OPEN, LOOK_CHOSEN, LOOK_COMPARED = "sort", "columns", "open", "chosen", "compare"
LOOK_ACROSS, LOOK_SMOOTH, LOOK_LOG, LOOK_PART = "across", "smooth", "log", "part"
"""Query parameters of the Runs page: filter, order and columns of the table, the bisects and sweeps that are open in
it, the runs chosen in it, those that are compared, and how their curves are drawn."""

LOOK = (
    *(LOOK_WORDS, LOOK_TAGS, LOOK_DATA, LOOK_STATUS, LOOK_CONDITIONS),
    *(LOOK_SORT, LOOK_COLUMNS, LOOK_OPEN, LOOK_CHOSEN, LOOK_COMPARED),
    *(LOOK_ACROSS, LOOK_SMOOTH, LOOK_LOG, LOOK_PART),
)
"""All query parameters of the Runs page."""

CHOICE_ROUND = "runs_choice_round"
"""Session key: grows when runs were chosen elsewhere than in the table, which is then redrawn."""

RESTORE = "run_restore"
"""Session key: the row whose button was pressed in the table of deleted runs."""

DELETED = "run_deleted"
"""Session key: (ids, sentence) of the runs deleted last, until something else was done."""

CLONED = "run_cloned"
"""Session key: a sentence on where the form's settings came from, until it was read."""

RATE_SEARCH, RATE_PANEL = "rate_search", "rate_panel"
"""Session keys: id of the search for a learning rate that was started last, and the part of the page it is shown in."""

SWEEP, SWEEP_PANEL = "sweep", "sweep_panel"
"""Session key and query parameter: id of the sweep that is shown; session key: the part of the page it is shown in."""

CROSS_VALIDATION, CROSS_VALIDATION_PANEL = "cv", "cv_panel"
"""Session key and query parameter: id of the cross-validation that is shown; session key: its part of the page."""

CROSS_VALIDATION_FOLDS, CROSS_VALIDATION_REPEATS = "cv_folds", "cv_repeats"
"""Session keys: into how many folds the next cross-validation divides the images, and how often."""

SEARCH, SEARCH_PANEL = "search", "search_panel"
"""Session key and query parameter: id of the search for the best network; session key: its part of the page."""

SEARCH_NETWORKS, SEARCH_SIZES, SEARCH_BUDGET = "search_networks", "search_sizes", "search_budget"
"""Session keys: what the next search for the best network tries, and how long it may take."""

SWEEP_KEYS, SWEEP_RANDOM, SWEEP_SEED, SWEEP_BUDGET = "sweep_keys", "sweep_random", "sweep_seed", "sweep_budget"
"""Session keys: which settings the next sweep varies, how many trials are drawn, with which seed, for how long."""

SWEEP_OPEN = "sweep_open"
"""Session key: the row whose button was pressed in the table of a sweep's trials."""

NOTICE = "notice"
"""Session key: a sentence to show once after a rerun."""

PAGE = "page"
"""Session key: title of the page that is shown."""

CHOSEN, FILLED = "chosen", "filled"
"""First parts of session keys: what addresses named last, and what the page that is shown has itself put into its
address, {query parameter: id}. The rest are the query parameters that are chosen together."""

HEAD_LISTED = "head_listed"
"""Session key: whether the head is a list of layers on the Train page."""

HEAD_ROWS, HEAD_COUNTER = "head_rows", "head_counter"
"""Session keys: the editor's rows with the setting's text that they stand for, and what numbers them."""

RUN_CHOICE = "run_choice"
"""Session key of the list of runs; the address is the truth, the list follows it."""

RUN_NOTICE, NOTICE_SHOWN = "run_notice", "notice_shown"
"""Session key: what a button did, (whether it worked, one sentence), until the next script run has said it."""

PAIR_CHOICE = {RUN_A: "pair_choice_a", RUN_B: "pair_choice_b"}
"""Session keys of the two lists of runs on the Diagnose page; the address is the truth, the lists follow it."""

BUDGET, MARGIN = "bisect_budget", "bisect_margin"
"""Session keys: how many minutes the next bisect may take, and how far apart two results count as different."""

WITH_IMAGES = "report_with_pictures"
"""Session key: whether the report to download holds images of the dataset."""

IMAGE_SOURCE = "predict_source"
"""Session key: where the images to predict come from."""

UPLOADS = "predict_uploads"
CAMERA = "predict_camera"
"""Session keys of the two ways of giving images of one's own."""

IMAGES = "predict_pictures"
"""Session key: the images given last, (folder, [(file in it, what the person calls it)])."""

IMAGES_NOTICE = "predict_pictures_notice"
"""Session key: sentences on what was not taken of the last images, until they have been said."""

MODEL_FILE, MODEL_CLASSES, MODEL_NAME = "model_file", "model_classes", "model_name"
MODEL_PIXELS, MODEL_FIT, EVALUATE = "model_pixels", "model_fit", "evaluate_model"
"""Session keys of the form that imports a model."""

RUN_ZIP = "run_zip"
"""Kind of the uploader that takes a zipped run."""

EXPORT = "export_as"
"""First part of the session keys of the panel that exports a run; the run's id is the second."""

DRAW = "predict_draw"
"""Session key: how often other images of the dataset were asked for."""

ANSWERS, OTHER_ANSWERS = "predict_answers", "predict_other_answers"
"""Session keys: the predictions shown last with what they belong to, so that a rerun does not predict again; those of
the run they are compared with."""

CALIBRATED = "predict_calibrated"
"""Session key: whether probabilities are shown calibrated."""

VIEWS = "predict_views"
"""Session key: over how many views of each image the probabilities are averaged."""

OTHER_RUN = "predict_other_run"
"""Session key: the id of the run that the answers are compared with."""

CLOSER_IMAGE, CLOSER_CLASS, OPACITY = "closer_picture", "closer_class", "closer_opacity"
"""Session keys of the closer look: number of the image, class of the map, opacity of the map in percent."""

CURVES_LOG, CURVES_SMOOTHING = "curves_log", "curves_smoothing"
"""Session keys: how the person wants a run's curves."""

CLOSER_ANSWER = "closer_answer"
"""Session key: the answer with its map to the one image of many that is looked at closely."""

EXAMPLE = "predict_example"
"""Session key: (run, part, file) of the image of the dataset that was pressed to be predicted."""


def chosen_dataset() -> str:
    """The dataset chosen last in this session; the sample at first."""
    return str(st.session_state.get(DATASET, SAMPLE))


def choose_dataset(reference: str) -> None:
    """Remembers the dataset for the other pages."""
    st.session_state[DATASET] = reference


def part_key(*parts: str) -> str:
    """Session key of an element that a page draws once for each run, split or file."""
    return ":".join(parts)


def field_key(setting: str) -> str:
    """Session key of the widget of a setting such as `data.batch_size`."""
    return f"setting:{setting}"


def choices_key(setting: str) -> str:
    """Session key of the values of a setting that the next sweep tries."""
    return f"sweep:{setting}"


def browse_key(folder: object) -> str:
    """Session key of the list of folders inside a folder."""
    return f"browse:{folder}"


def page_key(split: str, label: str) -> str:
    """Session key of the page number of the images of a split and class."""
    return f"page:{split}:{label}"


def uploader_key(kind: str) -> str:
    """Session key of the uploader of a kind (`zip`, `folder`); another one after each upload."""
    return f"upload:{kind}:{st.session_state.get(UPLOADER, 0)}"


def clear_uploader() -> None:
    """Lets the next script run draw an empty uploader, so that the uploaded bytes leave the server's memory."""
    st.session_state[UPLOADER] = int(st.session_state.get(UPLOADER, 0)) + 1
