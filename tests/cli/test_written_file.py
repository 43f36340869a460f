"""Paths that commands write to: what is there is not lost."""

from pathlib import Path

import pytest

from core.cli.written_file import refuse_replacing, refuse_replacing_but_a_report
from core.errors import DataError


def test_an_existing_file_is_replaced_by_force_alone_and_one_that_is_read_never(tmp_path: Path) -> None:
    path, link = tmp_path / "a.png", tmp_path / "b.png"
    refuse_replacing(path, "--csv", force=False, inputs=[path])
    path.write_bytes(b"an image")
    with pytest.raises(DataError, match=r"a\.png exists already; give another file to --csv, or --force to replace it"):
        refuse_replacing(path, "--csv", force=False)
    refuse_replacing(path, "--csv", force=True, inputs=[tmp_path / "gone.png"])
    link.symlink_to(path)
    with pytest.raises(DataError, match=r"b\.png is one of the files that are read; give another file to --csv"):
        refuse_replacing(link, "--csv", force=True, inputs=[path])
    with pytest.raises(DataError, match="is a folder; give a file to --csv"):
        refuse_replacing(tmp_path, "--csv", force=True)


def test_a_report_is_written_over_a_report_alone(tmp_path: Path) -> None:
    path, ends = tmp_path / "mine.HTML", (".html", ".json")
    refuse_replacing_but_a_report(path, "--report", *ends)
    for report in ("<!doctype html>\n<p>", '{"a": 1}', ""):
        path.write_text(report)
        refuse_replacing_but_a_report(path, "--report", *ends)
    path.write_text("<p>a page of mine\n")
    with pytest.raises(DataError, match=r"mine\.HTML exists already and is no report; give another file to --report"):
        refuse_replacing_but_a_report(path, "--report", *ends)
    (script := tmp_path / "train.py").write_text("import keras\n")
    with pytest.raises(DataError, match=r"train\.py does not end in \.html or \.json; give such a file to --report"):
        refuse_replacing_but_a_report(script, "--report", *ends)
    assert script.read_text() == "import keras\n"
