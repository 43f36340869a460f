"""The loss over the learning rates of a range test as a chart. Nothing here draws on a page."""

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from core.store.run_colours import SERIES
from pages.shared.train.rate_words import suggestions
from pages.shared.widgets.charts import TRAINING

if TYPE_CHECKING:
    from core.store.job_records import RangeTest

_INK = {False: "#17211f", True: "#e6edeb"}


def rate_chart(result: "RangeTest", *, dark: bool) -> alt.LayerChart | alt.FacetChart:
    """Loss over learning rate: each step faint, the smoothed curve, the suggestions as lines.

    Args:
        result: What the search has found.
        dark: Whether the page is dark: text in a chart does not take the theme's colour by itself.
    """
    frame = pd.DataFrame({"rates": result.rates, "losses": result.losses, "smoothed": result.smoothed})
    # What explodes at the end would press the rest flat.
    top = float(frame["smoothed"].iloc[: max(1, len(frame) - 5)].max()) * 1.15
    x = alt.X("rates:Q", title="Learning rate", scale=alt.Scale(type="log"), axis=alt.Axis(format=".0e", tickCount=8))
    y_scale = alt.Scale(domain=[0, top], clamp=True, nice=False)
    tips = [
        alt.Tooltip("rates:Q", title="Learning rate", format=".2e"),
        alt.Tooltip("losses:Q", title="Loss of the batch", format=".4f"),
        alt.Tooltip("smoothed:Q", title="Smoothed", format=".4f"),
    ]
    chart = alt.Chart(frame)
    steps = chart.mark_point(size=14, opacity=0.45, filled=True, color=SERIES[7]).encode(
        x, alt.Y("losses:Q", title="Training loss", scale=y_scale), tooltip=tips
    )
    line = chart.mark_line(strokeWidth=2.5, color=TRAINING, clip=True).encode(x, alt.Y("smoothed:Q", scale=y_scale))
    return alt.layer(steps, line, *_marks(result, dark=dark))


def _marks(result: "RangeTest", *, dark: bool) -> list[alt.Chart]:
    rows = [{"rates": rate, "name": f"{name} {rate:.2g}"} for name, rate in suggestions(result).items()]
    if not rows:
        return []
    data = alt.Chart(pd.DataFrame(rows))
    x = alt.X("rates:Q")
    colour = alt.Color("name:N", scale=alt.Scale(range=[SERIES[4], SERIES[2]]), legend=None, sort=None)
    rule = data.mark_rule(strokeDash=[5, 3], strokeWidth=2).encode(x, colour)
    labels = [
        alt.Chart(pd.DataFrame([row]))
        .mark_text(align="left", dx=5, baseline="top", fontSize=12, color=_INK[dark])
        .encode(x, alt.Text("name:N"), y=alt.value(4 + 16 * k))
        for k, row in enumerate(rows)
    ]
    return [rule, *labels]
