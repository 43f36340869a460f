"""Settings `data.*` of a pasted script: folders, size, batch, order, augmentation, preprocessing."""

from pathlib import PurePath, PurePosixPath, PureWindowsPath

from core.models.catalogue import BACKBONES
from core.script import versions
from core.script.facts import Facts
from core.script.generator_steps import generator_steps
from core.script.imported_settings import ImportedSettings
from core.script.parts import Flow, rounds_down
from core.script.pixel_names import family_of_module
from core.script.reader import Value
from core.script.scaling import Pixels, training_pixels
from core.script.tables import other_source

QUESTION = {"shear_range": 0.2, "zoom_range": 0.2, "horizontal_flip": True}
"""The augmentation that the program has under that name."""


def fill_images(facts: Facts, imported: ImportedSettings, version: tuple[int, ...]) -> dict[str, str]:
    """Writes the settings `data.*` on the imported settings.

    Returns:
        The order of the samples by version of Keras; empty where the script does not tell.
    """
    flow = facts.train_flow
    _dataset(facts, imported)
    _image_size(facts, imported, flow)
    _fit(facts, imported, flow)
    _batch_size(facts, imported, flow)
    _augmentation(facts, imported, flow)
    _preprocessing(facts, imported, flow)
    _split_and_seed(facts, imported, flow)
    _tail(facts, imported)
    return _order(facts, imported, flow, version)


def preprocess_family(facts: Facts, name: str) -> str:
    """What a `preprocess_input` does, by the module it is from: a key of the catalogue's `preprocessing`, or empty."""
    family = family_of_module(name)
    row = BACKBONES.get(facts.backbone.short) if facts.backbone else None
    return family or (row.preprocessing if row and name == "preprocess_input" else "")


def _dataset(facts: Facts, imported: ImportedSettings) -> None:
    why, line = other_source(facts)
    if why:
        imported.leave_open("dataset", why, line=line)
        return
    values = [(flow, facts.script.argument(flow.call, "directory")) for flow in facts.flows]
    stated = [(flow, value) for flow, value in values if value.stated]
    if not stated:
        imported.leave_open("dataset", "the script names no folder of images")
        return
    for _, value in stated:
        if value.word is None:
            imported.leave_open("dataset", facts.script.why_unknown(value))
            return
    paths = {_path(value.word or "") for _, value in stated}
    line = min(value.line for _, value in stated)
    if len(paths) == 1:
        path = paths.pop()
        lonely = path.name.lower() in ("train", "training", "val", "validation", "test")
        imported.dataset = str(path.parent if lonely else path)
        return
    parents, names = {path.parent for path in paths}, {path.name.lower() for path in paths}
    if len(parents) == 1 and names <= {"train", "val", "validation", "test"}:
        imported.dataset = str(parents.pop())
        return
    told = ", ".join(sorted(str(path) for path in paths)[:4])
    imported.leave_open("dataset", f"{told}; the program wants train and val (or validation) in one folder", line=line)


def _path(text: str) -> PurePath:
    return PureWindowsPath(text) if "\\" in text else PurePosixPath(text)


def _image_size(facts: Facts, imported: ImportedSettings, flow: Flow | None) -> None:
    name = "image_size" if flow is not None and flow.is_dataset else "target_size"
    value = facts.script.argument(flow.call if flow else None, name)
    if not value.stated and flow is None:
        value = facts.script.argument(facts.backbone, "input_shape")
    if not value.stated:
        imported.leave_out("data.image_size", 256 if flow else 224, f"no {name}: Keras then takes 256 by 256")
        return
    sides = value.pair
    if sides is None:
        imported.leave_open("data.image_size", facts.script.why_unknown(value))
    elif sides[0] != sides[1]:
        imported.leave_open(
            "data.image_size",
            f"{sides[0]} high and {sides[1]} wide, but the program takes square images",
            line=value.line,
        )
    else:
        imported.state("data.image_size", sides[0], value.line)


