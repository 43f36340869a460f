"""Sentences and evidence for a person who has the form, not the keys."""

import ast
from pathlib import Path

import pytest

from core.checks.evidence_tables import evidence_tables
from core.checks.in_words import form_words
from core.config import keys

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("Shuffle: data.shuffle=samples.", "Shuffle: “Shuffle” set to “Every epoch”."),
        ("Keep it: data.drop_remainder=false.", "Keep it: “Drop the last partial batch” set to “off”."),
        ("(data.augmentation=none), or", "(“Augmentation” set to “None”), or"),
        ("training.learning_rate=1e-3.", "“Learning rate” set to “1e-3”."),
        ("see data.nothing_of_this", "see data.nothing_of_this"),
        ("x (Split on the Dataset page, or python -m core split).", "x (Split on the Dataset page)."),
        (
            "Split on the page, or python -m core split /a --group-pattern '(x)'",
            "Split on the page, by the pattern '(x)'",
        ),
        ("read them by --layout or on the Dataset page.", "read them on the Dataset page."),
        ("(needs: `python -m core check --features`, or Check with features)", "(needs: Check with features)"),
        ("say it (--pixels, or the field beside the file)", "say it (the field beside the file)"),
        ("(--pixels 0..1 or -1..1, or the field beside the file).", "(the field beside the file)."),
        ("two or more (--classes A,B, or the field beside the file).", "two or more (the field beside the file)."),
        ("drawn as --pixels, or another.", "drawn as --pixels, or another."),
    ],
)
def test_keys_and_commands_become_the_words_of_the_form(told, read):
    assert form_words(told) == read


def test_no_sentence_of_a_check_keeps_a_key_or_a_command():
    """All text in the checks' source, as far as it is fixed there."""
    for path in [*ROOT.glob("core/checks/*.py"), *ROOT.glob("core/course/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                left = form_words(node.value)
                if "\n" not in left and node.value not in keys():
                    assert not [key for key in keys() if f"{key}=" in left], left


def test_evidence_is_tables_and_not_json():
    assert evidence_tables({"single_class_batches": 3, "share": 0.51234, "files": [f"{k}.png" for k in range(6)]}) == [
        ("", [{"Measured": "Single class batches", "Value": "3"}, {"Measured": "Share", "Value": "0.5123"}]),
        ("Files", [{"Value": f"{k}.png"} for k in range(6)]),
    ]
    assert evidence_tables({"counts": {"cat": 5, "Dog": None}, "none": [], "pairs": [["a", 1], ["b", True]]}) == [
        ("", [{"Measured": "None", "Value": "–"}]),
        ("Counts", [{"": "cat", "Value": "5"}, {"": "Dog", "Value": "–"}]),
        ("Pairs", [{"1": "a", "2": "1"}, {"1": "b", "2": "yes"}]),
    ]
    named = evidence_tables({"val_auc": 0.5, "auc_by_lot": 0.6, "train_median": 1, "validation_pictures": 7})
    assert [row["Measured"] for row in named[0][1]] == [
        "Validation AUC", "AUC by lot", "Training median", "Validation images",
    ]  # fmt: skip
