"""Diagnose page: two runs side by side, their first divergence, and the setting that causes the difference (bisect)."""

from pages.shared.diagnose import bisect as diagnose_bisect
from pages.shared.diagnose import share as diagnose_share
from pages.shared.diagnose import view as diagnose_view
from pages.shared.diagnose.choice import choose_pair, say_too_few
from pages.shared.diagnose.differences import show_differences
from pages.shared.diagnose.probe import show_probe
from pages.shared.puzzle.menu import follow_puzzle
from pages.shared.shell.frame import frame
from pages.shared.shell.notice import show_notice
from pages.shared.widgets.text import heading

frame("Diagnose", in_menu=follow_puzzle)
heading("Diagnose", "Compare two runs: differences, first divergence, and the setting that causes them.")
show_notice()

runs = diagnose_view.listed_runs()
if len(runs) < 2:
    say_too_few(runs)
elif pair := choose_pair(runs):
    bisect = diagnose_bisect.shown_bisect(pair)
    diagnose_bisect.show_verdict(bisect, pair[0].id)
    diagnose_view.show_heads(pair)
    comparison = diagnose_view.read_comparison(pair)
    if comparison:
        show_differences(comparison)
    diagnose_view.show_curves(pair)
    if comparison:
        diagnose_view.show_gap(comparison)
        diagnose_view.show_first_divergence(comparison)
        show_probe(pair)
        diagnose_view.show_both_findings(pair, comparison)
    diagnose_bisect.show_search(pair, bisect)
    if comparison:
        diagnose_share.show_share(pair, comparison, diagnose_bisect.result_of(bisect))
