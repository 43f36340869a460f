"""Every setting that can be blamed says why it can make a difference."""

from core.bisect.ends import DATASET
from core.bisect.reasons import REASONS
from core.config import keys


def test_every_setting_has_one_sentence_that_fits_beside_it() -> None:
    assert REASONS.keys() == {*keys(), DATASET}
    for key, sentence in REASONS.items():
        assert sentence.endswith("."), key
        assert 20 < len(sentence) < 125, key
