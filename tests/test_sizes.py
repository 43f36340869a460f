"""Bytes in words: the unit fits the number, and no rounding makes something of it nothing."""

from core.sizes import in_words


def test_the_unit_fits_the_number() -> None:
    said = {
        0: "0 bytes", 20: "20 bytes", 999: "999 bytes", 1000: "1.00 kB", 20480: "20.5 kB", 999_800: "1.00 MB",
        2**20: "1.05 MB", 95_340_000: "95.3 MB", 268 * 10**6: "268 MB", 2**30: "1.07 GB", 5 * 10**12: "5,000 GB",
    }  # fmt: skip
    assert {size: in_words(size) for size in said} == said
