"""Numbers with few digits."""

from core.stats.digits import digits


def test_large_numbers_have_no_powers_of_ten() -> None:
    said = {640.4: "640", 12_780: "13,000", 5.24: "5.2", 0.0312: "0.031", 1e-5: "1e-05", -999.0: "-1,000", 0: "0"}
    assert {value: digits(value, 2) for value in said} == said
