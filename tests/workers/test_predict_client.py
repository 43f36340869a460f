"""Predictions through a model that can be foreseen: the mean grey level decides."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core import files
from core.config import make_config
from core.errors import RunError
from core.insight.answer import Insight, Prediction, Reply
from core.insight.views import Views
from core.store.runs import Run, RunStore
from core.workers import predict_client
from core.workers.predict_client import CHUNK, NamedImage, answers, is_medical, require_model, to_csv, write_message

MakeTrained = Callable[..., Run]


@pytest.fixture
def trained() -> MakeTrained:
    """A function that gives a run with a model, for images of 16 px."""

    def make(*classes: str, root: str = "/data", dataset: str = "/data") -> Run:
        run = RunStore().create(make_config(dataset, {"data.image_size": 16}))
        files.write_json(run.path / "manifest.json", {"root": root, "classes": list(classes)})
        (run.path / "model.keras").write_bytes(b"x")
        return run

    return make


def image(level: int) -> bytes:
    """A grey PNG of 20 x 10 pixels."""
    out = io.BytesIO()
    Image.new("L", (20, 10), level).save(out, "PNG")
    return out.getvalue()


class BrightnessModel:
    """Probability of the second class: the image's grey level over 255. It notes how many images came at a time."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        self.asked.append(pixels.shape)
        share = pixels.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - share, share], axis=1)


def answer(run: Run, images: Sequence[NamedImage], model: Any = None) -> list[Prediction]:
    return list(answers(run, images, model or BrightnessModel()))


def test_every_image_gets_the_most_probable_class(trained: MakeTrained) -> None:
    found = answer(trained("dark", "light"), [("a", image(51)), ("b", image(204))])
    assert [(p.file, p.label, p.error) for p in found] == [("a", "dark", ""), ("b", "light", "")]
    assert found[0].probabilities == pytest.approx({"dark": 0.8, "light": 0.2})
    assert [p.probability for p in found] == pytest.approx([0.8, 0.8])


def test_a_tie_goes_to_the_first_class(trained: MakeTrained) -> None:
    found = answer(trained("x", "y"), [("a", image(9))], lambda pixels: np.full((len(pixels), 2), 0.5))
    assert found[0].label == "x"


def test_a_file_on_disk_is_read_too(trained: MakeTrained, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(image(255))
    assert answer(trained("dark", "light"), [("a.png", tmp_path / "a.png")])[0].label == "light"


def test_an_unreadable_image_has_its_reason_and_the_others_their_answers(trained: MakeTrained, tmp_path: Path) -> None:
    images: list[NamedImage] = [
        ("1", image(0)),
        ("broken", image(9)[:-40]),
        ("2", image(255)),
        ("gone", tmp_path / "gone.png"),
        ("3", image(0)),
    ]
    model = BrightnessModel()
    found = answer(trained("dark", "light"), images, model)
    assert [(p.file, p.label) for p in found] == [
        ("1", "dark"), ("broken", ""), ("2", "light"), ("gone", ""), ("3", "dark"),
    ]  # fmt: skip
    assert found[1].error.startswith("broken is damaged: ")
    assert found[3].error == "gone.png cannot be opened: No such file or directory."
    assert found[1].probabilities == {}
    assert model.asked == [(3, 16, 16, 3)]


def test_the_model_is_not_asked_about_nothing(trained: MakeTrained) -> None:
    model = BrightnessModel()
    assert [p.label for p in answer(trained("a", "b"), [("x", b""), ("y", b"text")], model)] == ["", ""]
    assert answer(trained("a", "b"), [], model) == []
    assert model.asked == []


def test_many_images_go_through_in_chunks_and_stay_in_order(trained: MakeTrained) -> None:
    count = 2 * CHUNK + 3
    images: list[NamedImage] = [(str(n), image(n)) for n in range(count)]
    model, seen = BrightnessModel(), []
    found = list(answers(trained("a", "b"), images, model, lambda *now: seen.append(now)))
    assert [p.file for p in found] == [str(n) for n in range(count)]
    assert [p.probabilities["b"] for p in found] == pytest.approx([n / 255 for n in range(count)])
    assert [shape[0] for shape in model.asked] == [CHUNK, CHUNK, 3]
    assert seen == [(CHUNK, count), (2 * CHUNK, count), (count, count)]


def test_a_run_without_a_model_is_refused() -> None:
    run = RunStore().create(make_config("sample", {}))
    expected = f"run {run.id} has no model yet: it is saved when the run ends or is stopped"
    for ask in (require_model, lambda run: answer(run, [("a", image(1))])):
        with pytest.raises(RunError) as error:
            ask(run)
        assert str(error.value) == expected


def test_a_table_has_a_row_an_image_and_a_column_a_class() -> None:
    rows = [
        Prediction("a,b.png", "Größe, klein", 0.75, {"Größe, klein": 0.75, 'say "x"': 0.25}),
        Prediction("ü\n.png", error='is damaged: "truncated", sorry'),
    ]
    text = to_csv(rows, ["Größe, klein", 'say "x"'])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["file", "class", "probability", "p(Größe, klein)", 'p(say "x")', "unlike training", "distance", "error"],
        ["a,b.png", "Größe, klein", "0.750000", "0.750000", "0.250000", "", "", ""],
        ["ü\n.png", "", "", "", "", "", "", 'is damaged: "truncated", sorry'],
    ]


