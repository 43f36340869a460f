"""Files of the further kinds as datasets: scanned, grouped by patient, uploaded, in tables; and their window."""

import dataclasses
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.checks.duplicates import near_pairs
from core.config import DataConfig, make_config
from core.data import heic
from core.data.dataset import open_dataset
from core.data.file_names import is_image_name
from core.data.image_files import expand_images
from core.data.images import decode
from core.data.ingest import ingest_zip
from core.data.parquet_images import unpack_parquet
from core.data.pipeline import Images
from core.data.rendering import Rendering, rendering_of, window_words
from core.data.scan import scan
from core.data.split import group_names, split_files
from core.data.thumbnails import thumbnails
from core.data.window import choose_window
from core.engine.features.features import features_key
from core.errors import ConfigError, DataError
from tests.data.deep_files import dicom, tiff

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99)


def deep(seed: int, top: int = 4096) -> Any:
    return np.random.default_rng(seed).integers(0, top, (24, 30)).astype(np.uint16)


@pytest.fixture
def hospital(tmp_path: Path, home: Path) -> Path:
    """Two classes of eight DICOM files, two of each of four patients, named without a hint."""
    folder = tmp_path / "hospital"
    for label, offset in (("well", 0), ("ill", 10)):
        (folder / label).mkdir(parents=True)
        for k in range(8):
            content = dicom(deep(offset + k), BitsStored=12, PatientID=f"{label}-{k // 2}", PatientName="Doe^Jane")
            (folder / label / f"{k * 7 % 11}.dcm").write_bytes(content)
    return folder


def test_images_of_one_patient_stay_together_and_nobody_is_named(hospital: Path, tmp_path: Path) -> None:
    index = scan(hospital, cache_dir=tmp_path / "cache")
    assert {file.group for file in index.files} == {f"patient {k}" for k in range(1, 9)}
    assert "The DICOM files are of 8 patients; those of one patient stay in one split." in index.notes
    split = split_files(index, 0.25, 1)
    sides = [{file.group for file in part} for part in (split.train, split.val)]
    assert not sides[0] & sides[1]
    assert len(split.val) == 4
    assert scan(hospital, cache_dir=tmp_path / "cache") == index
    said = repr(index.to_dict()) + "".join(path.read_text() for path in (tmp_path / "cache").iterdir())
    assert not any(name in said for name in ("Doe", "Jane", "ill-1", "well-1"))
    assert group_names(index.files) == [file.group for file in index.files]


def test_files_that_all_name_one_patient_are_not_grouped(hospital: Path) -> None:
    for path in hospital.rglob("*.dcm"):
        path.write_bytes(dicom(deep(len(path.read_bytes())), BitsStored=12, PatientID="ANON"))
    index = scan(hospital)
    assert {file.group for file in index.files} == {""}
    assert "All DICOM files name the same patient, so they are not grouped by patient." in index.notes


def test_a_file_whose_reader_is_missing_is_read_once_it_is_there(
    hospital: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pillow_heif

    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), "red")).save(out)
    (hospital / "ill" / "photo.heic").write_bytes(out.getvalue())
    with monkeypatch.context() as patch:
        patch.setattr(heic, "_registered", lambda: False)
        index = scan(hospital, cache_dir=tmp_path / "cache")
        assert [file.reason for file in index.unreadable] == [
            "photo.heic is a HEIC image; to read such files: `pip install -r requirements-formats.txt`."
        ]
    index = scan(hospital, cache_dir=tmp_path / "cache")
    assert not index.unreadable
    assert {file.format for file in index.files} == {"DICOM", "HEIF"}


def test_the_window_is_measured_once_for_the_data_set_whatever_its_split(hospital: Path) -> None:
    values = np.concatenate([deep(k).ravel() for k in (*range(8), *range(10, 18))])
    expected = np.percentile(values, (0.5, 99.5))
    found = set()
    for seed in (1, 2):
        data = DataConfig(window="percentile", seed=seed, validation_split=0.25)
        dataset = open_dataset(str(hospital), data)
        rendering = dataset.rendering(data)
        assert rendering.window == tuple(expected)
        found.add(rendering.window)
        pixels = Images(dataset.root, dataset.split.train, 16, "none", 1, rendering).one(0, 0)
        assert pixels.max() > 150
    assert len(found) == 1
    assert choose_window(DataConfig(), hospital, dataset.index.files) == "full"
    fixed = DataConfig(window="fixed", window_low=-100, window_high=900.5)
    assert dataset.rendering(fixed) == Rendering("stretch", (-100.0, 900.5))
    flat = [dataclasses.replace(file, mode="L") for file in dataset.index.files]
    assert choose_window(DataConfig(window="percentile"), hospital, flat) == "full"


