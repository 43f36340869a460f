"""Findings on a script: scaling, augmentation and sizes of its images."""

from collections.abc import Iterator

from core.checks.finding import Finding
from core.models.backbone import Backbone
from core.models.catalogue import BACKBONES
from core.script.facts import Facts
from core.script.images import preprocess_family
from core.script.reader import Call
from core.script.rules_order import Version, finding
from core.script.scaling import Pixels, training_pixels, validation_pixels

_INSIDE = ("EfficientNet", "ConvNeXt", "MobileNetV3", "RegNet")
"""Networks that scale pixels themselves: they want 0 to 255."""

_OWN = "Use the backbone's own preprocess_input everywhere (data.preprocessing=backbone)."

_SCALES = {
    "caffe": "BGR with the mean taken off",
    "tf": "pixels from -1 to 1",
    "torch": "ImageNet's mean and deviation",
}


def augmented_features(facts: Facts, version: Version) -> Iterator[Finding]:
    """Random changes in the generator that features are extracted from."""
    if facts.mode != "bottleneck" or facts.train_flow is None:
        return
    random = facts.random_arguments(facts.train_flow.generator)
    if random:
        value = min(random.values(), key=lambda one: one.line)
        yield finding(
            "bottleneck-one-draw",
            "warning",
            value.line,
            f"{', '.join(random)} act while features are saved, so one random version of each image is frozen into "
            "them; measured on X-rays, that cost .91 -> .845.",
            "Extract without random changes, or several versions of each image (data.augmentation_draws).",
            arguments=list(random),
        )


def augmented_validation(facts: Facts, version: Version) -> Iterator[Finding]:
    """Random changes in what the model is validated on."""
    flow = facts.val_flow
    random = facts.random_arguments(flow.generator if flow else None)
    if flow is not None and flow.generator is not None and random:
        yield finding(
            "augment-on-val",
            "warning",
            flow.call.line,
            f"The validation images go through {', '.join(random)} too ({facts.where(flow.generator.line)}), so the "
            "figures change from one evaluation to the next.",
            "Give validation a generator of its own that only scales.",
            arguments=list(random),
        )


def scaling(facts: Facts, version: Version) -> Iterator[Finding]:
    """Scaled twice, or by a function and then by a factor."""
    script = facts.script
    for generator in facts.generators:
        rescale = script.argument(generator, "rescale")
        function = script.argument(generator, "preprocessing_function")
        if not rescale.stated or not rescale.value:
            continue
        if function.stated and function.value is not None:
            yield finding(
                "idg-preprocess-then-rescale",
                "warning",
                rescale.line,
                f"The generator applies {function.text} and then rescale={rescale.text}: a grey level of 200 arrives "
                "as 0.3 to 0.4.",
                "Keep one of the two.",
            )
        yield from _inside(facts, rescale.line, f"rescale={rescale.text}")
        if script.find("Rescaling"):
            layer = script.find("Rescaling")[0]
            yield _double(rescale.line, f"rescale={rescale.text} here and Rescaling in {facts.where(layer.line)}")
    for layer in script.find("Rescaling"):
        yield from _inside(facts, layer.line, "Rescaling")


def scaled_twice(facts: Facts, version: Version) -> Iterator[Finding]:
    """Scaled on the way from the files to the network, and again on that way or inside the network."""
    steps = [step for step in training_pixels(facts).scalings if not step.function and step.scale]
    for step in steps:
        yield from _inside(facts, step.line, step.text)
    if len(steps) > 1:
        yield _double(steps[0].line, f"{steps[0].text} here and {steps[1].text} in {facts.where(steps[1].line)}")


def _inside(facts: Facts, line: int, what: str) -> Iterator[Finding]:
    backbone = facts.backbone
    if backbone is not None and backbone.short.startswith(_INSIDE):
        yield _double(line, f"{what}, and {backbone.short} scales pixels inside")


def _double(line: int, what: str) -> Finding:
    return finding(
        "double-rescale",
        "error",
        line,
        f"Pixels are scaled twice: {what}. Measured, inputs near 0 hold the accuracy at chance.",
        "Scale in one place only.",
    )


def mismatch(facts: Facts, version: Version) -> Iterator[Finding]:
    """Training and validation images that are scaled differently."""
    train, val = facts.train_flow, facts.val_flow
    if train is None or val is None or train.generator is None or val.generator is None:
        yield from _other_values(facts)
        return
    for name in ("rescale", "preprocessing_function"):
        ours, theirs = (facts.script.argument(flow.generator, name) for flow in (train, val))
        same = ours.value == theirs.value if ours.known and theirs.known else ours.text == theirs.text
        if not same:
            yield finding(
                "train-val-preprocess-mismatch",
                "error",
                theirs.line or val.generator.line,
                f"{name} is {ours.text or 'not set'} for training ({facts.where(ours.line or train.generator.line)}) "
                f"and {theirs.text or 'not set'} for validation; measured, that took validation from .91 to .50.",
                "Scale both in the same way.",
            )


