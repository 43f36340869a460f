"""A run as a zip and back: everything that matters comes back, nothing private goes, and no zip harms who takes it."""

import gzip
import hashlib
import io
import json
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import files
from core.__main__ import main
from core.compare.compare import findings
from core.compare.paired import answers
from core.errors import DataError, RunError, UserError
from core.export.bundle import RECORDS
from core.export.bundle_import import import_bundle
from core.export.export_client import export_run
from core.insight import reference
from core.store.examples import EXAMPLES, install
from core.store.notes import Note, read_note, write_note
from core.store.runs import METRICS, Run, RunStore, Status
from core.workers import try_model_client as importing
from tests.keras_file import keras_file

Contents = dict[str, bytes]

TRIED = {"parameters": 5, "answers": {"images": 13, "outputs": 1, "sums": [0.1, 0.9], "varies_with": []}}
"""What the trial of a model says, but for its shape."""


@pytest.fixture
def example_run() -> Run:
    install()
    return next(run for run in RunStore().list() if run.has_model())


@pytest.fixture
def packed(example_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The zip of a run that belongs to somebody and has left traces; afterwards the home is another, empty one."""
    files.write_json(example_run.path / "owner.json", "ada@lab.example")
    (example_run.path / "worker.log").write_text("secret")
    write_note(example_run, "keep this one", ["chest"])
    remember(example_run)
    (example_run.path / "resume").mkdir()
    (example_run.path / "resume" / "checkpoint.npz").write_bytes(b"x")
    path = export_run(example_run, "zip", tmp_path / "run").path
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "other"))
    return path


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What the zip of a run holds, but for the model, which would make every case take a second."""
    folder = tmp_path_factory.mktemp("packed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(folder / "home"))
        install()
        run = next(run for run in RunStore().list() if run.has_model())
        (run.path / "model.keras").unlink()
        return read(export_run(run, "zip", folder / "run").path)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's trial, without the ten seconds it takes."""
    monkeypatch.setattr(importing, "_try", lambda path, loader: {**TRIED, "image_size": 224, "outputs": 1})


def remember(run: Run) -> None:
    """Features of three training images, as a training keeps them."""
    features = np.eye(3, 4, dtype=np.float32)
    reference.write(run, features, np.array([0, 5, 9]), reference.measure(features, np.ones((25, 4), np.float32)))


def read(path: Path) -> Contents:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(contents: Contents, *, label: bool = True) -> io.BytesIO:
    """A zip of these contents, with hashes that fit where `label` says so."""
    if label:
        record = json.loads(contents["parity.json"])
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        contents = {**contents, "parity.json": json.dumps({**record, "files": hashes}).encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    out.seek(0)
    return out


def changed(contents: Contents, name: str, change: Callable[[Any], object]) -> Contents:
    """The contents with one record changed."""
    record = json.loads(contents[name])
    change(record)
    return {**contents, name: json.dumps(record).encode()}


def nothing_is_left() -> bool:
    home = RunStore().root.parent
    return not RunStore().list() and not list((home / "quarantine").glob("*"))


def test_what_goes_along_names_no_person_and_no_folder(packed: Path, example_run: Run, home: Path) -> None:
    contents = read(packed)
    assert set(contents) == {"parity.json", "README.md", "labels.txt", "model.keras", "reference.npz", *RECORDS} - {
        "recorder.json"  # only of a training in somebody's own code
    }
    assert b"ada@lab.example" not in b"".join(contents.values())
    for name, content in contents.items():
        assert str(home).encode() not in content, name
    assert json.loads(contents["parity.json"])["run"] == example_run.id
    assert contents["README.md"].startswith(b"---\n")


@pytest.mark.usefixtures("tried")
def test_a_run_comes_back_as_it_was(packed: Path, example_run: Run) -> None:
    run = import_bundle(packed, owner="bob")
    assert run.path.parent == RunStore().root != example_run.path.parent
    assert (run.id, run.title(), run.owner()) == (example_run.id, "Sample: pooled head", "bob")
    assert run.config() == example_run.config()
    assert run.history() == example_run.history()
    assert len(run.history()["loss"]) == 15
    assert run.evaluation() == example_run.evaluation()
    assert findings(run) == findings(example_run)
    assert read_note(run) == Note("keep this one", ("chest",))
    features = np.ones((1, 4), np.float32)
    mine, theirs = reference.read(run), reference.read(example_run)
    assert mine is not None
    assert theirs is not None
    assert mine.nearest(features, 3) == theirs.nearest(features, 3)
    assert mine.ood_limit.to_record() == theirs.ood_limit.to_record()
    assert answers(run) == answers(example_run)
    assert (run.path / "model.keras").read_bytes() == (example_run.path / "model.keras").read_bytes()
    status = run.status()
    assert (status.status, status.message) == ("finished", "Imported from a zip.")
    assert status.created == example_run.status().created
    assert run.data().root == str(RunStore().root.parent / "sample" / "sample-v1")
    with pytest.raises(RunError, match=r"exists already; nothing was changed$"):
        import_bundle(packed)
    assert not list((RunStore().root.parent / "quarantine").glob("*"))


@pytest.mark.usefixtures("tried")
def test_a_run_that_was_stopped_is_over_and_its_images_are_nowhere(records: Contents) -> None:
    contents = changed(records, "status.json", lambda record: record.update(status="stopped", pid=1))
    contents = changed(contents, "manifest.json", lambda record: record.update(root="/etc"))
    contents = changed(contents, "config.json", lambda record: record.update(dataset="pets"))
    run = import_bundle(pack(contents))
    assert run.status().message == "Imported from a zip. Status there: stopped."
    assert run.read_status().pid is None
    with pytest.raises(RunError, match=r"has finished; only a stopped, failed or interrupted run can be resumed"):
        run.requeue()
    root = Path(run.data().root)
    assert root.name == "etc"
    assert not root.exists()
    assert root.is_relative_to(RunStore().root.parent)


def harm(name: str, change: Callable[[Any], object]) -> Callable[[Contents], io.BytesIO]:
    return lambda contents: pack(changed(contents, name, change))


def extra(name: str, content: bytes = b"x") -> Callable[[Contents], io.BytesIO]:
    return lambda contents: pack({**contents, name: content})


def without(name: str) -> Callable[[Contents], io.BytesIO]:
    return lambda contents: pack({key: value for key, value in contents.items() if key != name})


def text_of(name: str, old: bytes, new: bytes) -> Callable[[Contents], io.BytesIO]:
    return lambda contents: pack({**contents, name: contents[name].replace(old, new, 1)})


HOSTILE: list[tuple[str, Callable[[Contents], io.BytesIO], str]] = [
    ("path that leads out", extra("../evil.json"), r"\.\./evil\.json, which is not part of a run"),
    ("absolute path", extra("/etc/passwd"), "/etc/passwd, which is not part of a run"),
    ("program", extra("sitecustomize.py"), r"sitecustomize\.py, which is not part of a run"),
    ("resume", extra("resume/checkpoint.npz"), "which is not part of a run"),
    ("owner", extra("owner.json", b'"admin"'), r"owner\.json, which is not part of a run"),
    ("no label", lambda c: pack({k: v for k, v in c.items() if k != "parity.json"}, label=False),
     "is not a zip of a run: it has no parity.json"),
    ("newer form", harm("parity.json", lambda r: r.update(format=4)), r"newer version of Parity \(form 4\)"),
    ("no version", harm("parity.json", lambda r: r.update(format=True)), "has no version"),
    ("newer settings", harm("config.json", lambda r: r.update(format=7)), "this configuration has format 7; this ver"),
    ("id that is a path", harm("parity.json", lambda r: r.update(run="../../x")), r'"\.\./\.\./x" is not a run id'),
    ("no manifest", without("manifest.json"), r"has no manifest\.json, which is required"),
    ("changed afterwards", lambda c: pack({**c, "events.jsonl": b""}, label=False), "differs from what was packed"),
    ("no JSON", extra("trace.json", b"{"), r"trace\.json of this run is damaged: it is not JSON"),
    ("deep JSON", extra("trace.json", b"[" * 10**5), r"trace\.json of this run is damaged: it is not JSON"),
    ("unknown setting", harm("config.json", lambda r: r["data"].update(evil=1)), "there is no setting"),
    ("more stages than blocks",
     harm("config.json", lambda r: r["training"].update(mode="fine_tune", unfreeze_from="top", finetune_stages=9)),
     "training.finetune_stages is 9, but from top on EfficientNetLite0 has 1 block"),
    ("image elsewhere", harm("manifest.json", lambda r: r["val"][0].update(path="../../etc/passwd")),
     r"manifest\.json\.val\[0\]\.path points outside the dataset"),
    ("absolute image", harm("manifest.json", lambda r: r["val"][0].update(path="/etc/passwd")), "points outside"),
    ("label of no class", harm("manifest.json", lambda r: r["val"][0].update(label="zzz")),
     r"manifest\.json\.val has an image of “zzz”, which is not among its classes"),
    ("one class", harm("manifest.json", lambda r: r.update(classes=["a"])), "two or more different classes"),
    ("a class that cannot be shown", harm("manifest.json", lambda r: r.update(classes=["a", "b\x1b[31m"])),
     "the class name b\N{REPLACEMENT CHARACTER}"),
    ("half a character", harm("manifest.json", lambda r: r.update(classes=["a", "\ud800"])), "the class name"),
    ("a long class", harm("manifest.json", lambda r: r.update(classes=["a", "b" * 5000])), "the class name bbb"),
    ("other classes", harm("evaluation.json", lambda r: r.update(classes=["a", "b"])), "does not agree with the rest"),
    ("made before time", harm("status.json", lambda r: r.update(created=-1e18)), "status.json: created is invalid"),
    ("made far ahead", harm("status.json", lambda r: r.update(created=1e18)), "status.json: created is invalid"),
    ("no accuracy", text_of("events.jsonl", b'"val_accuracy": 0', b'"val_accuracy": 7'), "events.jsonl: val_accuracy"),
    ("status unknown", harm("status.json", lambda r: r.update(status="running!")), "is not one of the allowed values"),
    ("figures", harm("evaluation.json", lambda r: r["val"].update(accuracy="1")), r"val\.accuracy is not a number"),
    ("matrix", harm("evaluation.json", lambda r: r["val"].update(confusion=[[1]])), "has not 2 entries"),
    ("mix", harm("trace.json", lambda r: r["epochs"][0].update(mix=[[1]])), r"mix\[0\] has not 2 entries"),
    ("finding", harm("findings.json", lambda r: r.update(findings=[{"id": 1}])), r"findings\[0\] lacks severity"),
    ("event", extra("events.jsonl", b'{"event": "epoch", "loss": "x"}\n'), r"events\.jsonl\[0\]\.loss is not a number"),
    ("note", extra("note.json", b'{"text": "x", "tags": [1]}'), r"note\.json\.tags\[0\] is not text"),
    ("reference", extra("reference.npz", b"PK"), r"reference\.npz is damaged"),
    ("columns", text_of("predictions.csv", b"split", b"=cmd"), "predictions.csv: its columns are not those of a run"),
    ("a formula", text_of("predictions.csv", b",0.", b",=0."), "predictions.csv: line 2 is not in the format of a run"),
    ("pickle as model", extra("model.keras", b"\x80\x04pickle"), "this is a pickle"),
    ("no zip", lambda c: io.BytesIO(b"MZ" * 500), "is not a zip file"),
    ("empty", lambda c: io.BytesIO(b""), "is an empty file"),
    ("cut off", lambda c: io.BytesIO(pack(c).getvalue()[:5000]), "is truncated"),
]  # fmt: skip


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize(("make", "words"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_hostile_zip_is_refused_in_one_sentence_and_leaves_nothing(
    records: Contents, make: Callable[[Contents], io.BytesIO], words: str
) -> None:
    with pytest.raises(UserError, match=words) as caught:
        import_bundle(make(records))
    assert "\n" not in str(caught.value)
    assert nothing_is_left()


@pytest.mark.parametrize("lost", [1, 22, 100, 2_000])
def test_a_zip_cut_off_behind_its_model_is_not_taken_for_the_model(records: Contents, lost: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in {**records, "model.keras": keras_file(), "reference.npz": bytes(5_000)}.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match=r"is truncated: its list of contents is missing"):
        import_bundle(io.BytesIO(whole.getvalue()[:-lost]))
    assert nothing_is_left()


@pytest.mark.usefixtures("tried")
def test_links_bombs_and_lies_about_sizes_are_refused(records: Contents, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("trace.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for info, content, words in (
        (link, b"/etc/passwd", "contains a symbolic link"),
        (zipfile.ZipInfo("trace.json"), b" " * 30_000_000, "unpacks to more than 200 times its size"),
    ):
        out = pack({key: value for key, value in records.items() if key != "trace.json"})
        with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
        with pytest.raises(DataError, match=words):
            import_bundle(out)
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(70):
            archive.writestr(f"{number}.json", "{}")
    with pytest.raises(DataError, match=r"many\.zip has 70 entries; at most 64 are accepted"):
        import_bundle(many)
    assert nothing_is_left()


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize("around", ["", "my run/", "Downloads/my run/"])
def test_a_zip_packed_again_by_finder_or_explorer_is_taken_in(records: Contents, around: str) -> None:
    inside = {around + name: content for name, content in records.items()}
    left = {f"__MACOSX/{around}._{name}": b"x" for name in records}
    folders = {around: b""} if around else {}
    leftovers = {around + ".DS_Store": b"x", "__MACOSX/": b"", around + "Thumbs.db": b"", around + "desktop.ini": b""}
    run = import_bundle(pack({**folders, **inside, **left, **leftovers}, label=False))
    assert run.id == json.loads(records["parity.json"])["run"]


def test_a_zip_around_the_zip_is_named(records: Contents) -> None:
    with pytest.raises(DataError, match=r"holds my run\.zip; unpack it and give that file"):
        import_bundle(pack({"x/my run.zip": b"PK"}, label=False))


def test_a_model_for_other_images_is_refused(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_try", lambda path, loader: {**TRIED, "image_size": 32, "outputs": 3})
    with pytest.raises(
        DataError, match=r"takes images of 32 pixels and tells 3 classes apart; its records say 224 and 2"
    ):
        import_bundle(packed)
    assert nothing_is_left()


def test_a_run_at_work_or_without_records_is_not_packed(example_run: Run, tmp_path: Path) -> None:
    ended = example_run.read_status()
    (example_run.path / "events.jsonl").unlink()
    with pytest.raises(RunError, match=r"has no events\.jsonl, so it cannot be exported"):
        export_run(example_run, "zip", tmp_path / "x")
    example_run.write_status(Status.in_queue(ended.created))
    with pytest.raises(RunError, match=r"is queued; wait until it has ended, or stop it$"):
        export_run(example_run, "zip", tmp_path / "x")
    assert not list(tmp_path.glob("*x*"))


@pytest.mark.usefixtures("tried")
def test_a_zip_of_the_form_before_this_one_still_comes(records: Contents) -> None:
    first = changed(records, "parity.json", lambda record: record.update(format=1))
    assert first.pop("labels.txt") == b"NORMAL\nPNEUMONIA\n"
    assert import_bundle(pack(first)).status().status == "finished"


def test_a_run_without_a_model_goes_and_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    records = next(run for run in RunStore().list() if not run.has_model())
    path = export_run(records, "zip", tmp_path / "records").path
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "other"))
    run = import_bundle(path)
    assert not run.has_model()
    assert [len(run.history()[name]) for name in METRICS] == [10] * len(METRICS)


@pytest.mark.slow
def test_the_command_brings_a_run_with_its_model_tried_for_real(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import-run", str(packed), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record == {"run": RunStore().list()[0].id, "status": "finished", "model": True}
    model = RunStore().list()[0].path / "model.keras"
    assert model.read_bytes() == gzip.decompress(next(EXAMPLES.rglob("model.keras.gz")).read_bytes())
    assert main(["import-run", str(tmp_path / "gone.zip")]) == 1
    assert "gone.zip is not a file; give a zip written by `export --format zip`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "status.json",
            b'{"status": "finished", "x": [' + b"{}," * 90_000 + b"{}]}",
            "has .* bytes; at most 200,000 are",
        ),
        ("events.jsonl", b"{}\n" * 3_000_000, "has more than 110,000 lines"),
        ("events.jsonl", b"[" + b"[]," * 4_000_000 + b"[]]\n", "has more than 5,000,000 values"),
        ("manifest.json", b'{"train": [' + b"{}," * 7_000_000 + b"{}]}", "has more than 12,000,000 values"),
        ("predictions.csv", b"\n" * 3_000_000, "has more than 1,000,000 lines"),
        ("predictions.csv", b"split\n" + b"," * 3_000_000, "has a line of more than 1,000,000 characters"),
    ],
)
def test_records_of_more_than_any_run_has_are_refused_before_they_take_memory(
    records: Contents, name: str, content: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.data.zip_plan.MAX_RATIO", 10**6)  # what shrinks less does not meet that limit
    packed = pack({**records, name: content})
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=f"{name}.* {words}"):
            import_bundle(packed)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    assert nothing_is_left()
