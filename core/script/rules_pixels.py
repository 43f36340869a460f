"""Findings on a script: scaling, augmentation and sizes of its images."""

from collections.abc import Iterator

from core.checks.finding import Finding
from core.models.catalogue import BACKBONES
from core.script.facts import Facts
from core.script.images import preprocess_calls, preprocess_family
from core.script.reader import Call
from core.script.rules_order import Version, finding

_INSIDE = ("EfficientNet", "ConvNeXt", "MobileNetV3", "RegNet")
"""Networks that scale pixels themselves: they want 0 to 255."""

_SCALES = {"caffe": "BGR with the mean taken off", "tf": "-1 to 1", "torch": "ImageNet's mean and deviation"}


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
            f"The validation images go through {', '.join(random)} too (line {flow.generator.line}), so the figures "
            "change from one evaluation to the next.",
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
        yield from _twice(facts, rescale.line, f"rescale={rescale.text}")
        if script.find("Rescaling"):
            layer = script.find("Rescaling")[0]
            yield _double(rescale.line, f"rescale={rescale.text} here and Rescaling in line {layer.line}")
    for layer in script.find("Rescaling"):
        yield from _twice(facts, layer.line, "Rescaling")


def _twice(facts: Facts, line: int, what: str) -> Iterator[Finding]:
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
        return
    for name in ("rescale", "preprocessing_function"):
        ours, theirs = (facts.script.argument(flow.generator, name) for flow in (train, val))
        same = ours.value == theirs.value if ours.known and theirs.known else ours.text == theirs.text
        if not same:
            yield finding(
                "train-val-preprocess-mismatch",
                "error",
                theirs.line or val.generator.line,
                f"{name} is {ours.text or 'not set'} for training (line {ours.line or train.generator.line}) and "
                f"{theirs.text or 'not set'} for validation; measured, that took validation from .91 to .50.",
                "Scale both in the same way.",
            )


def backbone_scale(facts: Facts, version: Version) -> Iterator[Finding]:
    """Pixels on another scale than the backbone was trained on, the same everywhere."""
    row = BACKBONES.get(facts.backbone.short) if facts.backbone else None
    train = facts.train_flow
    if row is None or row.preprocessing not in _SCALES or train is None or train.generator is None:
        return
    rescale = facts.script.argument(train.generator, "rescale")
    function = facts.script.argument(train.generator, "preprocessing_function")
    name = facts.script.aliases.get(function.text, function.text)
    other = function.stated and preprocess_family(facts, name) not in ("", row.preprocessing)
    if (rescale.stated and not function.stated and not preprocess_calls(facts)) or other:
        line = function.line if other else rescale.line
        yield finding(
            "wrong-preprocess-for-backbone",
            "info",
            line,
            f"{function.text if other else f'rescale={rescale.text}'} is not what {row.name} was trained on "
            f"({_SCALES[row.preprocessing]}); used everywhere alike it costs little, but the learning rate acts "
            "differently.",
            "Use the backbone's own preprocess_input everywhere (data.preprocessing=backbone).",
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
        square = isinstance(value.value, tuple) and len(set(value.value[:2])) == 1
        yield finding(
            "size-wh-swapped",
            "info" if square else "warning",
            value.line,
            f"The size is given as {value.text}, but Keras takes (height, width)"
            + ("; both are the same here, so nothing changes." if square else "."),
            "Write (height, width).",
            value=list(value.value) if isinstance(value.value, tuple) else None,
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
