"""Every table of labels that people have is read rightly, or refused with what to say; none is misread in silence."""

import io
import json
import re
import tracemalloc
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.data import tables
from core.data.dataset_index import DatasetIndex
from core.data.ingest import Limits, ingest_files, ingest_zip
from core.data.parquet_images import unpack_parquet
from core.data.scan import scan
from core.data.split import split_files
from core.data.table_choice import TableChoice, remember_table
from core.data.tables import read_table
from core.errors import DataError
from tests.data.conftest import image
from tests.data.layout_cases import build
from tests.data.table_cases import CASES
from tests.data.table_steps import run_case


@pytest.mark.parametrize("name", CASES)
def test_each_table_is_read_rightly_or_refused(name, tmp_path):
    run_case(CASES[name], tmp_path)


CATS = "file,label\n" + "".join(f"a{n}.png,cat\nb{n}.png,dog\n" for n in range(3))


def test_labels_parts_and_groups_of_a_table_reach_the_split(tmp_path):
    root = build(tmp_path / "data", "a#.png=6 b#.png=6")
    text = "file,label,patient\n" + "".join(f"{c}{n}.png,{c},p{n // 2}\n" for c in "ab" for n in range(6))
    (root / "t.csv").write_text(text)
    index = scan(root)
    assert [file.group for file in index.files][:3] == ["p0", "p0", "p1"]
    assert index.files[0].path == "a0.png"
    assert (index.reading, index.reasons) == (
        "table t.csv",
        ("The table t.csv gives the labels: the image is in file, the class in label, the group in patient.",),
    )
    split = split_files(index, 0.34, 1)
    assert not {file.group for file in split.train} & {file.group for file in split.val}
    assert DatasetIndex.from_dict(json.loads(json.dumps(index.to_dict()))) == index


def test_a_parquet_table_is_read_with_the_names_of_its_classes(tmp_path):
    root = build(tmp_path / "data", "a#.png=3 b#.png=3")
    names = [f"{c}{n}.png" for c in "ab" for n in range(3)]
    features = {"info": {"features": {"label": {"_type": "ClassLabel", "names": ["cat", "dog"]}}}}
    schema = pa.schema([("file_name", pa.string()), ("label", pa.int64())], {"huggingface": json.dumps(features)})
    pq.write_table(pa.table({"file_name": names, "label": [0, 0, 0, 1, 1, 1]}, schema), root / "t.parquet")
    assert scan(root).counts() == {"": {"cat": 3, "dog": 3}}


def parquet_of_images(path, label=True):
    """Six images with names, the last of them damaged; of the classes only the names are told, in the schema."""
    column = pa.array([{"bytes": image(n) if n < 5 else b"<html>", "path": f"x/{n}.png"} for n in range(6)])
    features = {"info": {"features": {"label": {"_type": "ClassLabel", "names": ["cat", "dog"]}}}} if label else {}
    columns = {"image": column, "label" if label else "kind": pa.array([0, 1] * 3), "age": pa.array(range(6))}
    schema = pa.table(columns).schema.with_metadata({"huggingface": json.dumps(features)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns, schema), path)
    return path


def test_images_inside_a_parquet_file_are_refused_by_name_and_can_be_written_out(tmp_path, capsys):
    file = parquet_of_images(tmp_path / "data" / "train-00000-of-00001.parquet")
    with pytest.raises(
        DataError,
        match=r"contains the images themselves; extract them to files: python -m core "
        r"unpack",
    ):
        read_table(file)
    parquet_of_images(tmp_path / "data" / "test-00000-of-00001.parquet")
    assert main(["unpack", str(tmp_path / "data"), str(tmp_path / "out")]) == 0
    assert "train cat 3" in capsys.readouterr().out
    index = scan(tmp_path / "out")
    assert index.counts() == {"train": {"cat": 3, "dog": 2}, "val": {"cat": 3, "dog": 2}}
    assert (tmp_path / "out" / index.files[0].path).read_bytes() == image(0)
    assert main(["unpack", str(tmp_path / "data"), str(tmp_path / "out")]) == 1
    assert "exists already" in capsys.readouterr().err


