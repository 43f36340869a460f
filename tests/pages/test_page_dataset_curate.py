"""Quality, Labels, Map and Split on the Dataset page: what they show, what their buttons do, and for whom."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter
from streamlit.testing.v1 import AppTest

from core.access.roles import Action
from core.config import DataConfig
from core.data.corrections import change_labels
from core.data.dataset import open_dataset, prepare, scan_dataset
from core.label_review.store import Review, ReviewStore
from core.store.runs import Status
from core.workers import launch
from pages.shared import state
from pages.shared.dataset import curate, quality_view, sources
from tests.checks import planted


def draw_image(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 20, 3), np.uint8)
    return Image.fromarray(pixels).resize((96, 96), Image.Resampling.NEAREST)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty sound images, a blurred one, and a training image that is validated on as well."""
    root = tmp_path / "data" / "set"
    for k, (part, label) in enumerate((p, c) for p in ("train", "val") for c in ("a", "b")):
        (root / part / label).mkdir(parents=True)
        for n in range(5):
            draw_image(100 * k + n).save(root / part / label / f"{n}.png")
    draw_image(7).filter(ImageFilter.GaussianBlur(5)).save(root / "train/a/soft.png")
    (root / "val/a/copy.png").write_bytes((root / "train/a/1.png").read_bytes())
    monkeypatch.setenv("PARITY_DATA", str(tmp_path / "data"))
    return root


