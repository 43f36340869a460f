"""How a share is written in sentences and tables: one form, with a space before the sign (ISO 80000-1)."""


def percent(share: float, decimals: int = 1) -> str:
    """A share in per cent.

    Args:
        share: float. 0.905 for `90.5 %`.
        decimals: int. Digits after the point. Defaults to 1.
    """
    return f"{100 * share:.{decimals}f} %"
