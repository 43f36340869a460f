"""How a share is written in sentences and tables: one form, with a space before the sign (ISO 80000-1)."""


def percent(share: float, decimals: int = 1) -> str:
    """A share in per cent.

    Args:
        share: float. 0.905 for `90.5 %`.
        decimals: int. Digits after the point. Defaults to 1.
    """
    return f"{100 * share:.{decimals}f} %"


def rough(share: float) -> str:
    """A share in per cent as a sentence tells it: whole, with one decimal below ten, and nothing only for nothing.

    Args:
        share: float. 0.5 for `50 %`, 0.005 for `0.5 %`, 0.0001 for `under 0.1 %`.
    """
    if 0 < share < 0.0005:
        return f"under {percent(0.001)}"
    return percent(share, 0 if share == 0 or round(1000 * share) >= 100 else 1)