def open_tab(folder: Path, tab: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    at.switch_page("pages/dataset.py")
    at.session_state[state.SOURCE] = sources.SERVER
    at.session_state[state.DATASET] = str(folder)
    at.session_state[state.TAB] = tab
    at.run()
    assert not at.exception
    return at


def button(at: AppTest, label: str) -> Any:
    return next(each for each in at.button if each.label.startswith(label))


def labels(at: AppTest) -> list[str]:
    return [each.label for each in at.button]


def said(at: AppTest) -> str:
    return " ".join(each.value for each in (*at.success, *at.error)).replace("\\", "")


def review_of(folder: Path, *rows: tuple[str, str, str, bool]) -> Review:
    """A finished review: (file, label, suggested, issue)."""
    data = prepare(scan_dataset(str(folder)), DataConfig())
    made = ReviewStore().create(str(folder), data)
    files = [
        {"file": file, "label": label, "suggested": suggested, "score": 0.1, "issue": issue, "neighbours": 2,
         "x": float(n), "y": 0.0, "tsne": [0.0, float(n)] if n else None}
        for n, (file, label, suggested, issue) in enumerate(rows)
    ]  # fmt: skip
    made.write_result({"method": "cleanlab", "pictures": 22, "issues": 1, "explained": [0.3, 0.1], "files": files})
    made.write_status(Status(status="finished"))
    return made


def test_quality_counts_every_question_and_shows_the_images_of_one(folder: Path) -> None:
    at = open_tab(folder, "Quality")
    pills = at.button_group[-1]
    counts = {option.content.rsplit(" ", 1)[0]: option.content.rsplit(" ", 1)[1] for option in pills.proto.options}
    assert counts == {
        "Blurry": "1", "Dark": "0", "Overexposed": "0", "Low information": "0", "Unusual size": "0", "Unusual aspect "
                                                                                             "ratio": "0",
        "Exact duplicates": "2", "Near-duplicates": "0",
    }  # fmt: skip
    images = [image for block in at.get("image") for image in block.proto.imgs]
    assert [image.caption.replace("\\", "").rsplit(" ", 1)[0] for image in images] == ["a · soft.png · blur"]


@pytest.mark.parametrize(
    ("groups", "extra", "words"),
    [
        (1, 1, "Keep one of the two, exclude the other"),
        (1, 2, "Keep one, exclude the other 2"),
        (2, 2, "Keep one of each group, exclude the other 2"),
        (23, 1025, "Keep one of each group, exclude the other 1,025"),
    ],
)
def test_the_button_for_copies_says_how_many_go(groups: int, extra: int, words: str) -> None:
    assert quality_view._leave_copies(groups, extra) == words


def test_the_button_for_odd_images_says_how_many_go(folder: Path) -> None:
    leave = button(open_tab(folder, "Quality"), "Exclude this image")
    assert leave.help == "The file is kept but no longer used for training. Undo it on the Labels tab."
    draw_image(8).filter(ImageFilter.GaussianBlur(5)).save(folder / "train/b/soft.png")
    leave = button(open_tab(folder, "Quality"), "Exclude these 2 images")
    assert leave.help.startswith("The files are kept but no longer used for training.")


def test_one_of_each_copy_is_kept_and_that_can_be_undone(folder: Path) -> None:
    at = open_tab(folder, "Quality")
    at.session_state[state.QUALITY_KIND] = "exact_duplicates"
    button(at.run(), "Keep one of the two, exclude the other").click().run()
    assert said(at).startswith("1 image is excluded. Undo it on the Labels tab.")
    (left_out,) = open_dataset(str(folder), DataConfig()).corrections.excluded
    assert left_out.path == "val/a/copy.png"
    at = open_tab(folder, "Labels")
    button(at, "Undo the last change").click().run()
    assert said(at) == "Undone: 1 image is restored."
    assert open_dataset(str(folder), DataConfig()).corrections.excluded == ()


def test_of_copies_in_two_classes_it_is_asked_which_is_right(folder: Path) -> None:
    (folder / "val/b/copy.png").write_bytes((folder / "train/a/1.png").read_bytes())
    at = open_tab(folder, "Quality")
    at.session_state[state.QUALITY_KIND] = "exact_duplicates"
    at.run()
    assert [label for label in labels(at) if label.startswith(("Keep one", "Relabel as", "Exclude all"))] == [
        "Relabel as a", "Relabel as b", "Exclude all",
    ]  # fmt: skip
    button(at, "Relabel as b").click().run()
    assert said(at).startswith("One b is kept, the other 2 copies are excluded.")
    left_out = open_dataset(str(folder), DataConfig()).corrections.excluded
    assert sorted(file.path for file in left_out) == ["train/a/1.png", "val/a/copy.png"]


def test_labels_offers_a_review_and_starts_one_worker_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Review] = []
    monkeypatch.setattr(launch, "start", lambda review, parent_pipe: started.append(review))
    at = open_tab(folder, "Labels")
    button(at, "Review the labels (about").click().run()
    assert [review.reference() for review in started] == [str(folder)]
    assert "Stop the review" in labels(at)
    at.session_state[state.TAB] = "Map"
    at.run()
    assert not any(label.startswith("Review") for label in labels(at))
    button(at, "Stop the review").click().run()
    assert started[0].stop_requested()
    assert len(started) == 1


def test_a_review_that_ended_early_can_be_started_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = review_of(folder)
    review.write_status(Status(status="failed", message="The disk is full."))
    resumed: list[str] = []
    monkeypatch.setattr(launch, "resume", lambda run, parent_pipe: resumed.append(run.id))
    at = open_tab(folder, "Labels")
    assert "The disk is full" in at.warning[0].value.replace("\\", "")
    button(at, "Review").click().run()
    assert resumed == [review.id]


