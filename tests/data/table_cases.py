"""Tables of labels as people have them, each with the right reading or the right refusal; written before the reader.

`tree` is as in `layout_cases`; `tables` maps a file to its text or bytes. `{n}` in a row stands for 0, 1, 2, ... as
`rows` counts them.
"""

import json
from dataclasses import dataclass, field

from tests.data.layout_cases import Counts, only

Text = str | bytes


@dataclass(frozen=True)
class Case:
    """One dataset with a table; see `layout_cases.Case`. `flags` are options that make it readable."""

    tree: str
    tables: dict[str, Text]
    reads: Counts = field(default_factory=dict)
    says: tuple[str, ...] = ()
    refuses: str = ""
    flags: dict[str, str] = field(default_factory=dict)
    chosen: Counts = field(default_factory=dict)


def rows(*templates: str, count: int, start: int = 0) -> str:
    """Each template `count` times, with its number."""
    return "".join(t.replace("{n}", str(n)) + "\n" for t in templates for n in range(start, start + count))


def label_studio() -> str:
    def task(name: str, choice: str) -> dict:
        value = {"type": "choices", "value": {"choices": [choice]}}
        return {"data": {"image": f"/data/upload/1/1a2b3c4d-{name}"}, "annotations": [{"result": [value]}]}

    return json.dumps([task(f"a{n}.png", "cat") for n in range(3)] + [task(f"b{n}.png", "dog") for n in range(3)])


ROBOFLOW = "filename, cat, dog\n" + rows("a{n}.png,1,0", "b{n}.png,0,1", count=3)
PARTS = {"train": {"cat": 3, "dog": 3}, "val": {"cat": 3, "dog": 3}}