def _other_values(facts: Facts) -> Iterator[Finding]:
    """Where both ways from the files to the network are known, and lead to other values."""
    ours, theirs = training_pixels(facts), validation_pixels(facts)
    if theirs is None or ours.unknown or theirs.unknown or not (ours.flow_line and theirs.flow_line):
        return
    if not ours.kind or not theirs.kind or ours.kind == theirs.kind:
        return
    told = [" and ".join(step.text for step in pixels.scalings) or "nothing" for pixels in (ours, theirs)]
    lines = [(pixels.scalings[0].line if pixels.scalings else pixels.flow_line) for pixels in (ours, theirs)]
    yield finding(
        "train-val-preprocess-mismatch",
        "error",
        lines[1],
        f"{told[0]} scales the images for training ({facts.where(lines[0])}) and {told[1]} those for validation; "
        "measured, such a difference took validation from .91 to .50.",
        "Scale both in the same way.",
    )


def backbone_scale(facts: Facts, version: Version) -> Iterator[Finding]:
    """Pixels on another scale than the backbone was trained on, the same everywhere."""
    row = BACKBONES.get(facts.backbone.short) if facts.backbone else None
    pixels = training_pixels(facts)
    if row is None or row.preprocessing not in _SCALES or pixels.unknown:
        return
    if not pixels.steps:
        yield _unscaled(facts, row, pixels)
        return
    steps = pixels.scalings
    if len(steps) != 1 or pixels.kind == row.preprocessing:
        return
    if not steps[0].function or preprocess_family(facts, steps[0].function) not in ("", row.preprocessing):
        yield finding(
            "wrong-preprocess-for-backbone",
            "info",
            steps[0].line,
            f"{steps[0].text} is not what {row.name} was trained on "
            f"({_SCALES[row.preprocessing]}); used everywhere alike it costs little, but the learning rate acts "
            "differently.",
            _OWN,
        )


def _unscaled(facts: Facts, row: Backbone, pixels: Pixels) -> Finding:
    """0 to 255 for a network that was trained on other values; of ImageNet's colours only the mean is missing."""
    backbone = facts.backbone
    return finding(
        "wrong-preprocess-for-backbone",
        "info" if row.preprocessing == "caffe" else "warning",
        backbone.line if backbone is not None else pixels.flow_line,
        f"{row.name} was trained on {_SCALES[row.preprocessing]}, but nothing scales the pixels: it gets 0 to 255.",
        _OWN,
    )


def featurewise(facts: Facts, version: Version) -> Iterator[Finding]:
    """Statistics of the data set that nobody computed."""
    fitted = {id(facts.model_of(call)) for call in facts.script.find("fit")}
    for generator in facts.generators:
        for name in ("featurewise_center", "featurewise_std_normalization", "zca_whitening"):
            value = facts.script.argument(generator, name)
            if value.value is True and id(generator) not in fitted:
                yield finding(
                    "featurewise-not-fitted",
                    "warning",
                    value.line,
                    f"{name}=True, but fit of this generator is never called, so nothing is centred: Keras only warns.",
                    "Call datagen.fit(...) on training images first, or leave it out.",
                )
                break


def sizes(facts: Facts, version: Version) -> Iterator[Finding]:
    """`target_size` is (height, width)."""
    for flow in facts.flows:
        value = facts.script.argument(flow.call, "image_size" if flow.is_dataset else "target_size")
        words = value.text.lower().replace("(", " ").replace(")", " ").split(",")
        if len(words) < 2 or not ("wid" in words[0] or words[0].strip() in ("w", "img_w")) or "h" not in words[1]:
            continue
        square = value.pair is not None and value.pair[0] == value.pair[1]
        yield finding(
            "size-wh-swapped",
            "info" if square else "warning",
            value.line,
            f"The size is given as {value.text}, but Keras takes (height, width)"
            + ("; both are the same here, so nothing changes." if square else "."),
            "Write (height, width).",
            value=list(value.pair) if value.pair is not None else None,
        )


def validation_share(facts: Facts, version: Version) -> Iterator[Finding]:
    """`validation_split` of an ImageDataGenerator."""
    for generator in facts.generators:
        value = facts.script.argument(generator, "validation_split")
        if value.stated and value.value:
            yield finding(
                "idg-split-first-fraction",
                "info",
                value.line,
                f"validation_split={value.text} of the generator takes the first files of each class, often the first "
                "patients.",
                "Split by patient, into folders of their own.",
            )


def random_in_cache(facts: Facts, version: Version) -> Iterator[Finding]:
    """`.map(augment).cache()`: randomness frozen."""
    for call in facts.script.find("cache"):
        before: Call | None = facts.model_of(call)
        if before is not None and before.short == "map" and _is_random(facts, before):
            yield finding(
                "cache-after-random",
                "warning",
                call.line,
                "cache() comes after a map with random changes, so every epoch sees the same ones.",
                "Put cache() before the random changes.",
            )


def _is_random(facts: Facts, mapped: Call) -> bool:
    text = facts.script.text(mapped.node).lower()
    return "aug" in text or "random" in text


def legacy(facts: Facts, version: Version) -> Iterator[Finding]:
    """ImageDataGenerator is kept for old scripts only."""
    if facts.generators:
        call = facts.generators[0]
        yield finding(
            "idg-legacy",
            "info",
            call.line,
            "ImageDataGenerator is kept in Keras 3 for old scripts only (keras.src.legacy, tf.keras.preprocessing).",
            "New scripts read folders with image_dataset_from_directory and random layers.",
            lines=[call.line for call in facts.generators],
        )