def test_suspicious_labels_are_shown_and_put_right_or_left_out(folder: Path) -> None:
    review_of(
        folder,
        ("train/a/0.png", "a", "b", True),
        ("train/b/1.png", "b", "a", False),
        ("train/b/2.png", "b", "b", False),  # nothing speaks against this one
    )
    at = open_tab(folder, "Labels")
    assert "##### 1 of 3 label looks wrong" in [each.value for each in at.markdown]
    assert [label for label in labels(at) if label.startswith("Relabel as")] == ["Relabel as b", "Relabel as a"]
    button(at, "Relabel as b").click().run()
    assert said(at) == "0.png is b now."
    at.button(key=state.part_key("exclude", "train/b/1.png")).click().run()
    assert said(at) == "1.png is excluded."
    applied = open_dataset(str(folder), DataConfig()).corrections
    assert [(file.path, label) for file, label in applied.relabelled] == [("train/a/0.png", "b")]
    assert [file.path for file in applied.excluded] == ["train/b/1.png"]
    assert "Review again" in labels(at)
    assert not any(label.startswith("Relabel as") for label in labels(at))
    at.button(key=state.part_key("restore", "train/b/1.png")).click().run()
    assert open_dataset(str(folder), DataConfig()).corrections.excluded == ()


def test_the_map_has_a_dot_for_every_image_and_shows_those_that_are_picked(folder: Path) -> None:
    rows = [(f.path, f.label, f.label, False) for f in scan_dataset(str(folder)).files]
    review_of(folder, *rows)
    at = open_tab(folder, "Map")
    (chart,) = at.get("plotly_chart")
    assert chart.proto.spec.count('"name"') >= 4
    key = state.part_key("map", str(folder))
    at.session_state[key] = {"selection": {"points": [{"customdata": ["train/a/0.png"]}, {"customdata": ["gone"]}]}}
    if not any(each.value == "##### 1 selected" for each in at.run().markdown):
        pytest.skip("this version of AppTest does not let a chart's selection be set")
    button(at, "Relabel as b").click().run()
    applied = open_dataset(str(folder), DataConfig()).corrections
    assert [(file.path, label) for file, label in applied.relabelled] == [("train/a/0.png", "b")]


