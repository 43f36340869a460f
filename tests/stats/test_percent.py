"""How a share is written."""

from core.stats.percent import percent, rough


def test_a_share_has_one_decimal_and_a_space_before_the_sign() -> None:
    assert [percent(share) for share in (0.905, 0.0, 1.0, 0.33333)] == ["90.5 %", "0.0 %", "100.0 %", "33.3 %"]
    assert percent(0.756, 0) == "76 %"


def test_a_rough_share_is_nothing_only_where_it_is_nothing() -> None:
    said = {0.0: "0 %", 1e-5: "under 0.1 %", 0.005: "0.5 %", 0.0997: "10 %", 0.25: "25 %", 1.0: "100 %"}
    assert {share: rough(share) for share in said} == said
