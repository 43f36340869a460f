"""Diagnosis report: one self-contained HTML page, or JSON.

It names no folder of this machine: known folders and whatever looks like a path are cut to their last part. It holds
no image unless it is asked to.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from core import paths
from core.bisect.arm_rows import trial_rows
from core.bisect.orient import seen_from
from core.bisect.verdict import VERDICTS
from core.config import RunConfig
from core.report.answers import answers
from core.report.figures import curves_figure, trials_figure
from core.report.images import embedded_images, right_in_one_only
from core.report.script import report_script
from core.store.runs import Run

FORMAT = 1
"""Version of the JSON report."""

Record = dict[str, Any]

_PATH = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:[\\/]|~[\\/]|/(?=[^/\s]+/)|\\\\)[^\s\"'<>|,;()]+")
_IMAGE = "data:image/"
_SAFE_IMAGE = re.compile(r"data:image/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+")

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def report_json(
    a: Run, b: Run, comparison: Mapping[str, object] | None, result: Record | None, with_images: bool = False
) -> dict[str, Any]:
    """The report as plain values.

    Args:
        a: Run.
        b: Run.
        comparison: dict or None. What `compare` says of the two.
        result: dict or None. What a bisect between them has found.
        with_images: bool. Put in small images that belong to the evidence. Defaults to `False`.

    Returns:
        Dictionary with `format`, `titles`, `configs`, `comparison`, `history`, `bisect`, `script`.
    """
    configs = [a.config(), b.config()]
    result = seen_from(result, a.id) if result else None
    compared: Record | None = {**comparison} if comparison else None
    if with_images:
        compared = _with_images(a, b, comparison)
    record = {
        "format": FORMAT,
        "runs": [a.id, b.id],
        "titles": [a.title(), b.title()],
        "configs": [{"dataset": config.dataset, **config.settings()} for config in configs],
        "comparison": compared,
        "history": [run.history() for run in (a, b)],
        "bisect": result or None,
        "script": _script(configs[0], configs[1], result),
    }
    cleaned: Record = _clean(record, _cleaner(a, b), with_images=with_images)
    return cleaned


def report_html(
    a: Run, b: Run, comparison: Mapping[str, object] | None, result: Record | None, with_images: bool = False
) -> str:  # fmt: skip
    """The report as one self-contained page; arguments as in `report_json`."""
    record = report_json(a, b, comparison, result, with_images)
    titles, found, compared = record["titles"], record["bisect"] or {}, record["comparison"] or {}
    parts = [
        _verdict(found, titles),
        _section("Every training between the two", trials_figure(trial_rows(found), found.get("good", "a")),
                 _cost(found)),
        _section("What differs", _differences(record, compared)),
        _section("Where they first part", _divergence(compared.get("first_divergence"), compared.get("divergence"))),
        _section("The two runs", _curves(record), _metrics(compared, titles), _paired(compared.get("paired")),
                 _one_only(compared.get("right_in_one_only"), titles)),
        _section("Found by the checks", _findings(compared.get("findings"), titles)),
        _section("See it in plain Keras", _code(record["script"])),
    ]  # fmt: skip
    title = f"{titles[0]} and {titles[1]}: why they differ"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{''.join(parts)}"
        "<footer>Made by Parity. Intervals are 95 %. A cause is named only where switching it was tried.</footer>"
        "</main></body></html>\n"
    )


def _with_images(a: Run, b: Run, comparison: Mapping[str, object] | None) -> Record:
    """The comparison with the images that findings name, and those on which only one of the two is right."""
    compared: Record = {**(comparison or {})}
    found = {}
    for name, run in (("a", a), ("b", b)):
        root = run.data().root
        found[name] = [
            _illustrated(item, Path(root) if root else None)
            for item in (compared.get("findings") or {}).get(name) or []
        ]
    only = right_in_one_only(a, b)
    return {**compared, "findings": found, "right_in_one_only": {"a": only[0], "b": only[1]}}


def _illustrated(item: Record, root: Path | None) -> Record:
    evidence = item.get("evidence") or {}
    images = embedded_images(evidence, root)
    return {**item, "evidence": {**evidence, "pictures": images}} if images else item


def _script(a: RunConfig, b: RunConfig, result: Record | None) -> str:
    if not result or not result.get("factors"):
        return ""
    good, bad = (a, b) if result["good"] == "a" else (b, a)
    return report_script(good, bad, result["factors"])


def _cleaner(a: Run, b: Run) -> Callable[[str], str]:
    """Cuts folders of this machine to their last part: known ones first, as those may hold spaces."""
    known = {str(paths.home()), str(Path.home()), str(Path.cwd())}
    for run in (a, b):
        known |= {run.config().dataset, run.data().root}
    folders = sorted((folder for folder in known if Path(folder).is_absolute()), key=len, reverse=True)

    def clean(text: str) -> str:
        for folder in folders:
            text = text.replace(folder, Path(folder).name)
        return _PATH.sub(lambda match: re.split(r"[\\/]", match[0].rstrip("\\/"))[-1], text)

    return clean


def _clean(value: Any, clean: Callable[[str], str], *, with_images: bool) -> Any:
    if isinstance(value, dict):
        return {clean(str(key)): _clean(item, clean, with_images=with_images) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, clean, with_images=with_images) for item in value]
    if not isinstance(value, str):
        return value
    if _IMAGE in value:
        return value if with_images and _SAFE_IMAGE.fullmatch(value) else ""
    return clean(value)


def _verdict(found: Record, titles: Sequence[str]) -> str:
    if not found.get("verdict"):
        return "<p class=verdict>What makes the difference was not searched for yet.</p>"
    factors = "".join(f"<code>{escape(key)}</code> " for key in found["factors"])
    good = titles[0] if found.get("good") == "a" else titles[1]
    gap = found.get("gap") or {}
    facts = ""
    if gap.get("value") is not None:
        low, high = gap["interval"]
        facts = (
            f"<p>Gap in {escape(found.get('metric', ''))}: {gap['value']:.3f} [{low:.3f}, {high:.3f}], "
            f"in favour of {escape(good)}; the same training seeds in both.</p>"
        )
    verdict = escape(VERDICTS.get(str(found["verdict"]), str(found["verdict"])))
    facts = f"<p>{escape(found['sentence'])}</p>{facts}{answers(found, _table)}"
    return f"<div class=verdict><h2>{verdict}</h2><p>{factors}</p>{facts}</div>"


def _cost(found: Record) -> str:
    if not found.get("arms"):
        return ""
    rows = [[row["key"], row["reason"]] for row in found.get("skipped", [])]
    text = f"<p>{found['cost']['spent_minutes']:.1f} minutes at work. A and B are the two runs, in the order above.</p>"
    return text + (_table(["not tried", "because"], rows) if rows else "")


def _differences(record: Record, compared: Record) -> str:
    head = ["", *(f"{name}: {title}" for name, title in zip("AB", record["titles"], strict=True))]
    differences = compared.get("differences") or {}
    a, b = record["configs"]
    rows = [[key, a[key], b[key]] for key in a if a[key] != b[key]]
    for part in ("data", "environment"):
        rows += [[row.get("what", ""), row.get("a"), row.get("b")] for row in differences.get(part) or []]
    return _table(head, rows) if rows else "<p>Nothing.</p>"


def _divergence(first: Record | None, sentence: str | None) -> str:
    if not first:
        return f"<p>{escape(sentence)}</p>" if sentence else ""
    step = ", ".join(f"{name} {value}" for name, value in (first.get("step") or {}).items())
    rows = [[first.get("stage"), step or None, first.get("a"), first.get("b")]]
    return f"<p>{escape(str(first.get('sentence', '')))}</p>" + _table(["stage", "step", "A", "B"], rows)


def _curves(record: Record) -> str:
    a, b = (history.get("val_accuracy", []) for history in record["history"])
    return curves_figure((a, b), record["titles"])


def _metrics(compared: Record, titles: Sequence[str]) -> str:
    rows = [[name, *values] for name, values in (compared.get("metrics") or {}).items()]
    return _table(["", *titles], rows) if rows else ""


def _paired(paired: Record | None) -> str:
    if not paired:
        return ""
    if "p_value" not in paired:
        return f"<p>{escape(str(paired.get('reason', '')))}</p>"
    return (
        f"<p>On the same {_shown(paired.get('count'))} validation images only A is right on "
        f"{_shown(paired.get('only_a_right'))}, only B on {_shown(paired.get('only_b_right'))} "
        f"(McNemar, p = {_shown(paired['p_value'])}).</p>"
    )


def _one_only(images: Record | None, titles: Sequence[str]) -> str:
    rows = [
        f"<p>Right in {escape(title)} only:</p><p>{''.join(_images(images[name]))}</p>"
        for name, title in zip("ab", titles, strict=True)
        if images and images.get(name)
    ]
    return "".join(rows)


def _findings(findings: Record | None, titles: Sequence[str]) -> str:
    blocks = []
    for name, title in zip("ab", titles, strict=True):
        items = [
            f"<li><b>{escape(str(item.get('id', '')))}</b> {escape(str(item.get('claim', '')))}"
            f"<div>{''.join(_images(item.get('evidence')))}</div></li>"
            for item in (findings or {}).get(name) or []
        ]
        if items:
            blocks.append(f"<h3>{name.upper()}: {escape(title)}</h3><ul>{''.join(items)}</ul>")
    return "".join(blocks)


def _images(evidence: Any) -> Iterable[str]:
    """Images in the evidence; `_clean` has left none that was not asked for, and no other kind of address."""
    if isinstance(evidence, dict):
        evidence = list(evidence.values())
    if isinstance(evidence, list):
        for item in evidence:
            yield from _images(item)
    elif isinstance(evidence, str) and _SAFE_IMAGE.fullmatch(evidence):
        yield f'<img src="{escape(evidence)}" alt="An image of the data set">'


def _code(script: str) -> str:
    return f"<pre><code>{escape(script)}</code></pre>" if script else ""


def _section(title: str, *parts: str) -> str:
    """A part of the page; nothing at all where there is nothing to show."""
    body = "".join(parts)
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_shown(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2530;--soft:#5d6875;--line:#d9dee4;--panel:#f4f6f8;
--good:#1a7f5a;--bad:#b5402f;--between:#3f63b8}
@media(prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e6eaee;--soft:#9aa5b1;--line:#333b45;--panel:#1d232a;
--good:#4cc495;--bad:#f08573;--between:#8fabf2}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:760px;margin:0 auto;padding:32px 20px}h1{font-size:1.6rem;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 .5em}section{margin:2.2em 0}p{overflow-wrap:anywhere}
.verdict{background:var(--panel);border-left:4px solid var(--between);padding:16px 20px;border-radius:4px}
code,pre{font:13px/1.5 ui-monospace,monospace}
pre{background:var(--panel);padding:14px;overflow-x:auto;border-radius:4px}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
svg{width:100%;height:auto;font:12px system-ui,sans-serif;fill:var(--ink)}
svg line.grid{stroke:var(--line)}svg line{stroke-width:2}svg polyline{fill:none;stroke-width:2}
.good,.run-a{stroke:var(--good)}.bad,.run-b{stroke:var(--bad)}.between{stroke:var(--between)}
circle.good,circle.run-a{fill:var(--good)}circle.bad,circle.run-b{fill:var(--bad)}circle.between{fill:var(--between)}
img{max-width:160px;margin:6px 6px 0 0}footer{color:var(--soft);font-size:13px;margin-top:3em}
"""
