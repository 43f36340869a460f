"""Two runs side by side: only what differs, whether their gap is more than chance, and their first divergence."""

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from core import paths
from core.checks.finding import Finding, FindingValues
from core.compare.classes import ClassesCompared, compare_classes
from core.compare.divergence import first_divergence, recorded_epochs
from core.compare.endings import endings
from core.compare.paired import Paired, pair, tested
from core.compare.undertrained import undertrained
from core.compare.where import Divergence, DivergenceValues
from core.course.during import run_findings
from core.errors import RunError
from core.notation.head import heads_in_one_form
from core.store import records
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.job_records import ProbeStage
    from core.store.run_records import Manifest
    from core.store.trace_record import Trace

PROBES = "probes"
"""Folder, below the home, of what probes of two runs have measured."""

_ENVIRONMENT = {
    "python": "Python",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "pillow": "Pillow",
    "platform": "operating system",
    "processor": "processor",
    "cores": "processor cores",
    "parity": "code of Parity",
}
"""What the trace says about program and machine, in words."""

_MEASURES = ("val_accuracy", "val_auc", "val_loss")

TWO_LOSSES = (
    "{epochs} is the loss of the epochs: the training objective, with label smoothing, focal loss and L2 penalties "
    "unless training.val_loss=log_loss; {saved} is the log loss of the saved model's predictions, without them."
)
"""What tells the two losses of `Comparison` apart, for whoever shows them under the names `epochs` and `saved`."""


class SettingDifference(TypedDict):
    """A setting in which two runs differ."""

    key: str
    a: object
    b: object


class Difference(TypedDict):
    """Something else in which two runs differ, in words."""

    what: str
    a: object
    b: object


class Differences(TypedDict):
    """All of them."""

    config: list[SettingDifference]
    data: list[Difference]
    environment: list[Difference]


class Comparison(TypedDict):
    """Two runs compared, as plain values; see `compare`."""

    runs: list[str]
    titles: list[str]
    differences: Differences
    metrics: dict[str, list[float | None]]
    paired: Paired
    first_divergence: DivergenceValues | None
    divergence: str
    probe: list[dict[str, object]] | None
    findings: dict[str, list[FindingValues]]
    endings: list[str]
    classes: ClassesCompared


def compare(a: Run, b: Run) -> Comparison:
    """Everything that can be said about two runs without computing anything again.

    Args:
        a: Run. Usually the better one.
        b: Run.

    Returns:
        Dictionary of plain values: `runs`, `titles`, `differences` (`config`, `data`, `environment`), `metrics`,
        `paired`, `first_divergence`, `divergence` (that, or why there is none, in a sentence), `probe`, `findings`,
        `endings` (sentences on a run that did not finish, or whose loss was still falling), `classes` (see
        `core.compare.classes`).

    Raises:
        RunError: the configuration of a run cannot be read.
    """
    divergence, sentence = _divergence(a, b)
    probe, pairs = stored_probe(a, b), pair(a, b)
    return {
        "runs": [a.id, b.id],
        "titles": [a.title(), b.title()],
        "differences": {
            "config": config_differences(a, b),
            "data": data_differences(a, b),
            "environment": environment_differences(a, b),
        },
        "metrics": metrics(a, b),
        "paired": {"reason": pairs} if isinstance(pairs, str) else tested(pairs),
        "first_divergence": divergence.to_dict() if divergence else None,
        "divergence": sentence,
        "probe": None if probe is None else [stage.to_dict() for stage in probe],
        "findings": {name: [one.to_dict() for one in findings(run)] for name, run in (("a", a), ("b", b))},
        "endings": [*endings(a, b), *undertrained(a, b, pairs)],
        "classes": compare_classes(a, b, pairs),
    }


def config_differences(a: Run, b: Run) -> list[SettingDifference]:
    """The settings in which two runs differ, as `{"key", "a", "b"}`; the dataset itself counts as one. A head that is
    a list and the short form that says the same are no difference. Of a run that was recorded elsewhere only those
    settings that are known."""
    one, other = a.config(), b.config()
    known = [set(record.settings) for run in (a, b) if (record := run.recorded())]
    mine, theirs = heads_in_one_form([one.settings(), other.settings()])
    pairs = [(key, value, theirs[key]) for key, value in mine.items() if all(key in some for some in known)]
    pairs.insert(0, ("dataset", one.dataset, other.dataset))
    return [{"key": key, "a": mine, "b": theirs} for key, mine, theirs in pairs if mine != theirs]


def data_differences(a: Run, b: Run) -> list[Difference]:
    """In which files, labels and parts two runs differ, as `{"what", "a", "b"}`; empty before both have a manifest."""
    one, other = a.manifest(), b.manifest()
    if one is None or other is None:
        return []
    return [row for compare_parts in (_classes, _files, _labels, _counts) for row in compare_parts(one, other)]


