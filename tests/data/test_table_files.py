"""Tables of several files, one for each part, and tables whose rows are about folders of images."""

import json
import unicodedata

import pytest

from core.data.scan import scan
from core.data.table_choice import TableChoice, remember_table
from core.data.table_finder import Finder
from tests.data.layout_cases import build, only
from tests.data.table_cases import Case
from tests.data.table_steps import run_case, table


def some(start: int, stop: int, header: str = "file,label", more: str = "") -> str:
    return table(header, *(f"{n}.png,{'ab'[n % 2]}{more}" for n in range(start, stop)))


def parts(train: int, val: int, test: int = 0) -> dict[str, dict[str, int]]:
    found = {"train": {"a": train, "b": train}, "val": {"a": val, "b": val}}
    return found | ({"test": {"a": test, "b": test}} if test else {})


def patients(name: str, *folders: str) -> str:
    return table(f"{name},diagnosis", *(f"{folder},{'ab'[n % 2]}" for n, folder in enumerate(folders)))


CASES: dict[str, Case] = {
    "names with another ending": Case(
        "#.png=4",
        {"package.json": '{"name": "x"}', "l.csv": some(0, 4).replace(".png", ".jpg.bak")},
        refuses=r"not in class folders.*A table does not give the classes either: No column of l\.csv has the file "
        r"names of this folder, such as 0\.png; set it with --image, one of file, label\.",
    ),
    "a table of another form": Case(
        "#.png=4",
        {"l.json": '{"0.png": "a", "1.png": "b"}'},
        refuses=r"not in class folders.*l\.json is not a table: it must be a list of objects, one for each image\.",
    ),
    "a spreadsheet": Case(
        "#.png=4",
        {"l.xlsx": b"PK"},
        refuses=r"not in class folders.*l\.xlsx is a spreadsheet, which is not read; save its table as CSV\.",
    ),
    "a spreadsheet beside class folders": Case("{a,b}=3", {"l.xlsx": b"PK"}, only(3, "a", "b")),
    "Excel's line about the separator": Case(
        "im/#.png=12", {"l.csv": "sep=;\r\n" + some(0, 12, "file;label").replace(",", ";")}, only(6, "a", "b")
    ),
    "the same line, filled up": Case("im/#.png=12", {"l.csv": '"SEP=,",\n' + some(0, 12)}, only(6, "a", "b")),
    "a column that is called sep=": Case("im/#.png=12", {"l.csv": some(0, 12, "file,sep=")}, only(6, "a", "b")),
    "a table for each part": Case(
        "im/#.png=12",
        {"train.csv": some(0, 8), "val.csv": some(8, 10), "test.csv": some(10, 12)},
        parts(4, 1, 1),
    ),
    "labels of two parts": Case(
        "im/#.png=12",
        {"train_labels.csv": some(0, 8), "test_labels.csv": some(8, 12)},
        parts(4, 2),
        (r"test part is used for validation",),
    ),
    "labels behind the part": Case(
        "im/#.png=12", {"LabelsTrain.csv": some(0, 8), "LabelsValid.csv": some(8, 12)}, parts(4, 2)
    ),
    "tables of parts whose images have the same names": Case(
        "{train,val}/#.png=6", {"train.csv": some(0, 6), "val.csv": some(0, 6)}, parts(3, 3)
    ),
    "a table without labels beside one with labels": Case(
        "im/#.png=8",
        {"train.csv": some(0, 6), "test.csv": table("file", "6.png", "7.png")},
        only(3, "a", "b"),
        (r"test\.csv has no column label and is not used",),
    ),
    "a table without the patient": Case(
        "im/#.png=8",
        {"train.csv": some(0, 6, "file,label,patient", ",p"), "val.csv": some(6, 8)},
        parts(3, 1),
    ),
    "one column a class, others in the other part": Case(
        "train/a#.png=6 valid/b#.png=4",
        {
            "train/_classes.csv": table(
                "filename, cat, dog, bird",
                *(f"a{n}.png,{n % 3 % 2},{int(n % 3 == 0)},{int(n % 3 == 2)}" for n in range(6)),
            ),
            "valid/_classes.csv": table("filename, cat, dog", *(f"b{n}.png,{n % 2},{1 - n % 2}" for n in range(4))),
        },
        {"train": {"cat": 2, "dog": 2, "bird": 2}, "val": {"cat": 2, "dog": 2, "bird": 0}},
    ),
    "one table for the folders of all parts": Case(
        "train/#.png=6 test/{6,7}#.png=1",
        {
            "metadata.csv": table(
                "file,label", *(f"train/{n}.png,{'ab'[n % 2]}" for n in range(6)), "test/60.png,a", "test/70.png,b"
            )
        },
        parts(3, 1),
        (r"split is that of the folders", r"test part is used for validation"),
    ),
    "an image in two of the tables": Case(
        "im/#.png=9",
        {"train.csv": some(0, 6), "val.csv": some(5, 9)},
        {"train": {"a": 3, "b": 2}, "val": {"a": 2, "b": 1}},
        (r"1 image is in several splits",),
    ),
    "patients in folders": Case(
        "patient00{0,1,2,3,4,5}/slice_#.png=3",
        {"labels.csv": patients("patient_id", *(f"patient00{n}" for n in range(6)))},
        refuses=r"two ways: the classes a, b of labels\.csv \(--table labels\.csv\)",
        flags={"table": "labels.csv"},
        chosen=only(9, "a", "b"),
    ),
    "studies in folders below train": Case(
        "train/id{0,1,2,3}/#.png=2",
        {"train_labels.csv": patients("id", *(f"id{n}" for n in range(4)))},
        refuses=r"two ways.*--table train_labels\.csv",
        flags={"table": "train_labels.csv"},
        chosen=only(4, "a", "b"),
    ),
    "paths of folders": Case(
        "scans/{00,01,02,03}/im/#.png=2",
        {"t.csv": patients("folder", *(f"scans/0{n}" for n in range(4)))},
        refuses=r"two ways.*--table t\.csv",
        flags={"table": "t.csv"},
        chosen=only(4, "a", "b"),
    ),
    "two halves of the labels": Case(
        "im/#.png=8",
        {"labels_1.csv": some(0, 4), "labels_2.csv": some(4, 8)},
        only(4, "a", "b"),
        (r"labels_1\.csv, labels_2\.csv have the same columns and different images, and are read together\.",),
    ),
    "a number behind one part of three": Case(
        "im/#.png=12",
        {"train_1.csv": some(0, 4), "valid.csv": some(4, 8), "test.csv": some(8, 12)},
        parts(2, 2, 2),
        (r"are read together",),
    ),
    "numbered tables of the same images": Case(
        "im/#.png=8", {"labels_1.csv": some(0, 8), "labels_2.csv": some(0, 8)}, only(4, "a", "b"), (r"^Labels[^.]*\.",)
    ),
    "other images under another name": Case(
        "im/#.png=10",
        {"labels.csv": some(0, 6), "extra.csv": some(6, 10)},
        only(3, "a", "b"),
        (r"extra\.csv is not used: it names 4 images",),
    ),
    "studies of both parts, no header": Case(
        "train/wrist/p{1,2,3,4}/s1/#.png=2 valid/wrist/p{5,6}/s1/#.png=2",
        {
            "train_studies.csv": "".join(f"MURA/train/wrist/p{n}/s1/,{n % 2}\n" for n in (1, 2, 3, 4)),
            "valid_studies.csv": "".join(f"MURA/valid/wrist/p{n}/s1/,{n % 2}\n" for n in (5, 6)),
        },
        {"train": {"0": 4, "1": 4}, "val": {"0": 2, "1": 2}},
        (r"train_studies\.csv has no header: its first row names a folder and counts as a row",),
    ),
    "folders that hold one class each beside a table": Case(
        "Training_Input/x#.png=6",
        {"gt/truth.csv": table("image,A,B", *(f"x{n},{n % 2},{1 - n % 2}" for n in range(6)))},
        only(3, "A", "B"),
    ),
    "images of one name in two folders": Case(
        "images_{128,256}/x#.png=4",
        {"l.csv": table("file,label", *(f"x{n}.png,{'ab'[n % 2]}" for n in range(4)))},
        refuses=r"The column file of l\.csv does not tell images of one name apart \(images_128/x0\.png, "
        r"images_256/x0\.png\): write their folder and extension into it, or remove one of each\.",
    ),
    "files of Label Studio on a disk": Case(
        "imgs/x#.png=6",
        {
            "p.json": json.dumps(
                [{"image": f"/data/local-files/?d=imgs/x{n}.png", "choice": "ab"[n % 2]} for n in range(6)]
            )
        },
        only(3, "a", "b"),
    ),
    "attributes of VIA": Case(
        "imgs/x#.png=6",
        {
            "via.csv": table(
                "filename,file_attributes",
                *(f'x{n}.png,"{{""class"":""{"ab"[n % 2]}""}}"' for n in range(6)),
            )
        },
        only(3, "a", "b"),
    ),
    "a quotation mark that is never closed": Case(
        "im/#.png=12",
        {
            "l.csv": table(
                "file,label,note", *(f"{n}.png,{'ab'[n % 2]},{'x' if n - 8 else chr(34) + 'bad'}" for n in range(12))
            )
        },
        {"": {"a": 5, "b": 4}},
        (r"In l\.csv a quotation mark before “bad” is never closed, so the 3 lines behind it are read as one cell",),
    ),
    "lines in a cell that is closed": Case(
        "im/#.png=12",
        {"l.csv": table("file,label,note", *(f'{n}.png,{"ab"[n % 2]},"5"" wide\nx"' for n in range(12)))},
        only(6, "a", "b"),
    ),
    "places in the image beside the class": Case(
        "im/#.png=8",
        {"l.csv": table("file,x,y,Target", *(f"{n}.png,{n % 3},{n % 4 // 2},{n % 2}" for n in range(8)))},
        only(4, "0", "1"),
    ),
    "names of classes beside class folders": Case(
        "{n01,n02}=3", {"words.csv": table("wnid,name", "n01,tench", "n02,shark")}, only(3, "n01", "n02")
    ),
    "a count of classes": Case(
        "{n01,n02,n03,n04}=3",
        {"classes.csv": table("class,count", "n01,3", "n02,3", "n03,4", "n04,4")},
        only(3, "n01", "n02", "n03", "n04"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_tables_that_belong_together_are_read_together(name, tmp_path):
    run_case(CASES[name], tmp_path)


@pytest.mark.parametrize(("on_disk", "in_table"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_accents_of_a_mac_and_of_windows_are_the_same(on_disk, in_table):
    names = [f"für {n}.png" for n in range(3)]
    finder = Finder([unicodedata.normalize(on_disk, f"Größe/{name}") for name in names])
    cells = [unicodedata.normalize(in_table, cell) for cell in (*names, "Größe/für 1.png", "für 2", "fur 1.png")]
    found = [unicodedata.normalize("NFC", path) for path in finder.find_all(cells)]
    assert found == [f"Größe/{name}" for name in (*names, names[1], names[2])] + [""]


def test_images_of_a_folder_that_a_row_names_stay_together(tmp_path):
    root = build(tmp_path / "data", "patient00{0,1,2,3}/slice_#.png=3")
    (root / "labels.csv").write_text(patients("patient_id", *(f"patient00{n}" for n in range(4))))
    remember_table(root, TableChoice("labels.csv"))
    assert {file.group for file in scan(root).files} == {f"patient00{n}" for n in range(4)}


def test_another_table_with_more_images_is_told(tmp_path):
    root = build(tmp_path / "data", "#.png=12")
    (root / "first.csv").write_text(some(0, 8))
    (root / "second.csv").write_text(some(6, 12))
    index = scan(root)
    assert index.counts() == only(4, "a", "b")
    assert any("second.csv" in note and "4 images" in note for note in index.notes)
