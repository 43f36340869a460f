"""Functions that read, size, colour and scale single images: OpenCV, Pillow, scikit-image, tf.image, keras.utils."""

from dataclasses import replace

from core.script.flow import arrays
from core.script.flow.chance import joined, line_of
from core.script.flow.fitting import BARS, CROP, PADDED, as_asked, fitted
from core.script.flow.machine import (
    Arguments,
    Handler,
    Machine,
    constant,
    is_none,
    number,
    unknown,
    whole,
    wholes,
    word,
)
from core.script.flow.made import Made
from core.script.flow.numbers import as_array, chosen_labels
from core.script.flow.objects import IMAGES, NUMBERS, RAW, Array, Const, External, Items, Source, Unknown
from core.script.flow.value import Value
from core.script.pixel_names import family_of_module


def _read(machine: Machine, given: Arguments, channels: str, shape: tuple[int | None, ...] | None) -> Array:
    text = given.name.rpartition(".")[2]
    source = Source(machine.new_number(), given.line, text, "image")
    greyed = given.line if channels == "grey" else 0
    return Array(IMAGES, source, RAW, shape=shape, channels=channels, greyed=greyed)


def _imread(machine: Machine, given: Arguments) -> Value:
    """OpenCV reads blue, green, red; the others red, green, blue."""
    if not given.name.startswith("cv2"):
        image = _read(machine, given, "rgb", None)
        is_plot = given.name.startswith(("matplotlib", "plt", "mpimg"))
        return replace(image, span=None, strange=(given.name, given.line)) if is_plot else image
    flag = given.get("flags", 1)
    grey = constant(flag) == 0 or (isinstance(flag, External) and "GRAY" in flag.name)
    known = flag is None or grey or isinstance(flag, (External, Const))
    return _read(
        machine, given, ("grey" if grey else "bgr") if known else "", (None, None) if grey else (None, None, 3)
    )


def _load_image(machine: Machine, given: Arguments) -> Value:
    sides = wholes(given.get("target_size")) or (None, None)
    grey = constant(given.get("color_mode")) == "grayscale" or constant(given.get("grayscale", 1)) is True
    image = _read(machine, given, "grey" if grey else "rgb", (*sides[:2], 1 if grey else 3))
    size = given.get("target_size")
    if size is None:
        return image
    sized = replace(image, sizes=(size, given.line_of("target_size")))
    return replace(sized, fits=as_asked(replace(image, shape=None), given).fits)


def _decode(machine: Machine, given: Arguments) -> Value:
    if given.name.startswith("cv2"):
        return _imread(machine, given)
    count = whole(given.get("channels", 1))
    return _read(machine, given, "grey" if count == 1 else "rgb", (None, None, count))


def _resize(machine: Machine, given: Arguments) -> Value:
    """`cv2.resize(x, (width, height))`, `tf.image.resize(x, (height, width))`."""
    value = as_array(machine, given.positional[0] if given.positional else given.get("images"), given.line)
    if not isinstance(value, Array):
        return unknown(given)
    if given.name.startswith(("np.", "numpy.")):
        machine.note("np-resize", given.line)
        return replace(value, shape=None)
    size = given.get("dsize", 1) or given.get("size", 1) or given.get("output_shape", 1)
    value = as_asked(value, given)
    if size is not None:
        value = replace(value, sizes=(size, given.line_of("size", 1)))
    sides = wholes(size)
    if sides is not None and given.name.startswith("cv2"):
        sides = (*reversed(sides[:2]),)
    value = replace(value, shape=_sized(value, sides))
    if given.name.startswith(("skimage", "transform.")) and not constant(given.get("preserve_range")):
        return arrays.normalised(value, (0.0, 1.0), given.line, "skimage's resize")
    return value