def environment_differences(a: Run, b: Run) -> list[Difference]:
    """In which versions and machine two runs differ, as `{"what", "a", "b"}`; empty before both have a trace."""
    one, other = trace(a), trace(b)
    if one is None or other is None:
        return []
    mine, theirs = one.environment, other.environment
    return [
        {"what": name, "a": mine.get(key), "b": theirs.get(key)}
        for key, name in _ENVIRONMENT.items()
        if mine.get(key) != theirs.get(key)
        and not (key not in mine and one.elsewhere)  # what a recorder could not know is no difference
        and not (key not in theirs and other.elsewhere)
    ]


def metrics(a: Run, b: Run) -> dict[str, list[float | None]]:
    """Figures of both runs by name: of the last epoch, of the best one, and of the model that was saved."""
    one, other = _metrics(a), _metrics(b)
    return {name: [one[name], other[name]] for name in one}


def trace(run: Run) -> "Trace | None":
    """What trace.json says, or None before there is one."""
    return run.trace()


def findings(run: Run) -> list[Finding]:
    """What was found before and during a training."""
    return run_findings(run)


def stored_probe(a: Run, b: Run) -> "list[ProbeStage] | None":
    """What a probe of these two runs has measured, or None when there was none."""
    record = records.read(probe_path(a, b), records.PROBE)
    return record.stages if record else None


def probe_path(a: Run, b: Run) -> Path:
    """Where a probe of these two runs is kept; another model, after a resume, is another file."""
    stamps = []
    for run in (a, b):
        model = run.path / "model.keras"
        stamps.append(f"{run.id}-{model.stat().st_mtime_ns if model.is_file() else 0}")
    return paths.home() / PROBES / f"{'-'.join(stamps)}.json"


def _divergence(a: Run, b: Run) -> tuple[Divergence | None, str]:
    one, other = trace(a), trace(b)
    for run, record in ((a, one), (b, other)):
        if record is None:
            return None, f"R{run.named()[1:]} has no trace, so the first divergence cannot be found."
    if one is None or other is None:
        raise RunError("a run has no trace")
    found = first_divergence(one, other)
    if found:
        return found, found.sentence
    count = recorded_epochs(one, other)
    if count == 0:
        return None, "No epoch is recorded in both runs yet."
    return None, f"No divergence recorded: the two computations agree in all {count} epochs."


def _classes(one: "Manifest", other: "Manifest") -> list[Difference]:
    mine, theirs = one.classes, other.classes
    return [] if mine == theirs else [{"what": "classes", "a": ", ".join(mine), "b": ", ".join(theirs)}]


def _files(one: "Manifest", other: "Manifest") -> list[Difference]:
    """How many images only one of the runs has, part by part, by the content of the files."""
    rows: list[Difference] = []
    for part, name in (("train", "training images"), ("val", "validation images"), ("test", "test images")):
        mine, theirs = ({item.get("sha256", "") for item in manifest.part(part)} for manifest in (one, other))
        if mine != theirs:
            only = (f"{len(mine - theirs)} of {len(mine)}", f"{len(theirs - mine)} of {len(theirs)}")
            rows.append({"what": f"{name} that only this run has", "a": only[0], "b": only[1]})
    return rows


def _labels(one: "Manifest", other: "Manifest") -> list[Difference]:
    """Images that both have, under different labels."""
    mine, theirs = _labels_by_file(one), _labels_by_file(other)
    changed = [key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]]
    if not changed:
        return []
    example = min(changed)
    return [
        {
            "what": f"labels of {len(changed)} images, for instance",
            "a": ", ".join(sorted(mine[example])),
            "b": ", ".join(sorted(theirs[example])),
        }
    ]


def _counts(one: "Manifest", other: "Manifest") -> list[Difference]:
    rows: list[Difference] = []
    for part, name in (("train", "training"), ("val", "validation"), ("test", "test")):
        mine, theirs = len(one.part(part)), len(other.part(part))
        if mine != theirs:
            rows.append({"what": f"number of {name} images", "a": mine, "b": theirs})
    return rows


def _labels_by_file(manifest: "Manifest") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in ("train", "val", "test"):
        for item in manifest.part(part):
            found.setdefault(item.get("sha256", ""), set()).add(item["label"])
    return found


def _metrics(run: Run) -> dict[str, float | None]:
    epochs = run.epochs()
    last, saved = epochs[-1] if epochs else None, run.figures("val")
    best = {
        name: (min if name == "val_loss" else max)(known) if known else None
        for name in _MEASURES
        if (known := [value for epoch in epochs if (value := epoch.figure(name)) is not None]) is not None
    }
    return {
        **{f"final {name}": last.figure(name) if last else None for name in _MEASURES},
        **{f"best {name}": best[name] for name in _MEASURES},
        "saved val_accuracy": saved.accuracy if saved else None,
        "saved val_auc": saved.auc if saved else None,
        "saved val_loss": saved.loss if saved else None,
        "epochs": len(epochs),
    }
