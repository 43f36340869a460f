"""The report: complete, self-contained, and with nothing in it that was not meant to be passed on."""

import ast
import html.parser
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.config import PRESETS, keys, make_config, setting
from core.report.figures import curves_figure, trials_figure
from core.report.report import report_html, report_json
from core.report.script import report_script
from core.store.run_colours import SERIES
from core.store.runs import Run, RunStore
from tests.loaded_process import MARK

PIXEL = "data:image/png;base64,iVBORw0KGgo="
HOSTILE = "<script>alert('x')</script> & \"quoted\""


class Page(html.parser.HTMLParser):
    """Every tag with its attributes, and whether all that were opened are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Run, Run]:
    runs = []
    folder = tmp_path / "private data" / "hospital"
    for name, preset in ((HOSTILE, "question-bottleneck"), ("ordered", "question-end-to-end")):
        run = RunStore().create(make_config(str(folder), {}, preset=preset, name=name))
        files.write_json(run.path / "manifest.json", {"root": str(folder), "train": [], "val": []})
        for epoch, value in enumerate((0.6, 0.8, 0.9), 1):
            run.add_event("epoch", epoch=epoch, val_accuracy=value if preset == "question-bottleneck" else 0.5)
        runs.append(run)
    return runs[0], runs[1]


def result_of(a: Run, b: Run, **changes: Any) -> Any:
    trials = [
        {"name": f"{base.upper()} {HOSTILE}", "base": base, "settings": settings, "from_b": [], "seed": 1,
         "value": value, "interval": [value - 0.1, value + 0.1], "status": "finished", "run": a.id}
        for base, settings, value in (("a", {}, 0.9), ("b", {}, 0.5), ("a", {"data.shuffle": "none"}, 0.51))
    ]  # fmt: skip
    trials.append(
        {
            "name": "waits",
            "base": "a",
            "settings": {},
            "from_b": [],
            "value": None,
            "interval": None,
            "status": "waiting",
        }
    )
    return {
        "runs": [a.id, b.id], "metric": "best val_accuracy", "verdict": "single", "factors": ["data.shuffle"],
        "sentence": "data.shuffle alone takes it from 0.9 to 0.5.", "good": "a", "arms": trials,
        "gap": {"value": 0.4, "interval": [0.3, 0.5]}, "skipped": [{"key": "training.mode", "reason": "both frozen"}],
        "cost": {"spent_minutes": 3.7}, "titles": [a.title(), b.title()], "tests": [], "candidates": ["data.shuffle"],
        "noise": {"a": [0.9], "b": [0.5], "spread": 0.01}, **changes,
    }  # fmt: skip


def comparison_of(folder: Path) -> dict[str, Any]:
    return {
        "differences": {"config": [], "data": [{"what": f"files in {folder}/train", "a": 1, "b": 2}],
                        "environment": [{"what": "Keras", "a": "3.15.1", "b": "3.0.0"}]},
        "metrics": {"best val_accuracy": [0.9, 0.5], "final val_loss": [0.3, 0.7], "saved val_loss": [0.2, 0.6]},
        "paired": {"count": 160, "only_a_right": 70, "only_b_right": 3, "p_value": 1e-12},
        "first_divergence": {"stage": "labels and order", "step": {"epoch": 1, "batch": 2}, "a": "mixed", "b": HOSTILE,
                             "sentence": "There."},
        "findings": {"a": [{"id": "leak", "claim": f"in {folder}/val/1.png", "evidence": {"pictures": [PIXEL]}}],
                     "b": []},
    }  # fmt: skip


def test_the_page_tells_verdict_trials_differences_divergence_and_script(pair: tuple[Run, Run]) -> None:
    text = report_html(*pair, comparison_of(Path("/srv/x")), result_of(*pair))
    for words in (
        "One setting makes the difference", "“Shuffle” alone takes it from 0.9 to 0.5.",
        "40.0 [30.0, 50.0] points",
        "data.augmentation_draws", "both frozen", "labels and order", "epoch 1, batch 2", "McNemar, p = 1e-12", "3.0.0",
        "rng.permutation(len(x))", "3.7 minutes", "Final validation loss", "Saved validation log loss",
        "Validation loss is the loss of the epochs: the training objective, with label smoothing, focal loss and L2",
    ):  # fmt: skip
        assert words in text
    assert Page(text).open == []


def test_whatever_a_person_wrote_is_escaped(pair: tuple[Run, Run]) -> None:
    text = report_html(*pair, comparison_of(Path("/srv/x")), result_of(*pair))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "script" not in {tag for tag, _ in Page(text).tags}


def test_the_page_asks_nothing_of_the_network(pair: tuple[Run, Run]) -> None:
    text = report_html(*pair, comparison_of(Path("/srv/x")), result_of(*pair), with_images=True)
    assert "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "")
    assert {tag for tag, _ in Page(text).tags}.isdisjoint({"script", "link", "iframe", "object", "a"})
    assert [attributes["src"] for tag, attributes in Page(text).tags if tag == "img"] == [PIXEL]


def test_no_folder_of_the_machine_is_named(pair: tuple[Run, Run], tmp_path: Path) -> None:
    comparison = comparison_of(tmp_path / "private data" / "hospital")
    comparison["paired"] = {"reason": r"see C:\Users\jo\x.png, ~/secret/y.png and /opt/other/place/z.png; 1/255 stays"}
    record = report_json(*pair, comparison, result_of(*pair))
    text = json.dumps(record) + report_html(*pair, comparison, result_of(*pair))
    for secret in (str(tmp_path), "private data", "Users", "secret", "/opt", str(Path.home()), str(Path.cwd())):
        assert secret not in text
    assert record["configs"][0]["dataset"] == "hospital"
    assert record["comparison"]["paired"]["reason"] == "see x.png, y.png and z.png; 1/255 stays"
    assert record["comparison"]["findings"]["a"][0]["claim"] == "in hospital/val/1.png"


def test_there_is_no_image_unless_it_is_asked_for(pair: tuple[Run, Run]) -> None:
    comparison = comparison_of(Path("/srv/x"))
    assert PIXEL not in report_html(*pair, comparison, result_of(*pair))
    assert "data:image" not in json.dumps(report_json(*pair, comparison, result_of(*pair)))
    assert PIXEL in report_html(*pair, comparison, result_of(*pair), with_images=True)


def test_images_that_findings_name_and_on_which_the_runs_disagree_are_put_in(
    pair: tuple[Run, Run], image_folder: Any
) -> None:
    folder = image_folder("x", val=(2, 2))
    named = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.is_file())
    for run, right in zip(pair, (named[0], named[1]), strict=True):
        val = [{"path": path, "sha256": f"{k:064}", "label": "c0"} for k, path in enumerate(named)]
        files.write_json(run.path / "manifest.json", {"root": str(folder), "train": [], "val": val})
        rows = "".join(f"val,{path},c0,{'c0' if path == right else 'c1'},0.5,0.5\n" for path in named)
        (run.path / "predictions.csv").write_text(f"split,file,label,predicted,p(c0),p(c1)\n{rows}", encoding="utf-8")
    evidence = {"files": [named[2], "../../etc/passwd", "gone.png"]}
    comparison = {"findings": {"a": [{"id": "x", "claim": "y", "evidence": evidence}], "b": []}}
    record = report_json(*pair, comparison, None, with_images=True)["comparison"]
    assert len(record["findings"]["a"][0]["evidence"]["pictures"]) == 1
    assert [len(record["right_in_one_only"][name]) for name in "ab"] == [1, 1]
    page = report_html(*pair, comparison, None, with_images=True)
    sources = [attributes["src"] for tag, attributes in Page(page).tags if tag == "img"]
    assert len(sources) == 3
    assert all(str(source).startswith("data:image/jpeg;base64,/9j/") for source in sources)
    assert "Correct only in ordered" in page
    assert f"<figcaption>{'/'.join(Path(named[2]).parts[-2:])}</figcaption>" in page
    assert "<figcaption>c0. A predicts c0, B predicts c1.</figcaption>" in page
    assert "<img" not in report_html(*pair, comparison, None)
    assert evidence == comparison["findings"]["a"][0]["evidence"]  # what is shown on the page is as it was


def test_a_bisect_made_the_other_way_round_is_told_in_the_order_of_the_report(pair: tuple[Run, Run]) -> None:
    a, b = pair
    page = report_html(b, a, None, result_of(a, b))
    assert "in favour of &lt;script&gt;" in page  # the good run is the same one, although it is B now
    other = result_of(a, b)
    other["gap"] |= {"value": 0.0004}
    assert "in favour of" not in report_html(b, a, None, other), "of equal runs neither is better"
    other["gap"] |= {"value": -0.1}
    assert f"in favour of {b.title()}" in report_html(b, a, None, other)
    trials = report_json(b, a, None, result_of(a, b))["bisect"]["arms"]
    assert [(trial["base"], trial["name"][0]) for trial in trials[:3]] == [("b", "B"), ("a", "A"), ("b", "B")]


def test_there_is_a_report_without_bisect_and_comparison(pair: tuple[Run, Run]) -> None:
    text = report_html(*pair, None, None)
    assert "The cause has not been searched for yet." in text
    assert "plain Keras" not in text
    assert Page(text).open == []


@pytest.mark.parametrize("verdict", ["no-difference", "inconclusive"])
def test_a_verdict_without_a_culprit_has_no_script(pair: tuple[Run, Run], verdict: str) -> None:
    result = result_of(*pair, verdict=verdict, factors=[], gap={"value": None, "interval": None})
    assert report_json(*pair, None, result)["script"] == ""
    assert Page(report_html(*pair, None, result)).open == []


def test_the_script_starts_from_the_good_run_whichever_way_round(pair: tuple[Run, Run]) -> None:
    a, b = pair
    script = report_json(a, b, None, result_of(a, b))["script"]
    assert script == report_json(b, a, None, result_of(a, b))["script"]
    assert script == report_json(b, a, None, result_of(b, a, good="b"))["script"]
    assert "order = rng.permutation(len(x))  # <-- data.shuffle: good" in script


def test_the_figures_are_whole_svg_and_leave_out_what_has_no_value(pair: tuple[Run, Run]) -> None:
    trials = ET.fromstring(trials_figure(result_of(*pair)["arms"], "a"))
    kinds = [circle.attrib["class"] for circle in trials.iter("circle")]
    assert kinds == ["good", "bad", "between"]
    curves = ET.fromstring(curves_figure(([0.5, None, 0.9], [0.5]), [HOSTILE, "b"], SERIES[:2]))
    assert [len(line.attrib["points"].split()) for line in curves.iter("polyline")] == [2, 1]
    assert curves_figure(([], []), ["a", "b"], SERIES[:2]) == trials_figure([], "a") == ""


GOOD = make_config("sample", {}, preset="question-bottleneck")


def test_for_the_order_one_line_of_the_script_is_switched() -> None:
    bad = make_config("sample", {}, preset="question-end-to-end")
    script = report_script(GOOD, bad, ["data.shuffle"])
    lines = script.splitlines()
    index = next(k for k, line in enumerate(lines) if "<-- data.shuffle: good" in line)
    assert lines[index] == "    order = rng.permutation(len(x))  # <-- data.shuffle: good"
    assert lines[index + 1] == "    # order = np.arange(len(x))  # <-- bad"
    assert script.count("<-- ") == 3, "the switch, and the first line that tells of it"
    assert len(lines) < 60
    switched = "\n".join([*lines[:index], lines[index + 1].replace("# ", "", 1), *lines[index + 2 :]])
    ast.parse(switched)


@pytest.mark.parametrize("key", keys())
def test_the_script_of_every_setting_can_be_parsed_and_names_it(key: str) -> None:
    spec, good = setting(key), GOOD.settings()[key]
    choices = spec.metadata.get("choices") or ()
    other: Any = next((choice for choice in choices if choice != good), None)
    if other is None:
        other = not good if isinstance(good, bool) else good
    settings = {**PRESETS["question-bottleneck"], key: other}
    if key in ("model.backbone", "training.unfreeze_from", "training.mode"):
        settings |= {"model.backbone": "ResNet50", "training.mode": "end_to_end"}
        settings |= {"training.unfreeze_from": "all"} if key != "model.backbone" else {}
    script = report_script(GOOD, make_config("sample", settings), [key])
    ast.parse(script)
    left_out = ("training.seed", "training.literal")
    assert key in script or key in left_out


def test_a_list_of_steps_is_told_as_random_layers() -> None:
    bad = make_config("sample", {"data.augmentation": "flip both, rotation 36, shift 0.1 horizontal, channel_shift 51"})
    good = make_config("sample", {"data.augmentation": "strong"})
    script = report_script(good, bad, ["data.augmentation"])
    ast.parse(script)
    assert (
        "# augment = keras.Sequential([keras.layers.RandomFlip('horizontal_and_vertical'), "
        "keras.layers.RandomRotation((-0.1, 0.1)), keras.layers.RandomTranslation(0.0, (-0.1, 0.1)), "
        "keras.layers.RandomBrightness((-0.2, 0.2))])  # <-- bad"
    ) in script


def test_two_culprits_are_two_switches() -> None:
    bad = make_config("sample", {"data.shuffle": "none", "training.learning_rate": 0.7}, preset="question-bottleneck")
    script = report_script(GOOD, bad, ["data.shuffle", "training.learning_rate"])
    assert "RATE = 0.0007  # <-- training.learning_rate: good\n# RATE = 0.7  # <-- bad" in script
    assert script.count(": good") == 2


@pytest.mark.slow
def test_the_script_runs(image_folder: Any, tmp_path: Path) -> None:
    folder = image_folder(train=(8, 3), val=(3, 3), size=32)
    settings = {"data.image_size": 32, "model.weights": "none", "training.epochs": 2, "data.batch_size": 4}
    good, bad = (
        make_config("sample", {**settings, "data.shuffle": order, "data.sampling": sampling})
        for order, sampling in (("samples", "balanced"), ("batches", "all"))
    )
    script = report_script(good, bad, ["data.shuffle", "data.sampling"]).replace("'data'", repr(str(folder)))
    assert "    # rows = np.arange(len(x))  # <-- bad\n    order = rows[order]\n" in script
    result = subprocess.run(
        [sys.executable, "-c", MARK + script], capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("val_accuracy") == 2


def test_a_report_tells_both_questions_and_the_values_and_draws_one_row_a_combination(pair: tuple[Run, Run]) -> None:
    trials: list[dict[str, Any]] = [
        {"name": f"A again, training.seed {seed}", "base": "a", "settings": {}, "from_b": [], "seed": seed,
         "run": str(seed), "value": 0.9, "interval": [0.8, 0.95], "status": "finished", "seconds": 2.0}
        for seed in (2, 3, 4)
    ]  # fmt: skip
    new: dict[str, Any] = {
        "measured": [{"from_b": [], "value": 0.9, "interval": [0.88, 0.92], "seeds": 3}],
        "other_images": {"sentence": "On other images it <would> hold."},
        "auc": {"value": None, "interval": None, "a": [], "b": [], "sentence": "AUC is lower by 0.1."},
        "values": {"data.shuffle": {"a": "samples", "b": "none"}}, "why": {"data.shuffle": "Because so."},
        "note": "Early stopping in run A has chosen.", "part": "val",
    }  # fmt: skip
    page = report_html(*pair, None, result_of(*pair, arms=trials, **new))
    assert Page(page).open == []
    assert "On other images it &lt;would&gt; hold." in page
    assert "<td>Shuffle</td><td>Every epoch</td><td>Off</td><td>Because so.</td>" in page
    assert page.count("A again, 3 seeds") == 1
    turned = report_html(pair[1], pair[0], None, result_of(*pair, arms=trials, **new))
    assert "<td>Shuffle</td><td>Off</td><td>Every epoch</td>" in turned