@pytest.mark.parametrize(
    ("insight", "columns"),
    [
        (Insight(distance=0.512345678, unlike=True), ["yes", "0.512346"]),
        (Insight(distance=0.05, unlike=False), ["no", "0.050000"]),
        (Insight(distance=0.05), ["", "0.050000"]),  # too few validation images to say where foreign begins
        (Insight(), ["", ""]),
    ],
)
def test_a_table_says_how_foreign_an_image_is(insight: Insight, columns: list[str]) -> None:
    row = to_csv([Prediction("a.png", "a", 0.75, {"a": 0.75, "b": 0.25}, insight=insight)], ["a", "b"]).splitlines()[1]
    assert row.split(",")[5:7] == columns


def test_a_table_of_nothing_is_its_heading() -> None:
    assert to_csv([], ["a", "b"]) == "file,class,probability,p(a),p(b),unlike training,distance,error\r\n"


@pytest.mark.parametrize(
    ("classes", "root", "medical"),
    [
        (("NORMAL", "PNEUMONIA"), "/data", True),
        (("a", "b"), "/data/Chest_Xray", True),
        (("benign", "malignant"), "/data", True),
        (("cats", "dogs"), "/data/pets", False),
        (("daisy", "rose"), "/data/flowers", False),
    ],
)
def test_medical_images_are_known_by_their_classes_or_folder(
    trained: MakeTrained, classes: tuple[str, ...], root: str, medical: bool
) -> None:
    assert is_medical(trained(*classes, root=root)) is medical


def test_the_sample_set_looks_medical() -> None:
    assert is_medical(RunStore().create(make_config("sample", {})))


def test_a_message_is_a_line_of_json_and_the_bytes_it_announces() -> None:
    pipe = io.BytesIO()
    write_message(pipe, {"run": "ü", "shape": (1, 2)}, b"\n\0")
    assert pipe.getvalue() == b'{"run": "\\u00fc", "shape": [1, 2]}\n\n\0'


def test_the_service_is_asked_about_each_view(trained: MakeTrained, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, bool]] = []

    class Service:
        def ask(self, run: Run, pixels: NDArray[np.uint8], *, heat: bool = False) -> Reply:
            asked.append((len(pixels), heat))
            share = pixels[:, :, :8].mean(axis=(1, 2, 3)) / 255
            return Reply(np.stack([1 - share, share], axis=1))

    monkeypatch.setattr(predict_client, "_service", Service)
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:, :8] = 255
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    images: list[NamedImage] = [("x", out.getvalue())]
    run = trained("a", "b")
    assert predict_client.predict(run, images)[0].probabilities == {"a": 0.0, "b": 1.0}
    [found] = predict_client.predict(run, images, heat=True, views=Views(("horizontal",)))
    assert found.probabilities == {"a": 0.5, "b": 0.5}
    assert asked == [(1, False), (1, True), (1, False)]


def test_an_answer_outside_0_to_1_is_an_error_of_its_image(trained: MakeTrained) -> None:
    rows = np.array([[0.25, 0.75], [-1.5, 2.5], [1.00001, -0.00001], [np.nan, np.nan]])
    found = answer(trained("a", "b"), [(f"{k}.png", image(9)) for k in range(4)], lambda _: rows)
    assert [one.label for one in found] == ["b", "", "a", ""]
    assert found[1].error == (
        "the model gives -1.5 for a, which is no probability (0 to 1); end it with sigmoid or softmax"
    )
    assert found[3].error.startswith("the model gives nan for a, which is no probability")
