"""Two runs side by side: what differs, where they first part, and which setting makes the difference."""

from pages.shared import diagnose_bisect, diagnose_share, diagnose_view
from pages.shared.diagnose_choice import choose_pair, say_too_few
from pages.shared.diagnose_probe import show_probe
from pages.shared.frame import frame, heading
from pages.shared.run_actions import show_notice

frame("Diagnose")
heading(
    "Diagnose", "Two runs side by side: what differs, where they first part, and which setting makes the difference."
)
show_notice()

runs = diagnose_view.listed_runs()
if len(runs) < 2:
    say_too_few(runs)
elif pair := choose_pair(runs):
    bisect = diagnose_bisect.shown_bisect(pair)
    diagnose_bisect.show_verdict(bisect)
    diagnose_view.show_heads(pair)
    comparison = diagnose_view.read_comparison(pair)
    if comparison:
        diagnose_view.show_differences(comparison)
    diagnose_view.show_curves(pair)
    if comparison:
        diagnose_view.show_gap(comparison)
        diagnose_view.show_first_divergence(comparison)
        show_probe(pair)
        diagnose_view.show_both_findings(comparison)
    diagnose_bisect.show_search(pair, bisect)
    if comparison:
        diagnose_share.show_share(pair, comparison, diagnose_bisect.result_of(bisect))
