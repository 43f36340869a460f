"""Parts of names that tell groups: those whose images are alike, on both sides of the split."""

import dataclasses
import hashlib
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checks import name_tokens
from core.checks.context import of_each_first
from core.checks.finding import Finding
from core.checks.name_tokens import PATTERNS, leak_group
from core.checks.resplit import leaks, resplit
from core.config import make_config
from core.data.dataset import open_dataset
from core.data.dataset_index import ImageFile
from tests.checks.conftest import image_file
from tests.checks.planted import noise_field, photograph

Make = Any
Name = Callable[[int, int], str]
COUNTS = {"train": {"cat": 60, "dog": 60}, "val": {"cat": 30, "dog": 30}}
GROUPS = 9
TELLING: dict[str, Name] = {
    "scene": lambda g, n: f"scene{g:02}_{n:04}.jpg",
    "video": lambda g, n: f"video-{g}-frame-{n}.jpg",
    "slide": lambda g, n: f"{n:04}-TCGA{g}.jpg",
    "folder": lambda g, n: f"site{g}/{n:04}.jpg",
    "outer folder": lambda g, n: f"site{g}/{n % 50}/{n:04}.jpg",
    "day": lambda g, n: f"IMG202105{g + 1:02}x{n:03}.jpg",
    "original": lambda g, n: f"{g * 613}_aug{n}.jpg",
    "no parts": lambda g, n: f"s{g}f{n}.jpg",
    "third": lambda g, n: f"a_{n % 2}_{g}_{n}.jpg",
    "class and day": lambda g, n: f"CLASS202105{g + 1:02}-{n:03}.jpg",
    "class and number": lambda g, n: f"CLASS ({g}) [{n}].jpg",
}
TELLS_NOTHING: dict[str, Name] = {
    "camera": lambda g, n: f"{('IMG', 'DSC', 'DSCN', 'PXL', 'GOPR')[g % 5]}_{n:04}.jpg",
    "hash": lambda g, n: hashlib.md5(str(n).encode(), usedforsecurity=False).hexdigest() + ".jpg",
    "tile": lambda g, n: f"tile_{g}_{n}.jpg",
    "class word": lambda g, n: f"cat.{n}.jpg",
    "counter": lambda g, n: f"{n // 10:03}_{n % 10}.jpg",
}


def found_in(make_context: Make, monkeypatch: pytest.MonkeyPatch, name: Name, *, alike: bool) -> Finding | None:
    """Nine groups, all on both sides and in both classes; their images share a background, or not."""
    group_of: dict[str, int] = {}

    def renamed(file: ImageFile) -> ImageFile:
        n = int(file.path.rsplit("/", 1)[1][3:6]) + 500 * (file.split == "val")
        group = n * 7919 % 97 % GROUPS
        path = f"{file.split}/{file.label}/{name(group, n).replace('CLASS', file.label)}"
        group_of[path] = group
        return dataclasses.replace(file, path=path)

    def forms(root: Path, files: list[ImageFile], progress: object = None) -> Any:
        made = []
        for k, file in enumerate(files):
            own = noise_field(np.random.default_rng(10_000 + k), 64, 1.2)
            back = noise_field(np.random.default_rng(group_of[file.path]), 64, 1.5) if alike else 0
            made.append(np.clip(128 + 25 * own + 25 * back, 0, 255).astype(np.uint8))
        return np.stack(made)

    monkeypatch.setattr(name_tokens, "forms", forms)
    finding: Finding | None = leak_group(make_context(counts=COUNTS, edit=renamed))
    return finding


@pytest.mark.parametrize("kind", TELLING)
def test_the_part_of_the_name_is_found_with_the_pattern_that_keeps_it_together(make_context, monkeypatch, kind):
    found = found_in(make_context, monkeypatch, TELLING[kind], alike=True)
    assert found is not None and found.severity == "warning"
    assert found.evidence["pattern"] == PATTERNS[found.evidence["part"]]
    assert (found.evidence["groups"], found.evidence["groups_in_both"]) == (GROUPS, GROUPS)
    assert found.evidence["validation_images"] == 60
    assert "60 of 60 validation images (100 %)" in found.claim
    assert found.evidence["alike"] > 0.7 > found.evidence["alike_shuffled"]


def test_names_that_tell_nothing_of_the_images_are_no_groups(make_context, monkeypatch):
    for name in (*TELLING.values(), *TELLS_NOTHING.values()):
        assert found_in(make_context, monkeypatch, name, alike=False) is None


def test_kinds_within_a_class_are_an_info(make_context, monkeypatch):
    breeds = ("beagle", "pug", "collie", "boxer", "husky", "poodle", "akita", "briard", "whippet")
    found = found_in(make_context, monkeypatch, lambda g, n: f"{breeds[g]}_{n}.jpg", alike=True)
    assert found is not None and found.severity == "info"


def test_a_pattern_that_is_set_is_left_to_the_check_of_patients(make_context, monkeypatch):
    context = make_context({"data.group_pattern": r"(cat|dog)\d"})
    monkeypatch.setattr(name_tokens, "find_tokens", lambda *_: pytest.fail("asked the images"))
    assert leak_group(context) is None


def test_of_parts_within_each_other_the_larger_one_is_set(make_context, monkeypatch):
    """Images of a day are alike, and so are those of all days of a site: its days must not be parted."""
    found = found_in(make_context, monkeypatch, lambda g, n: f"site{g}_{n % 3}_{n}.jpg", alike=True)
    assert found is not None
    assert (found.evidence["part"], found.evidence["groups"]) == ("first part of the name", GROUPS)


def test_the_split_that_the_finding_names_repairs_it(tmp_path):
    for scene in range(16):
        for n in range(6):
            image = photograph(np.random.default_rng([scene, n]), n % 2, 96, scene=np.random.default_rng(scene))
            folder = tmp_path / ("val" if n in (0, 3) else "train") / f"class{n % 2}"
            folder.mkdir(parents=True, exist_ok=True)
            image.save(folder / f"street{scene}_{n * 7:03}.png")
    config = make_config(str(tmp_path), {})
    dataset = open_dataset(str(tmp_path), config.data)
    found = next(finding for finding in leaks(dataset, config) if finding.id == "leak-group")
    command = shlex.split(found.remedy)
    assert command[command.index("--group-pattern") + 1] == found.evidence["pattern"]
    resplit(dataset.index, 0.25, 1, found.evidence["pattern"])
    assert leaks(open_dataset(str(tmp_path), config.data), config) == []


def test_what_is_shown_has_one_image_of_each_group_first() -> None:
    files = [(image_file("val", "cat", k), name) for k, name in enumerate("aaabbc")]
    assert [name for _, name in of_each_first(files)] == list("abcaba")
    assert [file.path for file, name in of_each_first(files) if name == "a"] == [files[k][0].path for k in (0, 1, 2)]
