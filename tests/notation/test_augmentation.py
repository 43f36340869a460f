"""Augmentation as people write it: one line of text in the end, or one sentence on what is wrong."""

import json

import pytest

from core.config import RunConfig, make_config
from core.errors import ConfigError
from core.notation.augmentation import (
    DRAWN_TOGETHER,
    KINDS,
    PRESETS,
    STEPS_OF_PRESET,
    Step,
    is_list,
    mirrored,
    read_augmentation,
    steps_of,
)

ALL = (
    "flip both, rotation -20..20, shift -0.1..0.1 horizontal, zoom 0.8..1.2 same reflect, shear -10..10, crop 0.8..1, "
    "brightness 0.8..1.2, contrast 0.8..1.2, channel_shift -20..20 each"
)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (ALL, ALL),
        (" Strong ", "strong"),
        (STEPS_OF_PRESET["strong"].replace(", ", " ,"), "strong"),
        (STEPS_OF_PRESET["light"], STEPS_OF_PRESET["light"]),  # drawn in another way than the preset
        ("", "none"),
        ("[]", "none"),
        ([], "none"),
        ("flip", "flip horizontal"),
        ("rotation=20; shift: 0.1 vertical\nzoom 0.2", "rotation -20..20, shift -0.1..0.1 vertical, zoom 0.8..1.2"),
        ("crop 0.7, Brightness 0.3, channel-shift 10", "crop 0.7..1, brightness 0.7..1.3, channel_shift -10..10"),
        ("rotation 20 nearest", "rotation -20..20"),
        ('["flip vertical", {"rotation": [-5, 10]}, {"zoom": 0.1}, {"shift": "0.2 horizontal"}]',
         "flip vertical, rotation -5..10, zoom 0.9..1.1, shift -0.2..0.2 horizontal"),
        ([{"contrast": 0.2}, "flip both"], "contrast 0.8..1.2, flip both"),
    ],
)  # fmt: skip
def test_every_way_of_writing_becomes_the_same_text(written: object, text: str) -> None:
    assert read_augmentation(written) == text
    assert read_augmentation(text) == text


STEPS = "steps are flip, rotation, shift, zoom, shear, crop, brightness, contrast, channel_shift; "
PRESETS_TOLD = "presets are none, light, medical, strong, question"
TURN = "degrees, positive is counter-clockwise"
OBJECT = 'a step is text such as "rotation -20..20" or an object such as {"rotation": [-20, 20]}'


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("flipp", f'"flipp": no such step; did you mean flip? {STEPS}{PRESETS_TOLD}'),
        ("medical, flip", '"medical": a preset cannot be combined with steps; write its steps instead: '
         + STEPS_OF_PRESET["medical"]),
        ("medicl", f'"medicl": no such step; did you mean medical? {STEPS}{PRESETS_TOLD}'),
        ("rotation", f'"rotation": it needs one range ({TURN}), such as rotation -15..15'),
        ("rotation 400", f'"rotation 400": -400..400 is outside -180 to 180 ({TURN})'),
        ("shear 5..-5", '"shear 5..-5": the range starts above its end; write -5..5'),
        ("zoom 0.8..x", '"zoom 0.8..x": "x" is not a number; write zoom 0.8..1.2'),
        ("zoom 0.8 same vertical", '"zoom 0.8 same vertical": same and vertical exclude each other; keep one'),
        ("shift 0.1 wrap black", '"shift 0.1 wrap black": wrap and black exclude each other; keep one'),
        ("crop 0.8 same", '"crop 0.8 same": "same" is not allowed here; nothing may follow the range'),
        ("flip up", '"flip up": "up" is not allowed here; write flip horizontal, flip vertical, flip both'),
        ("flip 20", '"flip 20": a flip has no range; write flip horizontal, flip vertical or flip both'),
        ("shift nan", '"shift nan": it needs one range (fraction of the side, positive is right and down), such as '
         "shift -0.1..0.1"),
        ([7], f'"int": {OBJECT}'),
        ([{"zoom": [1, True]}], f'"zoom": {OBJECT}'),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_sentence_that_names_the_step(written: object, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        make_config("sample", {"data.augmentation": written})
    assert str(error.value) == f"data.augmentation: step 1, {sentence}"


def test_what_comes_is_bounded() -> None:
    for written, sentence in (
        ("x" * 10**6, "^data.augmentation has 1,000,000 characters; it may have 500 at most$"),
        ("flip, " * 17, "^data.augmentation has 17 steps; it may have 16 at most$"),
        ("[" * 1900, "^data.augmentation is not a list of steps in JSON: "),
        (5, '^data.augmentation is a preset or a list of steps, but "5" came$'),
    ):
        with pytest.raises(ConfigError, match=sentence):
            read_augmentation(written)


def test_a_configuration_keeps_the_text_and_writes_the_list() -> None:
    config = make_config("sample", {"data.augmentation": "flip, rotation 20"})
    assert config.data.augmentation == config.settings()["data.augmentation"] == "flip horizontal, rotation -20..20"
    record = json.loads(json.dumps(config.to_dict()))
    assert record["data"]["augmentation"] == ["flip horizontal", "rotation -20..20"]
    assert RunConfig.from_dict(record) == config
    assert make_config("sample", {"data.augmentation": "strong"}).to_dict()["data"]["augmentation"] == "strong"


def test_presets_are_lists_within_what_is_allowed() -> None:
    for preset in PRESETS:
        said = STEPS_OF_PRESET[preset] if preset in DRAWN_TOGETHER else preset
        assert read_augmentation(STEPS_OF_PRESET[preset]) == said
        assert is_list(preset) == (preset not in (*DRAWN_TOGETHER, "none"))
    assert steps_of("none") == ()
    assert steps_of("question")[1] == Step("zoom", 0.8, 1.2)
    assert [mirrored(preset) for preset in PRESETS] == ["", "", "", "horizontal", "horizontal"]
    assert mirrored("flip both") == mirrored("flip vertical, flip") == "both"
    for kind, row in KINDS.items():
        step = kind if kind == "flip" else f"{kind} {row.usual[0]:g}..{row.usual[1]:g}"
        assert read_augmentation(step).startswith(kind)
