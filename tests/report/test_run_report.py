"""The report of one run: complete, self-contained, without folders of this machine, also of a damaged run."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core import files
from core.__main__ import main
from core.config import make_config
from core.environment import program_version
from core.report.images import MISTAKES
from core.report.markdown import markdown
from core.report.run_report import run_report
from core.store.notes import write_note
from core.store.runs import Run, RunStore, Status
from tests.report.test_report import Page

HOSTILE = "<script>alert('x')</script> & Größe"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "private data" / "hospital"
    made = RunStore().create(make_config(str(folder), {"training.learning_rate": 0.02}, name=HOSTILE))
    images = [{"path": f"{k}.png", "label": "ab"[k % 2], "sha256": f"{k}"} for k in range(4)]
    files.write_json(
        made.path / "manifest.json", {"root": str(folder), "classes": ["a", "b"], "train": images, "val": images}
    )
    for epoch in range(1, 4):
        made.add_event("epoch", epoch=epoch, loss=1 / epoch, val_loss=0.9 / epoch, accuracy=0.5, val_accuracy=0.6)
    roc = {"b": {"false_positive_rate": [0, 0, 1], "true_positive_rate": [0, 1, 1], "auc": 0.9}}
    figures = {
        "accuracy": 0.75, "count": 4, "correct": 3, "interval": [0.3, 0.95], "auc": 0.9, "loss": 0.4, "roc": roc,
        "majority_class": "a", "majority_share": 0.5, "confusion": [[2, 0], [1, 1]], "worst": [],
        "per_class": [{"class": name, "precision": 0.7, "recall": 0.8, "f1": 0.75, "support": 2} for name in "ab"],
    }  # fmt: skip
    files.write_json(made.path / "evaluation.json", {"classes": ["a", "b"], "weights": "epoch 3", "val": figures})
    claim = f"Files in {folder}/train are odd: <img src=x>"
    files.write_json(made.path / "findings.json", {"findings": [{"id": "odd", "severity": "error", "claim": claim}]})
    write_note(made, "a note of mine", ["paper"])
    made.write_status(Status(status="finished", created=5.0, seconds={"total": 7.0}))
    return made


def test_the_page_has_all_of_it_and_asks_for_nothing(run: Run, tmp_path: Path) -> None:
    text = run_report(run)
    page = Page(text)
    assert page.open == []
    names = {name for name, _ in page.tags}
    assert names.isdisjoint({"script", "img", "link", "iframe", "a"})
    assert len([name for name, _ in page.tags if name == "svg"]) == 3, "loss, accuracy, ROC"
    parts = ("Curves", "On the validation images", "Findings", "Settings", "Model card", "a note of mine")
    for part in (*parts, "training.learning_rate", "0.02", "hospital", "Größe", "paper"):
        assert part in text, part
    for part in (
        "01 January 1970",
        "75.0 % (95 % CI 30.0 to 95.0)",
        f"Parity {program_version()}, ",
        "4 for validation",
    ):
        assert part in text, part
    assert "default-src 'none'" in text
    assert str(tmp_path) not in text
    assert "private data" not in text
    assert "<script" not in text


def test_a_head_that_is_a_list_is_no_head_without_dropout() -> None:
    listed = RunStore().create(make_config("sample", {"model.head": "dropout 0.3, dense 8 elu"}))
    text = run_report(listed)
    assert "Dropout 0.3, dense 8 elu" in text
    assert "Dropout 0.2" in text, "the recommended one, in the same form"
    assert "model.dropout" not in text
    assert "model.dropout" in run_report(RunStore().create(make_config("sample", {})))


def test_a_damaged_run_has_a_report_of_what_is_left(run: Run) -> None:
    (run.path / "config.json").write_text("{")
    (run.path / "evaluation.json").write_text("[]")
    text = run_report(run)
    assert Page(text).open == []
    assert "Not readable" in text
    assert "Curves" in text
    assert "On the validation images" not in text


def test_the_command_writes_it(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "reports" / "mine"
    assert main(["report", run.id, "--out", str(out), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record == {"run": run.id, "file": f"{out}.html", "bytes": len(run_report(run).encode())}
    assert Path(f"{out}.html").read_text(encoding="utf-8") == run_report(run)
    (tmp_path / "folder.html").mkdir()
    assert main(["report", run.id, "--out", str(tmp_path / "folder.html")]) == 1
    assert "folder.html is a folder" in capsys.readouterr().err
    assert main(["report", run.id, "--out", str(out)]) == 1
    assert "exists already; give another file to --out, or --force to replace it" in capsys.readouterr().err
    assert main(["report", run.id, "--out", str(out), "--force"]) == 0
    assert main(["report", "nobody", "--out", "x"]) == 1


def test_markdown_of_a_card_becomes_html_and_nothing_else_does() -> None:
    assert markdown("# A & B\n\n**bold** `code` \\*star\\* \\<b\\> <i>") == (
        "<h2>A &amp; B</h2><p><b>bold</b> <code>code</code> *star* &lt;b&gt; &lt;i&gt;</p>"
    )
    assert markdown("| a | b |\n|---|---|\n| 1 | x\\|y |") == (
        "<div class=wide><table><thead><tr><th>a</th><th>b</th></tr></thead>"
        "<tbody><tr><td>1</td><td>x|y</td></tr></tbody></table></div>"
    )
    assert markdown("- one\n- two") == "<ul><li>one</li><li>two</li></ul>"
    assert markdown("```python\nif a < b:\n```") == "<pre><code>if a &lt; b:\n</code></pre>"


def test_one_cause_is_one_card_with_its_remedy_in_the_words_of_the_form(run: Run) -> None:
    single = {
        "id": "single-class-batches", "severity": "error", "claim": "40 of 40 batches hold a single class.",
        "evidence": {"single_class_batches": 40, "files": [f"{k}.png" for k in range(9)]},
        "remedy": "Shuffle: data.shuffle=samples.", "change": {"data.shuffle": "samples"},
    }  # fmt: skip
    order = {**single, "id": "class-ordered-batches", "severity": "warning", "claim": "The files come class by class."}
    files.write_json(run.path / "findings.json", {"findings": [single, order]})
    text = run_report(run)
    assert Page(text).open == []
    assert text.count("<article") == 1
    assert '<article class="finding error">' in text
    assert "Shuffle: “Shuffle” set to “Every epoch”." in text
    assert "single-class-batches" not in text
    assert "<td>Single class batches</td><td>40</td>" in text
    assert "The first 6 of 9." in text


def test_the_worst_mistakes_are_shown_small_where_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "private data" / "hospital"
    folder.mkdir(parents=True)
    for k in range(20):
        Image.effect_noise((900, 600), 90).save(folder / f"{k}.png")
    Image.effect_noise((900, 600), 90).save(tmp_path / "outside.png")
    files.write_json(run.path / "evaluation.json", {"classes": ["a", "b"], "val": with_mistakes(run)})
    assert "<img" not in run_report(run)
    text = run_report(run, with_images=True)
    page = Page(text)
    assert page.open == []
    shown = [dict(attributes) for name, attributes in page.tags if name == "img"]
    assert len(shown) == MISTAKES
    assert shown[0]["alt"] == "<b>, predicted as a (99 %)", (
        "highest confidence first, and nothing from outside the dataset"
    )
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,") for image in shown)
    assert len(text) - len(run_report(run)) < MISTAKES * 20_000
    assert str(tmp_path) not in text


def with_mistakes(run: Run) -> dict[str, Any]:
    worst = [{"file": f"{k}.png", "label": "<b>", "predicted": "a", "probability": 0.99 - k / 100} for k in range(20)]
    outside = {"file": "../../outside.png", "label": "out", "predicted": "a", "probability": 1.0}
    figures = files.read_json(run.path / "evaluation.json")["val"]
    return {**figures, "worst": [*worst[::-1], outside]}