def test_a_parquet_file_that_cannot_be_written_out_is_one_sentence(tmp_path):
    file = parquet_of_images(tmp_path / "t.parquet", label=False)
    with pytest.raises(DataError, match=r"column of t\.parquet is the class\? Set it with --label, one of kind, age"):
        unpack_parquet(file, tmp_path / "out")
    assert dict(unpack_parquet(file, tmp_path / "out", "kind").counts) == {("", "0"): 3, ("", "1"): 2}
    with pytest.raises(DataError, match=r"more than 2 images or"):
        unpack_parquet(file, tmp_path / "more", "kind", Limits(files=2))
    with pytest.raises(DataError, match=r"There are no Parquet files in"):
        unpack_parquet(tmp_path / "out", tmp_path / "more")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"^bad\.parquet is damaged"):
        unpack_parquet(tmp_path / "bad.parquet", tmp_path / "more")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["out"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("t.csv", b"", r"^t\.csv has no rows\."),
        ("t.csv", b"a,b\n", r"^t\.csv has no rows\."),
        ("t.csv", b"a,b\n" + b"x" * 200_000 + b",1\n", r"^t\.csv is not a table: field larger than field limit"),
        (
            "t.csv",
            b",".join(b"c%d" % n for n in range(3000)) + b"\n1\n",
            r"has 3,000 columns; at most 2,000 are supported",
        ),
        ("t.csv", b"a,b\n" + b"1,2\n" * 2_001, r"has more than 2,000 rows"),
        ("t.csv", b",".join(b"c%d" % n for n in range(100)) + b"\n1\n" * 1_100, r"has more than 100,000 cells"),
        ("t.json", b"{", r"^t\.json is not JSON"),
        ("t.json", b'{"a": 1}', r"it must be a list of objects"),
        ("t.json", b"[" * 100_000, r"^t\.json is not JSON"),
        ("t.jsonl", b'{"a": 1}\n[2]\n', r"it must be a list of objects"),
        ("t.parquet", b"PAR1nonsensePAR1", r"^t\.parquet is damaged"),
        ("gone.csv", None, r"^gone\.csv cannot be read: No such file or directory\."),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_table_is_one_sentence(tmp_path, monkeypatch, name, data, message):
    monkeypatch.setattr(tables, "MAX_ROWS", 2_000)
    monkeypatch.setattr(tables, "MAX_CELLS", 100_000)
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read_table(tmp_path / name)
    assert str(caught.value).isprintable()


def test_cells_lead_nowhere_but_to_images_of_the_folder(tmp_path):
    (tmp_path / "secret.png").write_bytes(image(99))
    root = build(tmp_path / "data", "a#.png=3 b#.png=3")
    cells = [
        "../secret.png",
        "/etc/passwd",
        str(tmp_path / "secret.png"),
        "C:\\x.png",
        "\0",
        "?",
        "=cmd",
        "%2e%2e/secret.png",
    ]
    (root / "t.csv").write_text(CATS + "".join(f"{cell},cat\n" for cell in cells))
    index = scan(root)
    assert {file.path for file in index.files} == {f"{c}{n}.png" for c in "ab" for n in range(3)}
    assert "8 rows have file names that do not exist" in " ".join(index.notes)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"table": "no.csv"}, r"--table is no\.csv, but there is no such file in"),
        ({"table": "../out.csv"}, r"--table is \.\./out\.csv, but there is no such file in"),
        ({"table": "t.csv", "label": "kind"}, r"--label is kind, but t\.csv has no such column; it has file, label\."),
        (
            {"table": "t.csv", "image": "label"},
            r"No column of t\.csv can be the class; set it with --label, one of file, label\.",
        ),
        ({"label": "kind"}, r"--label names a column of a table; also give --table FILE"),
        ({"table": "t.csv", "layout": "classes"}, r"--layout and --table both say where the labels come from"),
    ],
)
def test_flags_that_do_not_fit_are_one_sentence(tmp_path, capsys, flags, message):
    (tmp_path / "out.csv").write_text(CATS)
    root = build(tmp_path / "data", "a#.png=3 b#.png=3")
    (root / "t.csv").write_text(CATS)
    code = main(["scan", str(root), *(word for key, value in flags.items() for word in (f"--{key}", value))])
    assert (code, bool(re.search(message, capsys.readouterr().err))) == (1, True)