def test_a_run_answers_by_the_window_in_its_manifest_or_not_at_all() -> None:
    measured = DataConfig(window="percentile", fit="crop")
    assert rendering_of(measured, [3, 4000.5]) == Rendering("crop", (3.0, 4000.5))
    assert rendering_of(measured, "full") == Rendering("crop")
    fixed = DataConfig(window="fixed", window_low=1, window_high=2)
    assert rendering_of(fixed, None) == Rendering("stretch", (1.0, 2.0))
    assert rendering_of(DataConfig(), [3, 4]) == Rendering()
    for damaged in (None, [4, 3], [1, float("nan")], "x", [1]):
        with pytest.raises(DataError, match=r"^this run has data\.window=percentile, but its manifest\.json lacks"):
            rendering_of(measured, damaged)
    assert window_words((0.0, 4095.0)) == "from 0 (black) to 4095 (white)"


def test_the_ends_of_a_fixed_window_are_in_order() -> None:
    with pytest.raises(ConfigError, match=r"^data\.window_low is 5 and data\.window_high is 5; the first has to be"):
        make_config("sample", {"data.window": "fixed", "data.window_low": 5, "data.window_high": 5})
    assert make_config("sample", {"data.window_low": 5, "data.window_high": 5}).data.window == "full"


def test_features_by_another_window_have_another_key() -> None:
    windows: list[Any] = ["full", (0.0, 4095.0), (0.0, 4096.0)]
    keys = {features_key(Images(Path(), [], 32, "none", 1, Rendering("stretch", w)), 0, {}) for w in windows}
    assert len(keys) == 3


def test_twelve_bit_images_are_told_apart_by_the_search_for_duplicates(tmp_path: Path, home: Path) -> None:
    """In 16 bits they have 16 grey levels of 256, by which nearly all would look alike."""
    for label in "ab":
        (tmp_path / label).mkdir()
        for k in range(6):
            smooth = Image.fromarray(deep(ord(label) + k).astype(np.float32)[:6, :8]).resize((80, 60))
            (tmp_path / label / f"{k}.tif").write_bytes(tiff(np.asarray(smooth).clip(0, 4095).astype(np.uint16)))
    (tmp_path / "b" / "copy.tif").write_bytes(tiff(tifffile.imread(tmp_path / "a" / "0.tif")))
    index = scan(tmp_path)
    assert {file.mode for file in index.files} == {"I;16"}
    small = thumbnails(tmp_path, index.files)
    assert min(pixels.max() for pixels in small.values()) > 60
    train, others = [[file for file in index.files if (file.label == "b") == side] for side in (False, True)]
    assert near_pairs(small, train, others) == []


def test_they_are_found_in_zips_tables_parquet_and_folders(hospital: Path, tmp_path: Path) -> None:
    assert all(map(is_image_name, ("a.TIF", "b.tiff", "c.dcm", "d.DICOM", "e.heic", "f.HEIF", "g.hif")))
    assert len(expand_images([hospital])) == 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in hospital.rglob("*.dcm"):
            archive.write(path, path.relative_to(hospital))
        archive.writestr("well/scan.tif", tiff(deep(99)))
    packed.seek(0)
    index = scan(ingest_zip(packed, tmp_path / "uploads"))
    assert (len(index.files), {file.format for file in index.files}) == (17, {"DICOM", "TIFF"})

    flat = tmp_path / "flat"
    flat.mkdir()
    rows = ["id,label"]
    for k, path in enumerate(sorted(hospital.rglob("*.dcm"))):
        (flat / f"s{k}.dcm").write_bytes(path.read_bytes())
        rows.append(f"s{k},{path.parent.name}")
    (flat / "train.csv").write_text("\n".join(rows))
    by_table = scan(flat)
    assert (by_table.classes, len(by_table.files)) == (("ill", "well"), 16)

    import pyarrow as pa
    from pyarrow import parquet

    contents = [path.read_bytes() for path in sorted(hospital.rglob("*.dcm"))] + [tiff(deep(5)), HEIC]
    table = pa.table({"image": [{"bytes": c, "path": None} for c in contents], "label": ["a", "b"] * 9})
    parquet.write_table(table, tmp_path / "train.parquet")
    made = unpack_parquet(tmp_path / "train.parquet", tmp_path / "unpacked")
    suffixes = sorted({path.suffix for path in made.folder.rglob("*.*")})
    assert (suffixes, made.skipped) == ([".dcm", ".heic", ".tif"], 0)
    assert decode(next(made.folder.rglob("*.tif"))).size == (30, 24)
