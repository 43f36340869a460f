"""How a number that is only known roughly is written: few digits, and no powers of ten for what a person counts."""


def digits(value: float, count: int) -> str:
    """A number rounded to so many significant digits, `640` or `12,800` where `:.2g` writes `6.4e+02`.

    Args:
        value: float.
        count: int. Digits that are kept; tiny numbers still have powers of ten (`1e-05`).
    """
    text = f"{value:.{count}g}"
    return f"{float(text):,.0f}" if "e+" in text and abs(value) < 1e15 else text
