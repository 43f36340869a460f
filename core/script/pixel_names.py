"""Names of functions, methods and layers by what they do to the values of pixels."""

import ast

from core.models.catalogue import BACKBONES
from core.script.parts import RANDOM

SAME_METHODS = (
    *("prefetch", "cache", "batch", "shuffle", "take", "skip", "repeat", "unbatch", "with_options", "rebatch"),
    *("ignore_errors", "enumerate", "astype", "copy", "numpy", "reshape", "squeeze", "transpose", "as_numpy_iterator"),
)
"""Methods that leave them as they are."""

SAME_FUNCTIONS = (
    *("cast", "array", "asarray", "expand_dims", "squeeze", "stack", "vstack", "concatenate", "concat", "constant"),
    *("convert_to_tensor", "identity", "resize", "resize_with_pad", "resize_with_crop_or_pad", "smart_resize", "copy"),
    *("reshape", "transpose", "ensure_shape", "img_to_array", "cvtColor", "float32", "stop_gradient", "rot90"),
    *("random_flip_left_right", "random_flip_up_down", "flip_left_right", "central_crop", "random_crop"),
    *("random_brightness", "random_contrast", "random_saturation", "random_hue", "from_tensor_slices", "from_tensors"),
)
"""Functions that leave those of their first argument as they are; all are in one of `MODULES`."""

SAME_LAYERS = (
    *(*RANDOM, "RandomCrop", "RandomHeight", "RandomWidth", "Resizing", "CenterCrop", "Reshape", "ZeroPadding2D"),
    *("Input", "InputLayer", "Dropout", "Permute"),
)
"""Layers that do."""

DECODERS = (
    "decode_jpeg",
    "decode_png",
    "decode_image",
    "decode_bmp",
    "cv2.imread",
    "load_img",
    "load_data",
    "Image.open",
)
"""Ends of names of what reads images as 0 to 255."""

MODULES = ("tensorflow", "tf", "keras", "numpy", "np", "cv2", "ops", "K", "image", "layers", "PIL", "Image", "sklearn")
"""What a function's name begins with; a pasted part of a script may lack the import."""

OPERATORS: dict[str, ast.operator] = {
    "divide": ast.Div(),
    "true_divide": ast.Div(),
    "multiply": ast.Mult(),
    "subtract": ast.Sub(),
    "add": ast.Add(),
}
"""Functions of two arguments that are arithmetic."""

_FAMILIES = {
    "caffe": ("vgg16", "vgg19", "resnet", "resnet50", "imagenet_utils"),
    "tf": ("mobilenet", "mobilenet_v2", "inception_v3", "xception", "resnet_v2", "inception_resnet_v2", "nasnet"),
    "torch": ("densenet",),
    "raw": ("efficientnet", "efficientnet_v2", "convnext", "mobilenet_v3", "regnet"),
}
"""Modules of `keras.applications` by what their `preprocess_input` does."""


def family_of_module(name: str) -> str:
    """What a `preprocess_input` does, by the module in its full name: a key of the table, or empty."""
    module = name.rpartition(".")[0].rpartition(".")[2]
    known = next((row.preprocessing for row in BACKBONES.values() if row.module and row.module == module), "")
    return known or next((family for family, modules in _FAMILIES.items() if module in modules), "")


_NETWORKS = (
    ("raw", ("EfficientNet", "ConvNeXt", "MobileNetV3", "RegNet")),
    ("tf", ("MobileNet", "Inception", "Xception", "NASNet")),
    ("torch", ("DenseNet",)),
    ("caffe", ("VGG",)),
)


def family_of_network(name: str) -> str:
    """The preprocessing that a network of `keras.applications` was trained with; empty where it is not known."""
    if name in BACKBONES:
        return BACKBONES[name].preprocessing
    if name.startswith("ResNet"):
        return "tf" if name.endswith("V2") else ("" if "RS" in name else "caffe")
    return next((family for family, starts in _NETWORKS if name.startswith(starts)), "")
