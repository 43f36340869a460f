"""Formats numbers of bytes (kB, MB, GB)."""

_UNITS = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def in_words(size: float) -> str:
    """Bytes in the largest unit of which there is at least one (a kB has 10**3 of them), to three digits.

    Args:
        size: Bytes. Of less than one kB the bytes themselves are said.
    """
    for unit, factor in _UNITS:
        if size >= 0.9995 * factor:
            value = size / factor
            return f"{value:,.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"
    return f"{size:.0f} bytes"