def test_a_table_is_chosen_remembered_and_forgotten_on_the_command_line(tmp_path, capsys):
    root = build(tmp_path / "data", "{x,y}/a#.png=3 {x,y}/b#.png=3")
    text = "file,label\n" + "".join(f"{d}/{c}{n}.png,{c}\n" for d in "xy" for c in "ab" for n in range(3))
    (root / "t.csv").write_text(text)
    assert main(["scan", str(root)]) == 1
    assert "--table t.csv" in capsys.readouterr().err
    assert main(["scan", str(root), "--table", "t.csv"]) == 0
    assert "all   a 6  b 6" in capsys.readouterr().out
    assert main(["scan", str(root)]) == 0
    assert "Read as table t.csv: The table t.csv gives the labels: the image is in file" in capsys.readouterr().out
    assert main(["scan", str(root), "--layout", "classes"]) == 0
    assert "all   x 6  y 6" in capsys.readouterr().out
    assert main(["scan", str(root), "--layout", "auto"]) == 1


def test_a_table_that_has_gone_says_what_to_do(tmp_path):
    root = build(tmp_path / "data", "a#.png=3 b#.png=3")
    (root / "t.csv").write_text(CATS)
    remember_table(root, TableChoice("t.csv"))
    (root / "t.csv").unlink()
    with pytest.raises(
        DataError, match=r"t\.csv with the labels is missing; choose another with --table, or none with --table none"
    ):
        scan(root)


def test_a_table_comes_with_a_zip_and_with_a_folder(tmp_path):
    files = {f"pets/{c}{n}.png": image(n) for c in "ab" for n in range(3)} | {"pets/labels.csv": CATS.encode()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    for folder in (
        ingest_zip(packed, tmp_path / "zip"),
        ingest_files([(name, io.BytesIO(data)) for name, data in files.items()], tmp_path / "folder"),
    ):
        assert scan(folder).counts() == {"": {"cat": 3, "dog": 3}}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.csv", b"," * 30_000_000, "it has a line of more than 10,000,000 characters"),
        ("l.csv", b"file,label\na.png," + b"," * 30_000_000, "it has a line of more than 10,000,000 characters"),
        ("l.csv", b'a,b\n"' + b"x\n" * 15_000_000, "field larger than field limit"),
        ("l.json", b"[" + b"{}," * 10_000_000 + b"{}]", "has 20,000,002 values; a table may have 5,000,000 at most"),
        ("l.jsonl", b"{}\n" * 1_000_000, "has more than 10,000 rows"),
    ],
    ids=["one line", "second line", "quote", "objects", "lines"],
)
def test_a_table_that_would_take_many_times_its_size_is_refused_before(name, content, words, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS", 10_000)
    (tmp_path / name).write_bytes(content)
    size = len(content)
    del content
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=words):
            read_table(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 4 * size
    finally:
        tracemalloc.stop()


def test_blank_lines_without_end_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS", 1_000)
    for name in ("l.csv", "l.jsonl"):
        (tmp_path / name).write_bytes(b"\n" * 3_000)
        with pytest.raises(DataError, match="has more than 1,000 rows; split it"):
            read_table(tmp_path / name)
        (tmp_path / name).write_bytes(b"\n" * 500 + (b"a,b\n1,2\n" if name == "l.csv" else b'{"a": 1, "b": 2}\n'))
        assert read_table(tmp_path / name).rows == (("1", "2"),)


def test_a_long_text_in_each_row_of_a_small_parquet_file_takes_no_memory(tmp_path):
    columns = {"file": ["a.png"] * 1_000, "label": pa.array(["y" * 100_000] * 1_000).dictionary_encode()}
    pq.write_table(pa.table(columns), tmp_path / "l.parquet")
    tracemalloc.start()
    try:
        found = read_table(tmp_path / "l.parquet")
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert (len(found.rows), len(found.rows[0][1])) == (1_000, 4_096)


def test_a_key_of_json_with_blanks_around_it_keeps_its_cells(tmp_path):
    (tmp_path / "l.json").write_text('[{" file ": "a.png", "": "x"}, {" file ": "b.png"}]')
    found = read_table(tmp_path / "l.json")
    assert (found.columns, found.rows) == (("file", "column 2"), (("a.png", "x"), ("b.png", "")))
