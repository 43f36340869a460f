"""The Markdown that model cards are written in as HTML: headings, paragraphs, lists, tables, code. All else is text."""

import re
from html import escape

_TABLE_LINE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>#|$~&{}()+\-.!])")
_ASIDE = 0xE000
"""Signs that a backslash protects stand in a range of Unicode that no text uses, until all others are escaped."""

_PUT_ASIDE = re.compile(f"[{chr(_ASIDE)}-{chr(_ASIDE + 127)}]")
_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


def markdown(text: str) -> str:
    """HTML of a text; nothing in it becomes a tag that is not one of this function's own.

    Args:
        text: str.
    """
    parts, fence = [], re.split(r"^```\w*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    for k, piece in enumerate(fence):
        if k % 2:
            parts.append(f"<pre><code>{escape(piece)}</code></pre>")
        else:
            parts += [_block(block.strip("\n")) for block in re.split(r"\n\s*\n", piece) if block.strip()]
    return "".join(parts)


def _block(block: str) -> str:
    lines = block.split("\n")
    if found := re.match(r"(#{1,4}) (.*)", lines[0]):
        head = f"<h{min(len(found[1]) + 1, 4)}>{_inline(found[2])}</h{min(len(found[1]) + 1, 4)}>"
        return head + (_block("\n".join(lines[1:])) if lines[1:] else "")
    if len(lines) > 1 and lines[0].startswith("|") and _TABLE_LINE.fullmatch(lines[1].strip()):
        return _table(lines)
    if all(line.startswith(("- ", "* ", "  ")) for line in lines):
        items = re.split(r"^[-*] ", block, flags=re.MULTILINE)[1:]
        return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"
    return f"<p>{_inline(block)}</p>"


def _table(lines: list[str]) -> str:
    rows = [[_inline(cell) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows[2:])
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _inline(text: str) -> str:
    """What a backslash protects is put aside, then all is escaped: what is a tag in the text stays text."""
    aside = _ESCAPED.sub(lambda match: chr(_ASIDE + ord(match[1])), " ".join(text.split()))
    marked = _BOLD.sub(r"<b>\1</b>", _CODE.sub(r"<code>\1</code>", escape(aside)))
    return _PUT_ASIDE.sub(lambda match: escape(chr(ord(match[0]) - _ASIDE)), marked)