_FITS = {
    "crop_to_aspect_ratio": "crop",
    "pad_to_aspect_ratio": "letterbox_black",  # Keras' bars are black
    "keep_aspect_ratio": "crop",
}


def _fit(facts: Facts, imported: ImportedSettings, flow: Flow | None) -> None:
    for name, fit in _FITS.items() if flow else ():
        value = facts.script.argument(flow.call if flow else None, name)
        if value.stated and value.flag is None:
            imported.leave_open("data.fit", facts.script.why_unknown(value))
        elif value.flag:
            imported.state("data.fit", fit, value.line)


def _batch_size(facts: Facts, imported: ImportedSettings, flow: Flow | None) -> None:
    script = facts.script
    on_arrays = bool(facts.fits) and facts.fits[-1].feed is None
    value = script.argument(facts.fits[-1].call, "batch_size") if on_arrays else Value()
    if not on_arrays and flow is not None:
        value = script.argument(flow.call, "batch_size")
    if value.stated and value.value is None:
        value = Value()
    imported.take("data.batch_size", value, 32, "no batch_size: Keras then takes 32")


def _augmentation(facts: Facts, imported: ImportedSettings, flow: Flow | None) -> None:
    generator = flow.generator if flow else None
    if facts.random_layers:
        names = ", ".join(dict.fromkeys(call.short for call in facts.random_layers))
        imported.leave_open("data.augmentation", f"the program has no {names}", line=facts.random_layers[0].line)
        return
    random = facts.random_arguments(generator)
    if not random:
        why = "no argument that changes images at random"
        unread = generator is not None and generator.unread
        if unread and generator is not None:
            imported.leave_open("data.augmentation", "**options cannot be read", line=generator.line)
        else:
            imported.leave_out("data.augmentation", "none", why)
        return
    told = {name: value.value for name, value in random.items()}
    line = min(value.line for value in random.values())
    fill, value = (facts.script.argument(generator, name) for name in ("fill_mode", "cval"))
    steps = generator_steps(told, fill.value if fill.stated else "nearest", value.value if value.stated else 0.0)
    if told != QUESTION and not steps:
        words = ", ".join(f"{name}={value.text}" for name, value in random.items())
        imported.leave_open("data.augmentation", f"the program has no augmentation of {words}", line=line)
        return
    imported.state("data.augmentation", "question" if told == QUESTION else steps, line)
    if facts.mode == "bottleneck" and facts.extractions:
        imported.state("data.augmentation_draws", 1, facts.extractions[0].line)


def _preprocessing(facts: Facts, imported: ImportedSettings, flow: Flow | None) -> None:
    """All that changes the pixels between the files and the network, wherever the script does it."""
    pixels = training_pixels(facts)
    scalings = pixels.scalings
    if pixels.unknown:
        imported.leave_open("data.preprocessing", pixels.unknown, line=pixels.line)
    elif len(scalings) > 1:
        imported.leave_open("data.preprocessing", "pixels are scaled in more than one place", line=scalings[-1].line)
    elif not scalings and pixels.kind == "none":
        imported.leave_out("data.preprocessing", "none", "no rescale and no preprocess_input: pixels stay at 0 to 255")
    elif scalings and scalings[0].function:
        _own(facts, imported, scalings[0].function, scalings[0].line)
    else:
        _scale(facts, imported, pixels)


def _scale(facts: Facts, imported: ImportedSettings, pixels: Pixels) -> None:
    row = BACKBONES.get(facts.backbone.short) if facts.backbone else None
    step = (pixels.scalings or list(pixels.steps))[0]
    if pixels.kind == "rescale":
        imported.state("data.preprocessing", "rescale", step.line)
    elif row is not None and pixels.kind == row.preprocessing:
        imported.state("data.preprocessing", "backbone", step.line)
    else:
        imported.leave_open("data.preprocessing", f"the program does not scale by {step.text}", line=step.line)


