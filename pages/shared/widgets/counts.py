"""Counts in a table, written as beside it."""

import pandas as pd
from pandas.io.formats.style import Styler


def in_thousands(table: pd.DataFrame) -> Styler:
    """A table whose whole numbers are written `1,200`; they are sorted as numbers."""
    return table.style.format("{:,}", subset=list(table.select_dtypes("integer")))