def _sized(value: Array, sides: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
    if value.role not in (IMAGES, NUMBERS) or value.shape is None or sides is None or len(sides) < 2:
        return None
    if value.channels == "grey" and value.rank == 2:
        return tuple(sides[:2])
    channels = value.shape[-1]
    return (*sides[:2], channels) if value.rank in (2, 3) else (value.shape[0], *sides[:2], channels)


def _colour(machine: Machine, given: Arguments) -> Value:
    value, code = given.positional[0] if given.positional else None, given.get("code", 1)
    if not isinstance(value, Array) or not isinstance(code, External):
        return value if isinstance(value, Array) else unknown(given)
    to = code.name.rpartition("2")[2].lower()
    if to.startswith("gray"):
        shape = value.shape[:-1] if value.rank == 3 and value.shape else None
        return replace(value, channels="grey", shape=shape, greyed=value.greyed or given.line)
    if to in ("rgb", "bgr"):
        shape = (*value.shape, 3) if value.channels == "grey" and value.rank == 2 and value.shape else value.shape
        return replace(value, channels=to if "BGR2RGB" in code.name or "RGB2BGR" in code.name else "", shape=shape)
    return replace(value, channels="", strange=(code.name, given.line), span=None)


def _split_channels(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else None
    return replace(value, channels="", shape=None) if isinstance(value, Array) else unknown(given)


def _to_grey(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else None
    if not isinstance(value, Array):
        return unknown(given)
    shape = (*value.shape[:-1], 1) if value.shape else None
    return replace(value, channels="grey", shape=shape, greyed=value.greyed or given.line)


def _dtype(machine: Machine, given: Arguments) -> Value:
    """`tf.image.convert_image_dtype(x, tf.float32)` divides whole numbers by 255."""
    value = given.positional[0] if given.positional else given.get("image")
    if not isinstance(value, Array):
        return unknown(given)
    if value.role != IMAGES or value.steps or value.span != RAW or value.source.kind != "image":
        return value
    return arrays.affine(value, 1 / 255, 0.0, given.line, machine.text(given.node) if given.node else given.name)


def _floats(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else None
    if not isinstance(value, Array):
        return unknown(given)
    return arrays.normalised(value, (0.0, 1.0), given.line, given.name.rpartition(".")[2])


def _normalise(machine: Machine, given: Arguments) -> Value:
    """`cv2.normalize(x, None, 0, 1, cv2.NORM_MINMAX)`; `keras.utils.normalize(x)`."""
    value = given.positional[0] if given.positional else None
    if not isinstance(value, Array):
        return unknown(given)
    low, high = number(given.get("alpha", 2)), number(given.get("beta", 3))
    if not given.name.startswith("cv2"):
        return arrays.normalised(value, (0.0, 1.0), given.line, "normalize", each=True)
    if low is None or high is None:
        return replace(value, strange=(given.name, given.line), span=None)
    return arrays.normalised(value, (min(low, high), max(low, high)), given.line, "cv2.normalize", each=True)


def _preprocess(machine: Machine, given: Arguments) -> Value:
    """`preprocess_input` of a family, by the module that it is from."""
    value = given.positional[0] if given.positional else given.get("x")
    if not isinstance(value, Array):
        return unknown(given)
    mode = word(given.get("mode"))
    family = mode if mode in ("tf", "caffe", "torch") else family_of_module(given.name)
    return arrays.preprocessed(value, family, given.line, given.name)


def _random(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else given.get("image")
    if not isinstance(value, Array):
        return unknown(given)
    kind = given.name.rpartition(".")[2]
    if kind.startswith("stateless_") and line_of(*given.positional[1:], *given.named.values()):
        kind = kind.removeprefix("stateless_")  # its seed is drawn anew
    made = Made(kind, given.name, *given.bound(("image", "first", "second")), given.line)
    return replace(value, marks=(*value.marks, ("augmented", given.line)), random=(*value.random, made))


def _random_crop(machine: Machine, given: Arguments) -> Value:
    """`tf.image.random_crop(x, (224, 224, 3))`."""
    value = given.positional[0] if given.positional else given.get("value")
    size = given.get("size", 1)
    if not isinstance(value, Array):
        return unknown(given)
    sides = size.values[-3:-1] if isinstance(size, Items) and not size.more and len(size.values) > 2 else []
    before = value.shape[-3:-1] if value.shape is not None and len(value.shape) > 2 else (None, None)
    made = Made("random_crop", given.name, {"size": Items(sides), "of": Items([Const(one) for one in before])}, {},
                given.line)  # fmt: skip
    shape = _sized(value, wholes(Items(sides))) if sides else None
    sizes = (Items(sides) if sides else Unknown("size"), given.line_of("size", 1))
    return replace(value, shape=shape, sizes=sizes, random=(*value.random, made))


_MODULES = ("image", "cv2", "tfa", "skimage", "ndimage", "PIL", "ImageOps", "torchvision", "transforms")
"""Parts of names of functions that change images; those of tf.keras.preprocessing.image are among them."""


def of_module(machine: Machine, given: Arguments) -> Value | None:
    """What a function of a library of images makes of them without a handler: a change at random where its name or
    something drawn says so, else one that is not known; None for any other function."""
    value = given.positional[0] if given.positional else given.get("image")
    *modules, short = given.name.split(".")
    if not isinstance(value, Array) or value.role not in (IMAGES, NUMBERS):
        return None
    if short == "fit" and "ImageOps" in modules:
        return _squared(machine, given)
    by_name = short.startswith(("random_", "stateless_random_", "adjust_")) or modules[:2] == [
        "tensorflow_addons",
        "image",
    ]
    if by_name or (line_of(*given.positional, *given.named.values()) and set(modules) & set(_MODULES)):
        return _random(machine, given)
    is_known = value.role == IMAGES and value.strange is None
    return replace(value, strange=(short, given.line), span=None) if set(modules) & set(_MODULES) and is_known else None


def _decided(machine: Machine, given: Arguments) -> Value:
    """`tf.cond(drawn > 0.5, lambda: a, lambda: b)`."""
    test = given.get("pred", 0)
    ways = [given.get(name, place) for name, place in (("true_fn", 1), ("false_fn", 2))]
    if test is None or None in ways:
        return unknown(given)
    if isinstance(test, Const):
        return machine.apply(ways[0 if test.value else 1] or test, Arguments("cond", given.line))
    values = [machine.apply(one, Arguments("cond", given.line)) for one in ways if one is not None]
    return joined(values, test if line_of(test) else None)


def _chosen(machine: Machine, given: Arguments) -> Value:
    """`tf.where(drawn, a, b)` of images, or of labels."""
    values = list(given.positional[1:3])
    images = [one for one in values if isinstance(one, Array) and one.role == IMAGES]
    if len(images) != 2:
        return chosen_labels(given)
    test = given.positional[0]
    return joined(values, test if line_of(test) else None)


def _inside(machine: Machine, given: Arguments) -> Value:
    """`tf.numpy_function(function, [x], tf.float32)`, `tf.map_fn(function, x)`: what the function makes of them."""
    function = given.get("func", 0) or given.get("fn") or given.get("f")
    inner = given.get("inp", 1) if "inp" in given.named or len(given.positional) > 1 else given.get("elems")
    if function is None or inner is None:
        return unknown(given)
    values = list(inner.values) if isinstance(inner, Items) else [inner]
    value = machine.apply(function, Arguments(given.name, given.line, values))
    return value if isinstance(value, (Array, Items)) else Unknown(given.name, given.line)


def _kept(machine: Machine, given: Arguments) -> Value:
    value = given.positional[0] if given.positional else next(iter(given.named.values()), None)
    return value if value is not None else unknown(given)


def _cropped(machine: Machine, given: Arguments) -> Value:
    """What cuts or pads the images that it is given first."""
    value = _kept(machine, given)
    return replace(as_asked(value, given), shape=None) if isinstance(value, Array) else value


def _squared(machine: Machine, given: Arguments) -> Value:
    """`ImageOps.fit(image, (224, 224))`, and `ImageOps.pad`, which has black bars."""
    value = given.get("image", 0)
    if not isinstance(value, Array) or not given.name.startswith(("PIL", "ImageOps")):
        return _cropped(machine, given)
    is_pad = given.name.endswith("pad")
    way = (BARS if is_none(given.get("color", 3)) else PADDED) if is_pad else CROP
    size = given.get("size", 1)
    value = fitted(value, way, given.line, given.name.rpartition(".")[2])
    return value if size is None else replace(value, shape=None, sizes=(size, given.line_of("size", 1)))


HANDLERS: dict[str, Handler] = {
    "imread": _imread,
    **dict.fromkeys(("load_img",), _load_image),
    **dict.fromkeys(("decode_jpeg", "decode_png", "decode_image", "decode_bmp", "imdecode"), _decode),
    **dict.fromkeys(("resize", "smart_resize", "resize_with_pad", "resize_with_crop_or_pad"), _resize),
    "cvtColor": _colour,
    **dict.fromkeys(("rgb_to_grayscale", "rgb2gray"), _to_grey),
    **dict.fromkeys(("grayscale_to_rgb", "merge"), _split_channels),
    "convert_image_dtype": _dtype,
    **dict.fromkeys(("img_as_float", "img_as_float32"), _floats),
    "normalize": _normalise,
    "preprocess_input": _preprocess,
    **dict.fromkeys(
        ("random_flip_left_right", "random_flip_up_down", "random_brightness", "random_contrast", "random_saturation",
         "random_hue", "flip_left_right", "flip_up_down", "random_jpeg_quality"), _random),
    **dict.fromkeys(("random_crop", "stateless_random_crop"), _random_crop),
    **dict.fromkeys(("cond",), _decided),
    "where": _chosen,
    **dict.fromkeys(("numpy_function", "py_function", "py_func", "map_fn", "vectorized_map"), _inside),
    **dict.fromkeys(("img_to_array", "array_to_img", "read_file", "fromarray", "exif_transpose", "imshow"), _kept),
    **dict.fromkeys(
        ("central_crop", "crop_to_bounding_box", "center_crop", "crop", "pad_to_bounding_box", "copyMakeBorder",
         "expand", "contain"), _cropped),
    "pad": _squared,
}  # fmt: skip
