"""`scan` says which columns of a table it reads, and how each is named by an option."""

import pytest

from core.__main__ import main
from tests.data.layout_cases import build


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (",file,label\n0,1,a\n1,0,b\n2,3,a\n3,2,b\n", 0, "the image is in file, the class in label"),
        (",label\n0,a\n1,b\n2,a\n3,b\n", 1, "--table t.csv --image COLUMN"),
    ],
)
def test_the_columns_of_a_table_are_said_or_asked_for(tmp_path, capsys, text, code, says):
    root = build(tmp_path / "data", "#.png=4")
    (root / "t.csv").write_text(text)
    assert main(["scan", str(root)]) == code
    out, err = capsys.readouterr()
    assert says in out + err
