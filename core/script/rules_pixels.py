"""Findings on a script: scaling, augmentation and sizes of its images."""

import ast
from collections.abc import Iterator

from core.checks.finding import Finding
from core.script.facts import Facts
from core.script.reader import Call, Value
from core.script.rules_order import Version, finding


def augmented_features(facts: Facts, version: Version) -> Iterator[Finding]:
    """Random changes in the generator that features are extracted from."""
    if facts.mode != "bottleneck" or facts.train_flow is None:
        return
    random = _random_arguments(facts, facts.train_flow.generator)
    if random:
        value = min(random.values(), key=lambda one: one.line)
        yield finding(
            "bottleneck-one-draw",
            "warning",
            value.line,
            f"{', '.join(random)}: active while features are saved, so the features contain one fixed random version "
            "of each image. Measured on X-rays, accuracy fell from 0.91 to 0.845.",
            "Save features without augmentation, or of several versions of each image (data.augmentation_draws).",
            arguments=list(random),
        )


def augmented_validation(facts: Facts, version: Version) -> Iterator[Finding]:
    """Random changes in what the model is validated on."""
    flow = facts.val_flow
    random = _random_arguments(facts, flow.generator if flow else None)
    if flow is not None and flow.generator is not None and random:
        yield finding(
            "augment-on-val",
            "warning",
            flow.call.line,
            f"The validation images are augmented too: {', '.join(random)} ({facts.where(flow.generator.line)}). So "
            "the metrics change from one evaluation to the next.",
            "Use a separate generator for validation that only scales.",
            arguments=list(random),
        )


def featurewise(facts: Facts, version: Version) -> Iterator[Finding]:
    """Statistics of the dataset that nobody computed."""
    fitted = {id(facts.networks.model_of(call)) for call in facts.script.find("fit")}
    for generator in facts.generators:
        for name in ("featurewise_center", "featurewise_std_normalization", "zca_whitening"):
            value = facts.script.argument(generator, name)
            if value.value is True and id(generator) not in fitted and not _given(facts, generator, "mean"):
                yield finding(
                    "featurewise-not-fitted",
                    "warning",
                    value.line,
                    f"{name}=True, but fit of this generator is never called, so it has no effect; Keras only warns.",
                    f"Call datagen.fit(...) on training images first, or remove {name}.",
                )
                break


def given_means(facts: Facts, version: Version) -> Iterator[Finding]:
    """A mean that is set on a generator which is not told to take it off."""
    for generator in facts.generators:
        for name, switch in (("mean", "featurewise_center"), ("std", "featurewise_std_normalization")):
            line = _given(facts, generator, name)
            if line and not facts.script.argument(generator, switch).stated:
                yield finding(
                    "mean-not-taken-off",
                    "warning",
                    line,
                    f"{name} is set on an ImageDataGenerator without {switch}=True, so it is not used, and the images "
                    "stay unchanged.",
                    f"Write ImageDataGenerator({switch}=True), or preprocessing_function=preprocess_input of the "
                    "network.",
                )
                return  # of the others it is the same


def _given(facts: Facts, generator: Call, name: str) -> int:
    """The line that sets `mean` or `std` on a generator; 0 where none does."""
    nodes = facts.script.nodes
    bound = [one for one in nodes if isinstance(one, ast.Assign) and one.value is generator.node]
    names = {target.id for one in bound for target in one.targets if isinstance(target, ast.Name)}
    stores = [one for one in nodes if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)]
    set_here = [one for one in stores if one.attr == name and isinstance(one.value, ast.Name) and one.value.id in names]
    return set_here[0].lineno if set_here else 0


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
            + ("; the two are equal here, so it has no effect." if square else "."),
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
                f"validation_split={value.text} of the generator takes the first files of each class, which are often "
                "those of the first patients.",
                "Split by patient into separate folders.",
            )


def random_in_cache(facts: Facts, version: Version) -> Iterator[Finding]:
    """`.map(augment).cache()`: randomness frozen."""
    for call in facts.script.find("cache"):
        before: Call | None = facts.networks.model_of(call)
        if before is not None and before.short == "map" and _is_random(facts, before):
            yield finding(
                "cache-after-random",
                "warning",
                call.line,
                "cache() comes after a map with random changes, so every epoch gets the same changed images.",
                "Call cache() before the random changes.",
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
            "ImageDataGenerator exists in Keras 3 only for old scripts (keras.src.legacy, tf.keras.preprocessing).",
            "In new scripts, use image_dataset_from_directory and random layers.",
            lines=[call.line for call in facts.generators],
        )


def _random_arguments(facts: Facts, generator: Call | None) -> dict[str, Value]:
    """Arguments of an ImageDataGenerator that change images at random."""
    names = (
        *("rotation_range", "width_shift_range", "height_shift_range", "brightness_range", "shear_range"),
        *("zoom_range", "channel_shift_range", "horizontal_flip", "vertical_flip"),
    )
    values = {name: facts.script.argument(generator, name) for name in names}
    return {
        name: value
        for name, value in values.items()
        if value.stated and not (value.known and not value.value) and value.value != (0.0, 0.0)
    }
