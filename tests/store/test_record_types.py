"""Records have types: where values of any kind are still passed on, a reason stands here, and there are few."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MOST = 60

WHERE = (
    *("core/store", "core/compare", "core/course", "core/bisect", "core/sweep", "core/lr_search", "core/label_review"),
    *("core/jobs", "core/insight", "core/engine/train", "pages/shared/run", "pages/shared/diagnose"),
    "pages/shared/puzzle",
)
"""Where records of runs and jobs are read, written and shown."""

_SETTINGS = "settings by key: their values have the types that core/sections/ gives each"
_OTHERS = "JSON of another program, which its reader checks value by value"

REASONS = {
    "core/engine/train/frozen_activations.py": "facts that decide the rows of a cache, of which a hash is made",
    "core/store/record_types.py": "the one name for any JSON object, for evidence, settings and versions",
    "core/store/records.py": "status.json, of which `Status` is made, and files whose kinds read their own keys",
    "core/store/run_records.py": "evidence of findings, settings that they change, facts of imported models",
    "core/store/job_records.py": "settings of trials, and config.json of a job of any kind",
    "core/store/bisect_record.py": _SETTINGS,
    "core/store/trace_record.py": "versions of whatever libraries there were",
    "core/store/folder.py": "facts of events of any name, and what a cluster says of its job",
    "core/store/folder_store.py": "settings of a job of any kind, whose configuration is made of them",
    "core/store/kept_index.py": "rows of SQLite, of which each index makes its own type",
    "core/store/index.py": "rows of SQLite, whose check sum is compared",
    "core/jobs/job.py": "config.json of a job of any kind; each kind reads its own keys",
    "core/bisect/ends.py": _SETTINGS,
    "core/bisect/factors.py": _SETTINGS,
    "core/bisect/runner.py": _SETTINGS,
    "core/bisect/verdict.py": "tests of single factors, of which only a few keys are read",
    "core/sweep/plan.py": _SETTINGS,
    "core/sweep/store.py": _SETTINGS,
    "core/compare/many.py": _SETTINGS,
    "core/insight/answer.py": "what the prediction service says, checked where it is taken in",
    "core/insight/calibration.py": "bins of a chart",
    "core/insight/reference.py": "figures for one line of JSON on the command line",
    "core/engine/train/tracking.py": _OTHERS,
    "core/engine/train/context.py": "what decides features, hashed as JSON",
    "core/engine/train/event_files.py": "writers of TensorBoard, which has no types",
    "core/engine/train/traced.py": "logs of Keras, which has no types",
    "pages/shared/run/rows.py": "rows of a table that Streamlit takes",
    "pages/shared/run/held_out_charts.py": "bins of a chart",
}  # fmt: skip


def is_map_of_anything(node: ast.AST) -> bool:
    """`dict[str, Any]` and the like."""
    if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Tuple)):
        return False
    value = node.slice.elts[-1]
    return node.value.id in ("dict", "Mapping", "MutableMapping") and isinstance(value, ast.Name) and value.id == "Any"


def uses(tree: ast.Module) -> int:
    """How often a module names a map of anything, itself, by an alias, or in quotes."""
    aliases = {"Plain"} | {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and is_map_of_anything(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = 0
    for node in ast.walk(tree):
        named = isinstance(node, ast.Name) and node.id in aliases and isinstance(node.ctx, ast.Load)
        quoted = isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 100
        found += is_map_of_anything(node) or named
        if quoted and isinstance(node, ast.Constant):
            found += str(node.value).count("dict[str, Any]") + str(node.value).count("Kind[Plain]")
    return found


def test_values_of_any_kind_are_few_and_each_has_a_reason() -> None:
    counted: Counter[str] = Counter()
    for folder in WHERE:
        for path in (ROOT / folder).rglob("*.py"):
            counted[str(path.relative_to(ROOT))] += uses(ast.parse(path.read_text(encoding="utf-8")))
    named = {path for path, count in counted.items() if count}
    assert sorted(named - REASONS.keys()) == [], "say why, or give it a type"
    assert sum(counted.values()) <= MOST, counted.most_common(12)
