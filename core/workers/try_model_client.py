"""Imports a .keras model as a run to predict with: inspected, tried in a limited process, then kept."""

import contextlib
import dataclasses
import hashlib
import json
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from core import files, paths
from core.config import make_config
from core.data.class_count import MOST_CLASSES
from core.data.distinct_names import LONGEST, can_be_shown
from core.data.file_names import display_name
from core.data.rendering import FITS
from core.errors import ModelError
from core.models.inspector import inspect_model
from core.models.legacy import inspect_foreign
from core.models.own_record import own_classes, own_settings
from core.models.packed import unwrap
from core.models.scales import Scales
from core.models.trial import PIXELS, Answers, judge, refuse_no_probabilities
from core.store.runs import Run, RunStore
from core.workers.keras_message import message_of
from core.workers.run_module import Ended, bare_environment, run_module
from core.workers.scale_client import scale_of

MAX_BYTES = 500_000_000
TRY_SECONDS = 120.0

_GRAY = "It takes grey images: images are converted to grey first (0.299 red, 0.587 green, 0.114 blue)."
_TEACHABLE = "This is a model of Teachable Machine, so its pixels are scaled to -1..1."
PLAIN_NOTES = (_GRAY, _TEACHABLE)
"""What is noted of a model without being a reason to doubt its predictions."""

IMPORTED = "(a model from elsewhere)"
"""Stands for the dataset of such a run: nothing is known of it."""

RAW = "0..255"
"""Pixels as they are: what every model that is kept here takes."""

_CHUNK = 2**20

T = TypeVar("T")


