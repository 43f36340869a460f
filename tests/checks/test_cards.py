"""Findings of one cause share a card: one lead, one remedy, one change."""

from core.checks.cards import FOLLOWS, cards
from core.checks.finding import Finding
from core.checks.preflight import CHECKS


def test_what_follows_from_a_cause_stands_on_its_card_with_the_worst_severity_and_one_change():
    found = [
        Finding("class-index-mismatch", "warning", "No image of dog."),
        Finding("leak-near-duplicate", "error", "3 are nearly the same."),
        Finding("leak-patient", "warning", "7 share a patient.", remedy="Divide anew.", change={"data.seed": 1}),
        Finding("split-after-sort", "error", "All are cats."),
        Finding("val-too-small", "warning", "16 images."),
    ]
    told = [(card.lead.id, [one.id for one in card.with_it], card.severity) for card in cards(found)]
    assert told == [
        ("split-after-sort", ["class-index-mismatch"], "error"),
        ("leak-patient", ["leak-near-duplicate"], "error"),
        ("val-too-small", [], "warning"),
    ]
    assert (cards(found)[1].remedy, cards(found)[1].change) == ("Divide anew.", {"data.seed": 1})


def test_the_very_same_change_makes_one_card_and_different_ones_two():
    shuffled = {"data.shuffle": "samples"}
    one, other = Finding("a", "error", "A", change=shuffled), Finding("b", "info", "B", change=dict(shuffled))
    apart, plain = Finding("c", "info", "C", change={"data.shuffle": "batches"}), Finding("d", "info", "D")
    assert [len(card.with_it) for card in cards([one, other, apart, plain])] == [1, 0, 0]
    assert cards([one, other])[0].lead is one


def test_two_findings_of_one_id_are_both_shown():
    assert [card.lead.claim for card in cards([Finding("a", "info", "1"), Finding("a", "info", "2")])] == ["1", "2"]


def test_the_table_names_findings_that_exist():
    known = {check.__name__.replace("_", "-") for check in CHECKS}
    assert {*FOLLOWS, *(cause for causes in FOLLOWS.values() for cause in causes)} <= known
