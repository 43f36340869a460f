"""All checks together: what each has to keep to, what healthy data say, and what the presets say."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core import files
from core.checks.finding import SEVERITIES, Finding
from core.checks.preflight import CHECKS, findings_record, preflight
from core.config import make_config
from core.data import images
from core.data.dataset import open_dataset

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
# fmt: off
CATALOGUE = (
    "class-ordered-batches", "single-class-batches", "steps-zero", "partial-batch-dropped", "tiny-last-batch",
    "class-index-mismatch", "hidden-dir-as-class", "lexicographic-class-order", "positive-class-inverted",
    "class-imbalance-baseline", "class-weight-mismatch", "skipped-files", "conflicting-labels",
    "leak-exact-duplicate", "leak-near-duplicate", "leak-patient", "split-after-sort", "val-too-small",
    "prior-shift-val", "wrong-preprocess-for-backbone", "train-val-preprocess-mismatch", "double-rescale",
    "grayscale-channels", "sixteen-bit-png", "deep-colour", "several-pages", "alpha-dropped", "exif-orientation",
    "aspect-stretch-vs-crop",
    "input-too-small", "corrupt-image", "bottleneck-one-draw", "label-breaking-augmentation",
    "base-not-frozen", "freeze-index-wrong", "unfreeze-high-lr", "finetune-from-random-head",
    "weights-not-loaded", "flatten-vs-gap", "dropout-too-strong", "lr-out-of-range", "last-vs-best-weights",
    "batch-norm-of-one", "label-smoothing-strong",
    "mixed-precision",
)
OURS = (
    "part-named-class", "class-in-one-part", "folders-left-out",
    "test-as-validation", "duplicate-within-split", "mode-reveals-class", "size-upscaled", "too-few-updates",
    "group-pattern", "setting-without-effect", "augmentation-hides-object",
    "blank-images", "cut-off-images", "constant-class", "val-from-few-groups", "leak-group", "leak-sequence",
    "few-of-a-class", "rate-falls-early",
    "leak-altered-copy", "altered-copy-within-split", "altered-copy-in-two-classes",
    "parts-differ", "test-images-differ", "class-told-by-mark", "class-told-by-compression", "class-told-by-looks",
)
# fmt: on


def id_of(check) -> str:
    return check.__name__.replace("_", "-")


def said(findings: list[Finding], severity: str) -> list[str]:
    return [finding.id for finding in findings if finding.severity == severity]


def test_the_list_has_every_check_once_and_no_other():
    assert sorted(map(id_of, CHECKS)) == sorted(CATALOGUE + OURS)


@pytest.mark.parametrize("check", CHECKS, ids=id_of)
def test_every_check_explains_itself_is_in_the_docs_and_says_nothing_on_healthy_data(check, make_context):
    assert (check.__doc__ or "").strip()
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", id_of(check))
    assert f"| `{id_of(check)}` |" in DOCS
    assert check(make_context()) is None


def test_the_docs_have_no_check_that_is_not_there():
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", DOCS.split("\n## At which learning rates")[0], re.MULTILINE) == [
        id_of(check) for check in CHECKS
    ]


@pytest.mark.parametrize("check", CHECKS, ids=id_of)
def test_no_check_fails_on_a_data_set_without_images(check, make_context):
    assert check(make_context(counts={"train": {"cat": 0, "dog": 0}, "val": {"cat": 0, "dog": 0}})) is None


def test_findings_come_worst_first_and_go_into_json(make_context):
    context = make_context(
        preset="question-end-to-end", counts={"train": {"a": 400, "b": 400}, "val": {"a": 8, "b": 8}}
    )
    findings = [finding for check in CHECKS if (finding := check(context))]
    assert "class-ordered-batches" in said(findings, "error")
    assert {finding.severity for finding in findings} == set(SEVERITIES)
    record = json.loads(json.dumps(findings_record(findings), allow_nan=False))
    assert [Finding(**entry) for entry in record["findings"]] == findings
    for finding in findings:
        assert finding.claim.endswith(".")
        make_config("sample", finding.change)  # every button sets what may be set


@pytest.mark.parametrize(
    "settings",
    [
        {"data.shuffle": "none"},
        {"data.shuffle": "batches"},
        {"data.drop_remainder": True, "data.batch_size": 256},
        {"data.drop_remainder": True, "data.batch_size": 35},
        {"data.preprocessing": "rescale"},
        {"data.preprocessing": "rescale", "model.backbone": "EfficientNetB0"},
        {"data.image_size": 48},
        {"data.image_size": 1024},
        {"data.augmentation": "question", "data.augmentation_draws": 1},
        {"training.class_weight": "balanced"},
        {"training.mode": "end_to_end", "training.unfreeze_from": "all"},
        {"training.mode": "end_to_end", "training.unfreeze_from": "block7"},
        {"training.mode": "fine_tune", "training.finetune_learning_rate": 1e-2, "training.unfreeze_from": "stem"},
        {"model.weights": "none"},
        {"training.learning_rate": 0.7},
        {"training.epochs": 1},
        {"model.dropout": 0.7},
        {"model.pooling": "flatten", "model.dense_units": 128},
        {"training.early_stopping": 0},
        {"training.precision": "bfloat16"},
    ],
    ids=str,
)
def test_one_click_on_each_finding_repairs_what_it_says(make_context, settings):
    context = make_context(settings)
    changeable = [(check, finding) for check in CHECKS if (finding := check(context)) and finding.change]
    assert changeable
    for check, finding in changeable:
        assert check(make_context({**settings, **finding.change})) is None, finding.id


def test_a_real_folder_is_checked_and_its_findings_sorted(image_folder):
    folder = image_folder(train=(60, 60), val=(50, 50), size=100)
    config = make_config(str(folder), {"data.shuffle": "none", "model.dropout": 0.8, "data.image_size": 96})
    findings = preflight(config, open_dataset(config.dataset, config.data))
    assert [(f.severity, f.id) for f in findings] == [
        ("error", "class-ordered-batches"),
        ("info", "dropout-too-strong"),
    ]
    healthy = make_config(str(folder), {"data.image_size": 96})
    assert preflight(healthy, open_dataset(healthy.dataset, healthy.data)) == []


def test_the_checks_load_no_tensorflow():
    program = "import sys, core.checks.preflight; print({'tensorflow', 'keras'} & sys.modules.keys())"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "errors", "warnings", "infos"),
    [
        ("recommended", [], [], []),
        (
            "question-bottleneck",
            [],
            ["bottleneck-one-draw", "label-breaking-augmentation"],
            ["wrong-preprocess-for-backbone", "dropout-too-strong", "flatten-vs-gap", "last-vs-best-weights"],
        ),
        (
            "question-end-to-end",
            ["class-ordered-batches"],
            ["label-breaking-augmentation"],
            ["wrong-preprocess-for-backbone", "dropout-too-strong", "flatten-vs-gap", "last-vs-best-weights"],
        ),
    ],
)
def test_the_sample_with_each_preset(sample_home, monkeypatch, preset, errors, warnings, infos):
    monkeypatch.setenv("PARITY_HOME", str(sample_home))
    config = make_config("sample", {}, preset=preset)
    findings = preflight(config, open_dataset("sample", config.data))
    assert [said(findings, severity) for severity in SEVERITIES] == [errors, warnings, infos]


def test_real_x_rays_with_sensible_settings_show_true_findings_only(test_data, xrays_cache, home, monkeypatch):
    shutil.copytree(xrays_cache, home / "cache")
    monkeypatch.setattr(images, "_read", None)  # the first look was another process'; this one decodes nothing
    config = make_config(str(test_data / "data" / "chest_xray"), {})
    dataset = open_dataset(config.dataset, config.data)
    findings = {finding.id: finding for finding in preflight(config, dataset)}
    assert list(findings) == [
        "leak-exact-duplicate",
        "leak-patient",
        "class-imbalance-baseline",
        "duplicate-within-split",
    ]
    assert findings["leak-exact-duplicate"].evidence["groups"] == 10
    patients = findings["leak-patient"].evidence
    assert (patients["groups_in_both"], patients["groups"]) == (411, 2819)
    assert patients["share"] == pytest.approx(529 / 878, abs=1e-4)
    assert findings["class-imbalance-baseline"].evidence["val"] == {"NORMAL": 237, "PNEUMONIA": 641}
    assert findings["duplicate-within-split"].evidence["groups"] == 13


def test_findings_record_is_what_a_run_keeps(tmp_path):
    record = findings_record([Finding("a-b", "info", "It is.", {"n": float("nan")}, "Do.", {"model.dropout": 0.5})])
    files.write_json(tmp_path / "findings.json", record)
    assert files.read_json(tmp_path / "findings.json")["findings"] == [
        {"id": "a-b", "severity": "info", "claim": "It is.", "evidence": {"n": None}, "remedy": "Do.",
         "change": {"model.dropout": 0.5}}
    ]  # fmt: skip