def import_model(
    source: BinaryIO,
    classes: Sequence[str],
    name: str,
    owner: str = "",
    *,
    pixels: str = "",
    fit: str = "",
    labelled: str = "",
) -> Run:
    """Makes a run of a .keras or HDF5 file, or of a zip with one.

    Args:
        source: Binary file: a classifier of square RGB or grey images that gives probabilities.
        classes: Names, in the order of the model's outputs; for one output the second is the one it speaks for. Where
            none are given those that a file exported here says, or those in labels.txt of a zip.
        name: What to call it.
        owner: Whose it is. Defaults to nobody's in particular.
        pixels: A key of `trial.PIXELS`: those that it was trained on. Defaults to 0 to 255, with a note where no layer
            of it scales them, or to what its origin is known for.
        fit: `data.fit`, how its images became squares. Defaults to what the file says of it, to the cropping of
            Teachable Machine (its own example uses PIL's `ImageOps.fit`), else to stretching.
        labelled: A dataset whose classes are the model's: its images tell which `pixels` fit. Defaults to none.

    Raises:
        ModelError: it is not let in; nothing of it is kept then.
    """
    _check_choices(pixels, fit)
    names = _checked(classes) if classes else []
    path = paths.home() / "quarantine" / f"{secrets.token_hex(8)}.keras"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = _store(source, path)
        names = _named(path, names)
        scales = _found_scale(path, names, labelled, fit) if labelled and not pixels else None
        facts = _let_in(path, scales.chosen if scales else pixels)
        if scales:
            facts["notes"] = [*scales.notes(), *facts["notes"]]
            facts["scales"] = scales.rows
        _check_names(names, facts["outputs"])
        return _keep(path, facts, names, name, digest, owner, fit)
    except OSError as error:
        raise ModelError(f"the model cannot be stored: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):  # it was never written
            path.unlink(missing_ok=True)


def _check_choices(pixels: str, fit: str) -> None:
    if pixels and pixels not in PIXELS:
        raise ModelError(f'the pixels are "{pixels}"; they may be {", ".join(PIXELS)}')
    if fit and fit not in FITS:
        raise ModelError(f'the fit is "{fit}"; it may be {", ".join(FITS)}')


def _checked(classes: Sequence[str]) -> list[str]:
    """Names that can be those of classes."""
    names = [label.strip() for label in classes if label.strip()]
    if not names:
        raise ModelError(
            "the classes are not given; give their names in the order of the outputs, two or more (--classes A,B, or "
            "the field beside the file)"
        )
    if len(names) < 2 or len(set(names)) != len(names):
        raise ModelError(f"the classes are {display_name(', '.join(names))}; give two or more different names")
    if unfit := [name for name in names if len(name) > LONGEST or not can_be_shown(name)]:
        raise ModelError(
            f"the class name {display_name(unfit[0])} has characters that cannot be shown, or more than {LONGEST}; "
            "give it another name"
        )
    _check_count(len(names))
    return names


def _named(path: Path, given: list[str]) -> list[str]:
    """The names of the classes: those given, those that the file says, or those beside it in a zip."""
    beside, own = unwrap(path), own_classes(path)
    if given and given != own and sorted(given) == sorted(own):
        raise ModelError(
            f"the file says that its outputs are {', '.join(own)}, and the classes were given as {', '.join(given)}; "
            "give them in that order, or leave them out"
        )
    return given or _checked(own or beside)


def _found_scale(path: Path, names: list[str], labelled: str, fit: str) -> Scales:
    unwrap(path)
    origin = inspect_foreign(path)
    return scale_of(path, origin, names, labelled, fit or ("crop" if origin.teachable_machine else "stretch"))


def examine(path: Path) -> dict[str, Any]:
    """Looks into a .keras file of a run without Keras, then tries it in a limited process.

    Returns:
        `{"image_size", "outputs", "parameters", ...}`: side of the images, numbers it gives for each, its size.

    Raises:
        ModelError: it is not let in. One that answers all images alike is: a run may have ended so.
    """
    inspect_model(path)
    facts = _try(path, loader="keras")
    answers = _answers(facts)
    _judged(lambda: refuse_no_probabilities(answers, RAW))
    return facts


def _let_in(path: Path, pixels: str) -> dict[str, Any]:
    """Inspects, tries and judges a file; where Keras 3 does not read it, or it wants other pixels, it is replaced."""
    unwrap(path)
    origin = inspect_foreign(path)
    known = "-1..1" if origin.teachable_machine else ""
    chosen = pixels or known or RAW
    facts = _try(path, chosen, others=not (pixels or known), loader="rebuild" if origin.rebuild else "either")
    answers = _answers(facts)
    notes = _judged(lambda: judge(answers, chosen, given=bool(pixels or known)))
    if facts.pop("gray", False):
        notes.append(_GRAY)
    if known and not pixels:
        notes.append(_TEACHABLE)
    return {**facts, "pixels": chosen, "notes": notes, "teachable_machine": bool(known)}


def _answers(facts: dict[str, Any]) -> Answers:
    """Takes out of the facts what the model has answered."""
    try:
        return Answers.from_record(facts.pop("answers"))
    except (TypeError, KeyError, ValueError) as error:
        raise ModelError("this model could not be loaded safely: its process gave no usable result") from error


def _judged(judging: Callable[[], T]) -> T:
    try:
        return judging()
    except ModelError as error:
        raise ModelError(f"this model cannot be used here: {error}") from error


def import_notes(run: Run) -> list[str]:
    """Sentences for whoever asks the model of a run: what was found when it was brought from elsewhere."""
    notes = run.data().imported.get("notes")
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def _check_count(classes: int) -> None:
    if classes > MOST_CLASSES:
        raise ModelError(f"a model may have {MOST_CLASSES:,} classes at most, and this one has {classes:,}")


def _check_names(names: Sequence[str], outputs: int) -> None:
    """Refuses names that are not as many as the model has classes; one output speaks for two."""
    classes = max(2, outputs)
    _check_count(classes)
    if len(names) != classes:
        raise ModelError(
            f"the model has {classes} classes, and {len(names)} names were given; give {classes}, in the order of its "
            "outputs"
        )


def is_imported(run: Run) -> bool:
    """Whether a run is a model from elsewhere."""
    return bool(run.data().imported)


def _store(source: BinaryIO, path: Path) -> str:
    """Copies the file under a name of ours; returns its hash."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as out:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise ModelError(f"the file has more than {MAX_BYTES / 1e6:,.0f} MB, the maximum")
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _try(path: Path, pixels: str = RAW, *, others: bool = False, loader: str) -> dict[str, Any]:
    """Loads it in a process of its own: little memory, little time, none of our environment.

    Args:
        path: Path. Replaced by a model of RGB pixels from 0 to 255 where it is none that Keras 3 reads, which is
            inspected in turn; unless `loader` is `keras`.
        pixels: A key of `trial.PIXELS`.
        others: bool. Whether to try other scales where the answers do not vary. Defaults to no.
        loader: See `core.engine.jobs.try_model.load`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made.keras"
        done = run_module(
            "core.engine.jobs.try_model", path, pixels, made, loader, *(["others"] if others else []),
            seconds=TRY_SECONDS, folder=scratch,
            environment=bare_environment(HOME=scratch, KERAS_HOME=scratch, TF_CPP_MIN_LOG_LEVEL="3"),
        )  # fmt: skip
        if not done.in_time:
            raise ModelError(f"this model could not be loaded safely: it took more than {TRY_SECONDS:.0f} s")
        facts = _facts(done)
        if facts.pop("converted", False):
            inspect_model(made)
            shutil.copyfile(made, path)
    return facts


def _facts(done: Ended) -> dict[str, Any]:
    """What the trial's process has printed."""
    if done.code:
        raise ModelError(f"this model could not be loaded safely: {_reason(done)}")
    try:
        facts: dict[str, Any] = json.loads(done.out.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise ModelError("this model could not be loaded safely: its process gave no result") from error
    if "error" in facts:
        raise ModelError(f"this model cannot be used here: {facts['error']}")
    return facts


def _reason(done: Ended) -> str:
    if done.code < 0:
        return f"its process was ended ({signal.Signals(-done.code).name}), as it needed too much memory or time"
    if any(word in done.err for word in ("MemoryError", "ResourceExhausted", "OOM", "bad_alloc")):
        return "it needed too much memory"
    return message_of(done.err) or done.last_line[:200] or "its process failed"


def _keep(path: Path, facts: dict[str, Any], classes: list[str], name: str, digest: str, owner: str, fit: str) -> Run:
    own = own_settings(path)
    if facts.pop("teachable_machine", False):
        own = {"data.fit": "crop", **own}
    if fit:
        own["data.fit"] = fit
    config = make_config(IMPORTED, {**own, "data.image_size": facts["image_size"]}, name=name)

    def fill(run: Run) -> None:
        record = {"root": "", "classes": classes, "train": [], "val": [], "imported": {"sha256": digest, **facts}}
        files.write_json(run.path / "manifest.json", record)
        path.replace(run.path / "model.keras")
        status = dataclasses.replace(run.read_status(), status="finished", message="Imported, not trained here.")
        run.write_status(status)

    return RunStore().create(config, owner, fill)
