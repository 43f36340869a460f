"""Frames that were divided by chance are told by their order; images that stand each for themselves are not."""

import dataclasses

import numpy as np
import pytest

from core.checks import sequences
from tests.checks.planted import noise_field
from tests.told import told

COUNTS = {"train": {"cat": 60, "dog": 60}, "val": {"cat": 20, "dog": 20}}


def number_of(file) -> int:
    return int(file.path[-7:-4])


def in_turn(file):
    """Every fourth number is held out."""
    k = number_of(file)
    number = 4 * k if file.split == "val" else k // 3 * 4 + k % 3 + 1
    return dataclasses.replace(file, path=f"{file.split}/{file.label}/frame_{number:03}.jpg")


def film(file) -> np.ndarray:
    """Ten frames of a scene, each a pixel further."""
    rng = np.random.default_rng([number_of(file) // 10, file.label == "cat"])
    return np.roll(noise_field(rng, 64, 1.3), number_of(file) % 10, axis=1) * 30


def alone(file) -> np.ndarray:
    rng = np.random.default_rng([number_of(file), file.label == "cat"])
    return noise_field(rng, 64, 1.3) * 30


def one_ground(file) -> np.ndarray:
    """Products on one ground in light that fades, as X-rays: all alike, each another one."""
    ground = noise_field(np.random.default_rng(5), 64, 1.3) * 30
    return ground - number_of(file) / 4 + alone(file) * 0.5


def one_place(file) -> np.ndarray:
    """All of one scene: then neighbours tell nothing."""
    return noise_field(np.random.default_rng(5), 64, 1.3) * 30


def checked(make_context, draw, edit=in_turn):
    context = make_context(counts=COUNTS, edit=edit)
    drawn = np.stack([draw(file) for part in context.parts.values() for file in part])
    noise = np.random.default_rng(0).normal(0, 4, drawn.shape)
    context.__dict__["forms"] = np.clip(128 + drawn + noise, 0, 255).astype(np.uint8)
    return sequences.leak_sequence(context)


def test_frames_next_to_training_frames_are_told(make_context):
    found = told(checked(make_context, film))
    assert found.claim.startswith(
        "40 of 40 held-out images (100 %) show the same scene as a training image next to them"
    )
    assert found.evidence["by_chance"] < 0.3


@pytest.mark.parametrize("draw", [alone, one_ground, one_place])
def test_images_that_stand_for_themselves_are_not_told(make_context, draw):
    assert checked(make_context, draw) is None


def test_films_that_lie_whole_in_one_part_are_not_told(make_context):
    def whole(file):
        number = number_of(file) + 100 * (file.split == "val")
        return dataclasses.replace(file, path=f"{file.split}/{file.label}/frame_{number:03}.jpg")

    assert checked(make_context, film, whole) is None


def test_names_that_say_the_group_are_left_to_the_other_finding(make_context):
    def grouped(file):
        return dataclasses.replace(
            in_turn(file), path=f"{file.split}/{file.label}/person{number_of(file) // 10}_{file.path[-7:]}"
        )

    assert checked(make_context, film, grouped) is None
