"""What is counted in batches and classes, in figures and in sentences."""

import numpy as np
import pytest

from core.data.order import batch_mix, epoch_batches
from pages.shared.dataset.charts import count_chart, count_table, describe_mix, drawn_classes, drawn_words, mix_figure

NAMES = ("NORMAL", "PNEUMONIA")


def mixed(shuffle: str, count: int = 800, size: int = 20, **more):
    labels = np.repeat([0, 1], count // 2)
    batches = epoch_batches(count, size, shuffle, seed=1, epoch=0, **more)
    order = labels[np.concatenate(batches)] if batches else labels[:0]
    return batch_mix(labels, batches, 2), order


def test_class_order_is_told_as_counted():
    mix, order = mixed("none")
    assert describe_mix(mix, order, NAMES) == (
        "40 of 40 batches hold a single class; longest same-class streak: 400 images (NORMAL)."
    )


def test_mixed_batches_are_told_with_their_range():
    mix, order = mixed("samples")
    text = describe_mix(mix, order, NAMES)
    assert text.startswith("0 of 40 batches hold a single class; longest same-class streak")
    assert text.endswith("of a batch, and 50 % of the epoch.")


def test_one_batch_and_none_have_their_own_words():
    mix, order = mixed("samples", 6, 20)
    assert describe_mix(mix, order, NAMES).startswith("0 of 1 batch holds a single class")
    mix, order = mixed("samples", 6, 20, drop_remainder=True)
    assert describe_mix(mix, order, NAMES).startswith("No full batch")


def test_few_classes_are_bars_whose_names_are_no_html():
    mix, _ = mixed("none")
    figure = mix_figure(mix, ("<b>a</b>", "猫"))
    assert [bar.name for bar in figure.data] == ["&lt;b&gt;a&lt;/b&gt;", "猫"]
    assert figure.data[0].y.sum() == 400
    assert figure.layout.barmode == "stack"


def test_many_classes_are_a_heat_map():
    names = tuple(f"class {k}" for k in range(12))
    figure = mix_figure(np.eye(12, dtype=np.int64), names)
    assert figure.data[0].type == "heatmap"
    assert figure.data[0].z.tolist() == np.eye(12).tolist()


def test_counts_have_a_row_for_all_and_a_bar_for_each_split():
    counts = {"Training": {"a": 3, "b": 0}, "Validation": {"a": 1, "b": 2}}
    assert count_table(counts).values.tolist() == [["a", 3, 1], ["b", 0, 2], ["All", 3, 3]]
    rows = next(iter(count_chart(counts).to_dict()["datasets"].values()))
    assert {(row["class"], row["split"]): row["images"] for row in rows} == {
        ("a", "Training"): 3,
        ("b", "Training"): 0,
        ("a", "Validation"): 1,
        ("b", "Validation"): 2,
    }


def test_of_many_classes_the_smallest_and_the_largest_have_bars():
    """Bars of 200 classes merged, and one name in eight was shown."""
    counts = {split: {f"class {k}": share * k for k in range(200)} for split, share in (("Training", 4), ("Test", 2))}
    drawn = drawn_classes(counts)
    assert drawn == [f"class {k}" for k in (*range(20), *range(180, 200))]
    chart = count_chart(counts).to_dict()
    assert len(next(iter(chart["datasets"].values()))) == 2 * len(drawn)
    assert chart["height"] / len(drawn) > 16
    assert drawn_words(counts).startswith("The 20 smallest and the 20 largest of 200 classes")
    few = {"Training": {"b": 1, "a": 2}}
    assert (drawn_classes(few), drawn_words(few)) == (["b", "a"], "")


def test_a_heat_map_of_long_names_has_a_row_for_each_and_names_them_short():
    names = tuple(f"{'long ' * 20}{k}" for k in range(200))
    mix = np.zeros((5, 200), np.int64)
    mix[:, :20] = 1
    figure = mix_figure(mix, names)
    assert figure.data[0].z.shape == (200, 5)
    assert max(map(len, figure.layout.yaxis.ticktext)) <= 18
    assert 20 < len(figure.layout.yaxis.tickvals) <= 50
    assert figure.data[0].text[199][0].endswith("199")


def test_a_small_share_of_the_epoch_is_not_told_as_none():
    mix = np.ones((4, 200), np.int64)
    assert describe_mix(mix, np.arange(200), NAMES * 100).endswith("and 0.5 % of the epoch.")


@pytest.mark.parametrize("classes", [1, 2, 60])
def test_chart_is_never_higher_than_a_screen_or_two(classes):
    counts = {"Training": dict.fromkeys(map(str, range(classes)), 5)}
    assert 120 < count_chart(counts).to_dict()["height"] <= 900
