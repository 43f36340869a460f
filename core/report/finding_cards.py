"""Findings as cards of a report: one a cause, its remedy in the form's words, evidence as small tables and images."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from core.checks.cards import Card, cards
from core.checks.evidence_tables import Rows, evidence_tables
from core.checks.finding import Finding
from core.checks.in_words import form_words
from core.report.images import texts_in
from core.report.page import SAFE_IMAGE, table

SEEN, ALIKE = "Consistent with it in the training:", "Also solved by this change:"
"""Other signs of this cause, in the training and in settings and images."""

IMAGES, CAPTIONS = "pictures", "captions"
"""What holds the images of a piece of evidence, as `data:` addresses, and a line below each."""

_ROWS, _COLUMNS = 6, 6
"""The most of a table of evidence: enough to see what is meant. The whole is in the run's findings.json."""

_LEVELS = {"error": "Error", "warning": "Warning", "info": "Note"}


def finding_cards(findings: Sequence[Mapping[str, Any]]) -> str:
    """The cards as HTML, the most severe first; empty where nothing was found.

    Args:
        findings: sequence of dict. As plain values that name no folder of this machine.
    """
    found = [_finding(one) for one in findings]
    return "".join(_card(card) for card in sorted(cards(found), key=lambda card: list(_LEVELS).index(card.severity)))


def image_row(addresses: Sequence[Any], captions: Sequence[str] = ()) -> str:
    """Images side by side, each with its line where there is one; what is no address of an image is left out."""
    told = [*captions, *([""] * len(addresses))]
    figures = [
        f'<figure><img src="{escape(address)}" alt="{escape(words or "An image of the dataset", quote=True)}">'
        f"{f'<figcaption>{escape(words)}</figcaption>' if words else ''}</figure>"
        for address, words in zip(addresses, told, strict=False)
        if isinstance(address, str) and SAFE_IMAGE.fullmatch(address)
    ]
    return f"<div class=images>{''.join(figures)}</div>" if figures else ""


def _finding(values: Mapping[str, Any]) -> Finding:
    severity = str(values.get("severity", "info"))
    return Finding(
        str(values.get("id", "")),
        severity if severity in _LEVELS else "info",
        str(values.get("claim") or ""),
        dict(values.get("evidence") or {}),
        str(values.get("remedy") or ""),
        dict(values.get("change") or {}),
        tuple(values.get("symptoms") or ()),
    )


def _card(card: Card) -> str:
    everything = (card.lead, *card.with_it)
    alike = [*(one.claim for one in card.with_it), *card.told_symptoms(of_images=True)]
    parts = [
        f"<p><b class=level>{_LEVELS[card.severity]}:</b> {_words(card.lead.claim)}</p>",
        f"<p class=remedy>{_words(card.remedy)}</p>" if card.remedy else "",
        _listed(ALIKE, alike),
        _listed(SEEN, card.told_symptoms(of_images=False)),
        *(part for finding in everything for part in _evidence(finding)),
    ]
    return f'<article class="finding {card.severity}">{"".join(parts)}</article>'


def _words(text: str) -> str:
    return escape(form_words(text))


def _listed(heading: str, claims: Sequence[str]) -> str:
    items = "".join(f"<li>{_words(claim)}</li>" for claim in claims)
    return f"<p>{heading}</p><ul>{items}</ul>" if items else ""


def _evidence(finding: Finding) -> Iterator[str]:
    """The first rows of each table, and the images."""
    told = {key: value for key, value in finding.evidence.items() if key not in (IMAGES, CAPTIONS)}
    for name, rows in evidence_tables(told):
        yield _small_table(name, rows)
    yield image_row(list(texts_in(finding.evidence.get(IMAGES))), list(texts_in(finding.evidence.get(CAPTIONS))))


def _small_table(name: str, rows: Rows) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))[:_COLUMNS]
    heading = f"<p class=small>{_words(name)}</p>" if name else ""
    left = f"<p class=small>The first {_ROWS} of {len(rows):,}.</p>" if len(rows) > _ROWS else ""
    return heading + table(columns, [[row.get(column) for column in columns] for row in rows[:_ROWS]]) + left