CASES: dict[str, Case] = {
    "Kaggle without extension": Case(
        "train/a#.jpg=3 train/b#.jpg=3 test/c#.jpg=2",
        {
            "train.csv": "id,breed\n" + rows("a{n},boxer", "b{n},corgi", count=3),
            "sample_submission.csv": "id,breed\n" + rows("c{n},boxer", count=2),
        },
        only(3, "boxer", "corgi"),
        (r"Labels come from train\.csv: .*image.* id.*class.* breed", r"2 images are not in the table.*test/c0\.jpg"),
    ),
    "Kaggle with extension": Case(
        "images/a#.jpg=3 images/b#.jpg=3",
        {"train.csv": "image_id,label\n" + rows("a{n}.jpg,0", "b{n}.jpg,1", count=3)},
        only(3, "0", "1"),
    ),
    "paths in the rows": Case(
        "data/2019/a#.png=3 data/2019/b#.png=3",
        {"labels.csv": "path,label\n" + rows("./2019/a{n}.png,cat", "old/2019/b{n}.png,dog", count=3)},
        only(3, "cat", "dog"),
    ),
    "semicolons, cp1252, quotes": Case(
        "bilder/a#.png=3 bilder/b#.png=3",
        {
            "liste.csv": ("Datei;Klasse\n" + rows('"a{n}.png";"Füchse; rot"', "b{n}.png;Bären", count=3)).encode(
                "cp1252"
            )
        },
        {"": {"Bären": 3, "Füchse; rot": 3}},
    ),
    "UTF-8 with BOM, tabs": Case(
        "a#.png=3 b#.png=3",
        {"labels.tsv": "\ufeff" + "file\tclass\n" + rows("a{n}.png\tä", "b{n}.png\tö", count=3)},
        only(3, "ä", "ö"),
    ),
    "Hugging Face metadata.csv in each part": Case(
        "{train,test}/a#.png=3 {train,test}/b#.png=3",
        {
            f"{part}/metadata.csv": "file_name,label\n" + rows("a{n}.png,cat", "b{n}.png,dog", count=3)
            for part in ("train", "test")
        },
        PARTS,
        (r"There is no val",),
    ),
    "Hugging Face metadata.jsonl": Case(
        "a#.png=3 b#.png=3",
        {
            "metadata.jsonl": rows(
                '{"file_name": "a{n}.png", "label": "cat"}', '{"file_name": "b{n}.png", "label": "dog"}', count=3
            )
        },
        only(3, "cat", "dog"),
    ),
    "Label Studio JSON": Case("a#.png=3 b#.png=3", {"export.json": label_studio()}, only(3, "cat", "dog")),
    "Label Studio CSV": Case(
        "a#.png=3 b#.png=3",
        {
            "export.csv": "annotation_id,annotator,choice,created_at,id,image,lead_time\n"
            + rows(
                "1{n},1,cat,2024,{n},/data/upload/1/1a2b3c4d-a{n}.png,1.{n}",
                "2{n},1,dog,2024,9{n},/data/upload/1/1a2b3c4d-b{n}.png,2.{n}",
                count=3,
            )
        },
        only(3, "cat", "dog"),
    ),
    "Roboflow multiclass CSV": Case(
        "{train,valid}/a#.png=3 {train,valid}/b#.png=3",
        {f"{part}/_classes.csv": ROBOFLOW for part in ("train", "valid")},
        PARTS,
    ),
    "one column a class": Case(
        "img/a#.png=3 img/b#.png=3 img/c#.png=1",
        {"gt.csv": "image,MEL,NV,BCC\n" + rows("a{n},1.0,0.0,0.0", "b{n},0.0,1.0,0.0", count=3) + "c0,1.0,1.0,0.0\n"},
        {"": {"MEL": 3, "NV": 3}},
        (r"1 row has several classes",),
    ),
    "images in numbered folders, as HAM10000 has them": Case(
        "HAM_images_part_1/a#.jpg=3 HAM_images_part_2/b#.jpg=3",
        {
            "metadata.csv": "lesion_id,image_id,dx,dx_type,age,sex\n"
            + rows("L{n},a{n},nv,histo,80,male", "L{n},b{n},mel,histo,70,female", count=3)
        },
        refuses=r"two ways.*mel, nv of.*--table metadata\.csv.*HAM_images_part_1, HAM.*--layout classes",
        flags={"table": "metadata.csv"},
        chosen=only(3, "mel", "nv"),
    ),
    "a part column and a group column": Case(
        "img/a#.png=4 img/b#.png=4",
        {
            "t.csv": "file,label,split,patient_id\n"
            + rows("a{n}.png,cat,train,p{n}", "b{n}.png,dog,train,q{n}", count=3)
            + "a3.png,cat,val,p9\nb3.png,dog,validation,q9\n"
        },
        {"train": {"cat": 3, "dog": 3}, "val": {"cat": 1, "dog": 1}},
        (r"part.* split.*group.* patient_id",),
    ),
    "two columns may be the label": Case(
        "a#.png=3 b#.png=3",
        {
            "t.csv": "file,colour,shape\n"
            + rows("a{n}.png,red,round", "b{n}.png,blue,round", count=2)
            + "a2.png,red,square\nb2.png,blue,square\n"
        },
        refuses=r"t\.csv.*colour.*shape.*--label",
        flags={"table": "t.csv", "label": "shape"},
        chosen={"": {"round": 4, "square": 2}},
    ),
    "missing and unlisted files, blank and torn labels": Case(
        "a#.png=4 b#.png=4 extra/x#.png=2",
        {
            "t.csv": "file,label\n"
            + rows("a{n}.png,cat", "b{n}.png,dog", count=3)
            + "gone1.png,cat\ngone2.png,dog\na3.png,\nb3.png,cat\nb3.png,dog\n"
        },
        only(3, "cat", "dog"),
        (
            r"2 rows have file names that do not exist: gone1\.png, gone2\.png",
            r"2 images are not in the table: extra/x0\.png",
            r"1 row has no class: a3\.png",
            r"1 image has rows with different classes: b3\.png",
        ),
    ),
    "a table beside class folders that agree": Case(
        "cats/a#.png=3 dogs/b#.png=3",
        {"all.csv": "file,label\n" + rows("cats/a{n}.png,cats", "dogs/b{n}.png,dogs", count=3)},
        only(3, "cats", "dogs"),
    ),
    "a table of something else beside class folders": Case(
        "{cats,dogs}=3", {"log.csv": "epoch,loss\n1,0.5\n2,0.4\n"}, only(3, "cats", "dogs")
    ),
    "a table without a matching image": Case(
        "a#.png=3", {"t.csv": "file,label\nx1.png,cat\nx2.png,dog\n"}, refuses=r"not in class folders"
    ),
}
