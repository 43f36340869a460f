"""What there is to be allowed, and what each role may do of it."""

from enum import StrEnum


class Action(StrEnum):
    """What a page can do beyond showing what is there; the value completes the sentence "You may not …"."""

    LOOK = "view runs"
    PREDICT = "predict images"
    UPLOAD = "upload a dataset"
    BROWSE = "open folders of the server"
    FETCH = "download a public dataset"
    TRAIN = "start a training"
    MANAGE = "stop, resume or change what others started"
    DIAGNOSE = "start a search between two runs"
    IMPORT = "import a model"
    ORGANISE = "write notes on runs or delete them"
    SWEEP = "start a sweep"
    CURATE = "review the labels or change the split of a dataset"
    READ_LOG = "read the log of a worker"
    EXPORT = "convert a model into another format"


ROLES: dict[str, frozenset[Action]] = {
    "operator": frozenset(Action),
    "admin": frozenset(Action),
    "trainer": frozenset(Action) - {Action.MANAGE, Action.IMPORT},
    "viewer": frozenset({Action.LOOK, Action.PREDICT}),
    "visitor": frozenset({Action.LOOK, Action.PREDICT, Action.TRAIN}),
    "stranger": frozenset(),
}
"""What each role may do. `operator` is whoever sits at a local app; `visitor` anybody at a public one; admin, trainer
and viewer are a team's; a `stranger` is somebody whom the team's lists do not name."""
