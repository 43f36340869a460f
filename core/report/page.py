"""A self-contained HTML page: its frame and style, tables, and the rule that it names no folder of this machine."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from core import paths
from core.data.set_names import set_name
from core.environment import program_version
from core.errors import RunError
from core.store.runs import Run

_PATH = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:[\\/]|~[\\/]|/(?=[^/\s]+/)|\\\\)[^\s\"'<>|,;()]+")
_MARKS = re.compile(r"([\\`*_\[\]<>#|$~&])")
_IMAGE = "data:image/"
SAFE_IMAGE = re.compile(r"data:image/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+")

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, parts: Iterable[str], footer: str) -> str:
    """The whole page; it asks the network for nothing, and says so to the browser.

    Args:
        title: str.
        parts: iterable of str. HTML.
        footer: str.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{''.join(parts)}<footer>{escape(_signed(footer))}</footer></main></body></html>\n"
    )


def _signed(footer: str) -> str:
    """With the version of the program and the day."""
    return f"{footer} Parity {program_version()}, {datetime.now(UTC):%d %B %Y}."


def day(seconds: float) -> str:
    """A moment as a day (UTC); empty for none."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d %B %Y}" if seconds > 0 else ""


def cleaner(runs: Iterable[Run]) -> Callable[[str], str]:
    """Cuts folders of this machine to their last part: known ones first, as those may hold spaces.

    Args:
        runs: iterable of Run. Whose datasets' folders are known.
    """
    known = {folder: Path(folder).name for folder in (str(paths.home()), str(Path.home()), str(Path.cwd()))}
    for run in runs:
        root = run.data().root
        known[root] = set_name(root)
        try:
            known[run.config().dataset] = set_name(run.config().dataset)
        except RunError:
            continue  # damaged: what looks like a path is cut all the same
    folders = sorted((folder for folder in known if Path(folder).is_absolute()), key=len, reverse=True)

    def cut(text: str) -> str:
        for folder in folders:
            for written in (folder, _MARKS.sub(r"\\\1", folder)):  # the second as Markdown has it, in a card
                text = text.replace(written, known[folder])
        return _PATH.sub(lambda match: re.split(r"[\\/]", match[0].rstrip("\\/"))[-1], text)

    return cut


def clean(value: Any, cut: Callable[[str], str], *, with_images: bool) -> Any:
    """Plain values whose texts name no folder, and that hold no image unless they may."""
    if isinstance(value, dict):
        return {cut(str(key)): clean(item, cut, with_images=with_images) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item, cut, with_images=with_images) for item in value]
    if not isinstance(value, str):
        return value
    if _IMAGE in value:
        return value if with_images and SAFE_IMAGE.fullmatch(value) else ""
    return cut(value)


def section(title: str, *parts: str) -> str:
    """A part of the page; nothing at all where there is nothing to show."""
    body = "".join(parts)
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; it scrolls where the page is narrow."""
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(shown(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def shown(value: Any) -> str:
    """A value in a cell."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#17211f;--soft:#52605d;--line:#d5dedc;--panel:#f1f5f4;--accent:#0f766e;
--good:#0f766e;--bad:#b5402f;--between:#0072b2;--warn:#8a5a00;--cell:0,114,178}
@media screen and (prefers-color-scheme:dark){:root{--paper:#101615;--ink:#e6edeb;--soft:#a3b3af;--line:#32403d;
--panel:#1b2423;--accent:#2dd4bf;--good:#2dd4bf;--bad:#f08573;--between:#62b5ea;--warn:#e8b04a;--cell:50,155,216}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 "Source Sans",system-ui,sans-serif}
main{max-width:820px;margin:0 auto;padding:28px 20px;border-top:4px solid var(--accent)}
h1{font-size:1.6rem;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 .5em;color:var(--accent)}h3,h4{font-size:1rem;margin:1.2em 0 .4em}
section{margin:2.2em 0}p{overflow-wrap:anywhere}.small,figcaption{color:var(--soft);font-size:13px;margin:.6em 0 .2em}
.verdict,.finding{background:var(--panel);border-left:4px solid var(--between);padding:12px 20px;border-radius:8px;
margin:0 0 12px}
.finding p{margin:.4em 0}.finding.error{border-color:var(--bad)}.finding.warning{border-color:var(--warn)}
.level{color:var(--between)}.error .level{color:var(--bad)}.warning .level{color:var(--warn)}
.remedy::before{content:"What to do: ";font-weight:600}
code,pre{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--panel);padding:14px;overflow-x:auto;border-radius:8px}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:anywhere;min-width:3.2em}
table.cells td{text-align:center;padding:8px}table.cells th{overflow-wrap:anywhere}table.cells span{display:block}
svg{width:100%;height:auto;font:12px system-ui,sans-serif;fill:var(--ink)}
svg .grid{stroke:var(--line)}svg line{stroke-width:2}svg polyline{fill:none;stroke-width:2}
.good{stroke:var(--good)}.bad{stroke:var(--bad)}.between{stroke:var(--between)}
circle.good{fill:var(--good)}circle.bad{fill:var(--bad)}circle.between{fill:var(--between)}
.images{display:flex;flex-wrap:wrap;gap:12px}figure{margin:6px 0 0;width:160px}img{max-width:160px}
figcaption{overflow-wrap:anywhere}
footer{color:var(--soft);font-size:13px;margin-top:3em;border-top:1px solid var(--line);padding-top:.8em}
@page{margin:16mm}
@media print{main{max-width:none;padding:0;border:0}body{font-size:11pt}table{font-size:9.5pt}section{margin:1.2em 0}
.wide,pre{overflow:visible}pre{white-space:pre-wrap}h2,h3,h4{break-after:avoid}
svg,figure,tr,.verdict,.finding{break-inside:avoid}svg{max-height:85mm}thead{display:table-header-group}
body,.finding,.verdict,pre,td{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""