def test_the_map_can_be_laid_out_and_coloured_in_other_ways(folder: Path) -> None:
    review_of(folder, *((f.path, f.label, f.label, False) for f in scan_dataset(str(folder)).files))
    at = open_tab(folder, "Map")
    (chart,) = at.get("plotly_chart")
    assert "First component (30% of the variance)" in chart.proto.spec
    assert len(at.get("bidi_component")) == 2
    at.session_state[state.MAP_PROJECTION] = "tsne"
    at.session_state[state.MAP_COLOUR] = "quality"
    assert not at.run().exception
    (chart,) = at.get("plotly_chart")
    assert "First component" not in chart.proto.spec
    assert [name in chart.proto.spec for name in ("no issue", "blurry", "exact duplicates", "dark")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert any("Shows 21 of 22 images" in each.value for each in at.caption)
    for colour, word in (("split", "validation"), ("fit", "label fits")):
        at.session_state[state.MAP_COLOUR] = colour
        assert not at.run().exception
        assert word in at.get("plotly_chart")[0].proto.spec


def test_a_dot_that_is_clicked_is_shown_until_the_next_lasso(folder: Path) -> None:
    review_of(folder, *((f.path, f.label, f.label, False) for f in scan_dataset(str(folder)).files))
    at = open_tab(folder, "Map")
    at.session_state[state.MAP_CLICKED] = ("train/a/0.png", [])
    assert "##### 1 selected" in [each.value for each in at.run().markdown]
    at.session_state[state.MAP_CLICKED] = ("train/a/0.png", ["train/a/1.png"])
    assert "##### 1 selected" not in [each.value for each in at.run().markdown]


def test_a_map_of_which_nothing_was_laid_out_by_neighbourhoods_says_so(folder: Path) -> None:
    review_of(folder, ("train/a/0.png", "a", "a", False))
    at = open_tab(folder, "Map")
    at.session_state[state.MAP_PROJECTION] = "tsne"
    assert "scikit-learn" in at.run().info[0].value


def test_a_leak_is_repaired_by_one_click_and_the_folders_come_back_by_another(folder: Path) -> None:
    at = open_tab(folder, "Split")
    assert "held-out images is a copy" in at.warning[0].value.replace("\\", "")
    button(at, "Re-split").click().run()
    assert said(at).startswith("Re-split: ")
    assert "No data leakage" in said(at)
    data = open_dataset(str(folder), DataConfig())
    assert data.split_file is not None
    metrics = {metric.label: metric.value for metric in at.metric}
    assert (metrics["Training"], metrics["Validation"]) == (str(len(data.split.train)), str(len(data.split.val)))
    at.session_state[state.TAB] = "Overview"
    assert any("split by a split file" in each.value for each in at.run().caption)
    at.session_state[state.TAB] = "Split"
    button(at.run(), "Revert to the folders' split").click().run()
    assert open_dataset(str(folder), DataConfig()).split_file is None


def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Images of scenes, on both sides of the split."""
    root = tmp_path / "data" / "scenes"
    planted.scenes(root, lambda scene, n: f"street{scene}_{n * 37 % 100:03}.png", count=5)
    monkeypatch.setenv("PARITY_DATA", str(tmp_path / "data"))
    return root


def street(path: str) -> str:
    return path.rsplit("/", 1)[1].split("_", maxsplit=1)[0]


def test_groups_on_both_sides_are_divided_apart_by_one_click_below_the_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = scenes(tmp_path, monkeypatch)
    before = open_dataset(str(root), DataConfig()).split
    at = open_tab(root, "Problems")
    button(at, "Re-split by these groups").click().run()
    now = open_dataset(str(root), DataConfig())
    assert now.split_file is not None and len(now.split.train) + len(now.split.val) == len(before.train + before.val)
    assert not {street(f.path) for f in now.split.train} & {street(f.path) for f in now.split.val}
    assert "Re-split by these groups" not in labels(at) and said(at).startswith("Re-split: ")
    button(at, "Undo").click().run()
    assert said(at) == "The split is restored."
    assert open_dataset(str(root), DataConfig()).split == before and "Undo" not in labels(at)
    assert "Re-split by these groups" in labels(at)


def test_a_pattern_of_groups_is_set_by_one_click_below_the_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = scenes(tmp_path, monkeypatch)
    for path in list((root / "val").glob("*/*")):
        path.rename(root / "train" / path.parent.name / path.name)
    plain = (root / "train").rename(root.parent / "streets")
    at = open_tab(plain, "Problems")
    button(at, "Apply").click().run()
    key = state.field_key("data.group_pattern")
    pattern = at.session_state[key]
    config = DataConfig(group_pattern=pattern)
    split = open_dataset(str(plain), config).split
    assert not {street(f.path) for f in split.train} & {street(f.path) for f in split.val}
    assert not any("share the" in one.value for one in (*at.warning, *at.info))
    assert any(one.value.startswith(":material/build: Set") for one in at.markdown)
    button(at, "Undo").click().run()
    assert at.session_state[key] == DataConfig().group_pattern and "Apply" in labels(at)


def test_what_cannot_be_done_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_tab(folder, "Split")
    at.session_state[state.field_key("data.group_pattern")] = "(png)"
    button(at.run(), "Re-split").click().run()
    assert "part would be empty: too many images belong together" in said(at)


def test_a_visitor_looks_and_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = scan_dataset(str(folder))
    change_labels(index, {"train/a/0.png": "b"})
    monkeypatch.setattr(curate, "may", lambda action: False)
    for tab in ("Quality", "Labels", "Map", "Split"):
        offered = labels(open_tab(folder, tab))
        assert not {"Undo the last change", "Restore", "Re-split"} & set(offered)
        assert not any(label.startswith(("Leave", "Keep", "Review")) for label in offered)


@pytest.mark.parametrize(
    "name", ["put_right", "take_back", "_divide_anew", "_take_back_split", "_go_by_folders", "_begin_review"]
)
def test_every_change_is_guarded_by_the_same_action(name: str) -> None:
    assert getattr(curate, name).action == Action.CURATE