def _own(facts: Facts, imported: ImportedSettings, name: str, line: int) -> None:
    row = BACKBONES.get(facts.backbone.short) if facts.backbone else None
    family = preprocess_family(facts, name) if name.endswith("preprocess_input") else ""
    if row is not None and family == row.preprocessing:
        imported.state("data.preprocessing", "backbone", line)
    elif family:
        whose = facts.backbone.short if facts.backbone else "the backbone"
        imported.leave_open("data.preprocessing", f"{name} is not the preprocessing of {whose}", line=line)
    else:
        imported.leave_open("data.preprocessing", f"what {name} does is not known here", line=line)


def _split_and_seed(facts: Facts, imported: ImportedSettings, flow: Flow | None) -> None:
    script = facts.script
    split = script.argument(flow.generator if flow else None, "validation_split")
    if flow is not None and flow.is_dataset:
        split = script.argument(flow.call, "validation_split")
    if not split.stated and facts.fits:
        split = script.argument(facts.fits[-1].call, "validation_split")
    if not split.stated:
        split = script.argument(training_pixels(facts).split, "test_size")
    if split.stated:
        imported.take("data.validation_split", split, 0.2, "")
    seed = script.argument(flow.call if flow else None, "seed")
    if seed.stated and seed.value is not None:
        imported.take("data.seed", seed, 1, "")


def _tail(facts: Facts, imported: ImportedSettings) -> None:
    """Steps rounded down lose the tail of one pass, as feature extraction is; training goes on where it stopped."""
    for call in facts.extractions if facts.mode == "bottleneck" else []:
        steps = facts.script.argument(call, "steps")
        if rounds_down(facts.script, call, "steps"):
            imported.state("data.drop_remainder", True, steps.line)
            return
    imported.leave_out("data.drop_remainder", False, "no step of the script leaves the last partial batch out for good")


def _order(facts: Facts, imported: ImportedSettings, flow: Flow | None, version: tuple[int, ...]) -> dict[str, str]:
    if not facts.fits:
        imported.leave_open("data.shuffle", "the script has no fit, so nothing says in which order it trains")
        return {}
    fit = facts.fits[-1]
    of_fit = facts.script.argument(fit.call, "shuffle")
    if fit.feed is None:
        return _order_of_arrays(imported, of_fit, version)
    of_flow = facts.script.argument(fit.feed.call, "shuffle")
    if not of_flow.stated or of_flow.value is True:
        order = versions.same_order("samples")
        if of_flow.stated:
            imported.state("data.shuffle", "samples", of_flow.line)
        else:
            imported.leave_out("data.shuffle", "samples", f"{fit.feed.call.short} shuffles samples by itself")
        return order
    if of_flow.value is not False:
        imported.leave_open("data.shuffle", facts.script.why_unknown(of_flow))
        return {}
    if fit.feed.is_dataset:
        return _order_of_dataset(imported, fit.feed, of_flow)
    workers = facts.script.argument(fit.call, "workers").value == 0
    order = versions.iterator_order(fit_shuffles=of_fit.value is not False, workers_zero=workers)
    imported.state("data.shuffle", versions.choose(order, version), of_flow.line)
    return order


def _order_of_dataset(imported: ImportedSettings, feed: Flow, of_flow: Value) -> dict[str, str]:
    if any(call.short == "shuffle" for call in feed.chain):
        imported.leave_open("data.shuffle", "the buffer of .shuffle(...) decides the order", line=of_flow.line)
        return {}
    imported.state("data.shuffle", "none", of_flow.line)
    return versions.same_order("none")


def _order_of_arrays(imported: ImportedSettings, of_fit: Value, version: tuple[int, ...]) -> dict[str, str]:
    if not of_fit.stated:
        imported.leave_out("data.shuffle", "samples", "fit shuffles the samples of arrays by itself")
        return versions.same_order("samples")
    if of_fit.value == "batch":
        order = versions.batch_order()
        imported.state("data.shuffle", versions.choose(order, version), of_fit.line)
        return order
    if of_fit.flag is None:
        imported.leave_open("data.shuffle", imported.script.why_unknown(of_fit))
        return {}
    word = "samples" if of_fit.value else "none"
    imported.state("data.shuffle", word, of_fit.line)
    return versions.same_order(word)
