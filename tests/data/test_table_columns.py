"""Which column of a table is what, where names and values of columns speak for several; no label goes astray."""

import pytest

from core.data.scan import scan
from tests.data.layout_cases import build, only
from tests.data.table_cases import Case
from tests.data.table_steps import listed, run_case, table

TWENTY = {"": {"a": 10, "b": 10}}
IN_TRAIN = {"": {"a": 5, "b": 5}}


CASES: dict[str, Case] = {
    # the image
    "the index of a data frame": Case(
        "im/#.png=20",
        {"t.csv": table(",id_code,diagnosis", *listed("{n},{m},{c}", 20))},
        TWENTY,
        (r"image is in id_code",),
    ),
    "the index under the name that pandas gives it": Case(
        "im/#.png=20",
        {"t.csv": table("Unnamed: 0,case,diagnosis", *listed("{n},{m},{c}", 20))},
        TWENTY,
        (r"image is in case",),
    ),
    "an index that matches more than the named column": Case(
        "im/#.png=25",
        {"t.csv": table("index,image_id,label", *(f"{n},{n + 10},{'ab'[n % 2]}" for n in range(20)))},
        {"": {"a": 8, "b": 7}},
        (r"image is in image_id", r"5 rows have file names"),
    ),
    "an index of rows in another order": Case(
        "im/#.png=20", {"t.csv": table(",id,label", *listed("{m},{n},{c}", 20))}, TWENTY, (r"image is in id,",)
    ),
    "nothing but an index": Case(
        "#.png=6",
        {"t.csv": table(",label", *listed("{n},{c}", 6))},
        refuses=r"column 1 of t\.csv.*counts the rows.*--image",
        flags={"table": "t.csv", "image": "column 1"},
        chosen=only(3, "a", "b"),
    ),
    "an age that is also a file name": Case(
        "#.png=60",
        {"t.csv": table("name,age,label", *(f"p{n},{30 + n // 2},{'ab'[n % 2]}" for n in range(40)))},
        refuses=r"The column age of t\.csv matches file names, but it seems to be something else.*--image",
    ),
    "two numbers of which each names an image": Case(
        "#.png=20",
        {"t.csv": table("id,id_code,label", *listed("{n},{m},{c}", 20))},
        refuses=r"several columns that may name the image: id, id_code.*--image COLUMN",
        flags={"table": "t.csv", "image": "id_code"},
        chosen=TWENTY,
    ),
    "the number of the row under another name": Case(
        "im/#.png=20",
        {"t.csv": table("row_id,slice,label", *listed("{n},{m},{c}", 20))},
        TWENTY,
        (r"image is in slice",),
    ),
    "two numbers that say little": Case(
        "#.png=20",
        {"t.csv": table("code,slice,label", *listed("{n},{m},{c}", 20))},
        refuses=r"several columns that may name the image: code, slice",
    ),
    "two images in each row": Case(
        "l#.png=6 r#.png=6",
        {"t.csv": table("left_image,right_image,label", *listed("l{n}.png,r{n}.png,{c}", 6))},
        refuses=r"several columns that may name the image: left_image, right_image",
        flags={"table": "t.csv", "image": "left_image"},
        chosen=only(3, "a", "b"),
    ),
    "a name and a path of the same image": Case(
        "im/#.png=6",
        {"t.csv": table("image_name,image_path,label", *listed("{n}.png,im/{n}.png,{c}", 6))},
        only(3, "a", "b"),
    ),
    "masks before images": Case(
        "#.png=6 #_m.png=6",
        {"t.csv": table("mask_path,image_path,label", *listed("{n}_m.png,{n}.png,{c}", 6))},
        only(3, "a", "b"),
        (r"image is in image_path", r"6 images are not in the table: 0_m"),
    ),
    "segmentations before pictures": Case(
        "#.png=6 #_s.png=6",
        {"t.csv": table("segmentation,picture,label", *listed("{n}_s.png,{n}.png,{c}", 6))},
        only(3, "a", "b"),
        (r"image is in picture",),
    ),
    # the folder that a row names
    "rows of a part of which images are missing": Case(
        "train/00#.jpg=10 test/01#.jpg=10",
        {"t.csv": table("path,label", *(f"train/{n:03d}.jpg,{'ab'[n % 2]}" for n in range(20)))},
        IN_TRAIN,
        (r"10 rows have file names that do not exist: train/010\.jpg", r"10 images are not in the table"),
    ),
    "rows of a place that is not here": Case(
        "site1/00#.png=10",
        {
            "t.csv": table(
                "path,label",
                *(f"site1/00{n}.png,{'ab'[n % 2]}" for n in range(0, 5)),
                *(f"site2/00{n}.png,{'ab'[n % 2]}" for n in range(5, 10)),
            )
        },
        {"": {"a": 3, "b": 2}},
        (r"5 rows have file names that do not exist: site2/005\.png",),
    ),
    "rows of two places, one folder of which lacks images": Case(
        "site1/a#.png=6 site2/b#.png=6",
        {
            "t.csv": table(
                "file,label",
                *listed("/data/site1/a{n}.png,{c}", 6),
                *listed("/data/site2/b{n}.png,{c}", 6),
                *listed("/data/site2/a{n}.png,c", 6),
            )
        },
        refuses=r"two ways: the classes a, b of t\.csv",
        flags={"table": "t.csv"},
        chosen=only(6, "a", "b"),
    ),
    "a table in a part that names an image of the other": Case(
        "train/a#.png=6 val/b#.png=3",
        {"train/t.csv": table("file,label", *listed("a{n}.png,{c}", 6), *listed("b{n}.png,{c}", 3))},
        only(3, "a", "b"),
        (r"3 rows have file names that do not exist: b0\.png",),
    ),
    "folders of another computer": Case(
        "im/#.png=6", {"t.csv": table("file,label", *listed("C:\\old\\set\\{n}.png,{c}", 6))}, only(3, "a", "b")
    ),
    "a folder between that says nothing": Case(
        "train/images/#.png=6", {"t.csv": table("file,label", *listed("train/{n}.png,{c}", 6))}, only(3, "a", "b")
    ),
    # the group
    "a study before the patient": Case(
        "#.png=6",
        {"t.csv": table("image,study_id,patient_id,label", *listed("{n}.png,s{n},p{d},{c}", 6))},
        only(3, "a", "b"),
        (r"group in patient_id",),
    ),
    "an age group before the patient": Case(
        "#.png=6",
        {"t.csv": table("image,label,age_group,PatientID", *listed("{n}.png,{c},{s}0,p{d}", 6))},
        only(3, "a", "b"),
        (r"group in PatientID",),
    ),
    "the sex of a patient is no group": Case(
        "#.png=6",
        {"t.csv": table("image,label,patient_sex,subject", *listed("{n}.png,{c},{s},p{d}", 6))},
        only(3, "a", "b"),
        (r"group in subject\.",),
    ),
    "the number of a mouse": Case(
        "#.png=6",
        {"t.csv": table("image,label,mouse,mouse_id", *listed("{n}.png,{c},wild,m{d}", 6))},
        only(3, "a", "b"),
        (r"group in mouse_id",),
    ),
    "a series and the number of a subject": Case(
        "#.png=6",
        {"t.csv": table("image,SeriesInstanceUID,Subject No.,label", *listed("{n}.png,u{n},p{d},{c}", 6))},
        only(3, "a", "b"),
        (r"group in Subject No\.",),
    ),
    # the class
    "a diagnosis with the word patient in its name": Case(
        "#.png=12",
        {"t.csv": table("image,sex,patient_diagnosis", *listed("{n}.png,{s},{c}", 12))},
        only(6, "a", "b"),
        (r"class in patient_diagnosis",),
    ),
    "a group that may be the class": Case(
        "#.png=12",
        {"t.csv": table("image,group,sex", *listed("{n}.png,{c},{s}", 12))},
        refuses=r"several columns that may be the class: group, sex.*--label COLUMN",
        flags={"table": "t.csv", "label": "group"},
        chosen=only(6, "a", "b"),
    ),
    "a state of the subject": Case(
        "#.png=12",
        {"t.csv": table("image,subject_status,sex", *listed("{n}.png,{c},{s}", 12))},
        refuses=r"several columns that may be the class: subject_status, sex",
    ),
    "a group of images beside a label": Case(
        "#.png=6",
        {"t.csv": table("image,group,label", *listed("{n}.png,g{d},{c}", 6))},
        only(3, "a", "b"),
        (r"group in group",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_column_is_what_it_is(name, tmp_path):
    run_case(CASES[name], tmp_path)


def test_labels_follow_the_named_column_and_not_the_index(tmp_path):
    root = build(tmp_path / "data", "im/#.png=20")
    (root / "t.csv").write_text(table(",id_code,diagnosis", *listed("{n},{m},{c}", 20)))
    labels = {file.path: file.label for file in scan(root).files}
    assert labels == {f"im/{(n * 7 + 3) % 20}.png": "ab"[n % 2] for n in range(20)}
