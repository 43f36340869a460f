"""Models from elsewhere of a form that is not taken: what is said, before they are asked about images."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.engine.jobs.try_model import describe, load
from core.workers.run_module import Ended
from core.workers.try_model_client import _reason

layers = keras.layers


def saved(path: Path, inputs: Any, outputs: Any) -> Path:
    keras.Model(inputs, outputs).save(path)
    return path


def pooled(inputs: Any) -> Any:
    return layers.Dense(2, "softmax")(layers.GlobalAveragePooling2D()(inputs))


@pytest.mark.parametrize("side", [1, 15, 1100, 100_000])
def test_a_side_beyond_the_limits_is_told_with_both_numbers(tmp_path: Path, side: int) -> None:
    x = keras.Input((side, side, 3))
    said = describe(saved(tmp_path / "m.keras", x, pooled(x)))
    assert said == {"error": f"it takes images of {side} × {side} pixels; from 16 to 1024 a side are taken here"}


def test_channels_first_is_told_and_the_permute_it_names_helps(tmp_path: Path) -> None:
    x = keras.Input((3, 32, 32))
    first = keras.Model(x, layers.Dense(2, "softmax")(layers.Flatten()(x)))
    first.save(tmp_path / "m.keras")
    said = str(describe(tmp_path / "m.keras")["error"])
    assert "of shape (None, 3, 32, 32), channels first; images here have them last: put a Permute in front" in said
    behind = keras.Sequential([keras.Input((32, 32, 3)), layers.Permute((3, 1, 2)), first])
    behind.save(tmp_path / "p.keras")
    assert "error" not in describe(tmp_path / "p.keras")
    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(behind(images), first(images.transpose(0, 3, 1, 2)), atol=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_model_of_one_image_at_a_time_is_told(tmp_path: Path) -> None:
    x = keras.Input((32, 32, 3), batch_size=1)
    flat = keras.ops.reshape(layers.AveragePooling2D(8)(x), (1, -1))
    said = describe(saved(tmp_path / "m.keras", x, layers.Dense(2, "softmax")(flat)))
    assert str(said["error"]).startswith("it takes batches of 1 image alone; build it without a batch size")


@pytest.mark.parametrize("wrap", [lambda y: {"p": y}, lambda y: [y]])
def test_one_output_in_a_dictionary_or_list_is_taken_out(tmp_path: Path, wrap: Any) -> None:
    x = keras.Input((32, 32, 3))
    y = pooled(x)
    facts = describe(saved(tmp_path / "m.keras", x, wrap(y)), out=tmp_path / "out.keras")
    assert (facts["outputs"], facts["converted"]) == (2, True)
    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(load(tmp_path / "out.keras")[0](images), keras.Model(x, y)(images), atol=1e-6)


def test_the_message_of_an_exception_is_told_and_not_what_keras_puts_around_it() -> None:
    err = (
        "Traceback (most recent call last):\n  File x\n"
        "ValueError: Exception encountered when calling Functional.call().\n\n"
        "\x1b[1mCannot reshape a tensor\x1b[0m\n\nArguments received by Functional.call():\n  • args=1\n"
        "  • kwargs=<class 'inspect._empty'>\n"
    )
    assert _reason(Ended(1, b"", err)) == "ValueError: Cannot reshape a tensor"
    assert _reason(Ended(1, b"", "KeyError: 'x'\n")) == "KeyError: 'x'"
    assert _reason(Ended(1, b"", "no traceback\nat all\n")) == "at all"
