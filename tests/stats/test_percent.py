"""How a share is written."""

from core.stats.percent import percent


def test_a_share_has_one_decimal_and_a_space_before_the_sign() -> None:
    assert [percent(share) for share in (0.905, 0.0, 1.0, 0.33333)] == ["90.5 %", "0.0 %", "100.0 %", "33.3 %"]
    assert percent(0.756, 0) == "76 %"
