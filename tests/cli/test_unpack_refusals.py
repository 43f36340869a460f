"""`unpack` refuses in one sentence what holds no images of a Parquet file."""

import pytest

from core.__main__ import main


@pytest.mark.parametrize(("name", "says"), [("gone.parquet", "gone.parquet"), (".", "There are no Parquet files in")])
def test_what_cannot_be_unpacked_is_one_sentence(tmp_path, capsys, name, says):
    assert main(["unpack", str(tmp_path / name), str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err.strip()
    assert says in told
    assert "\n" not in told
