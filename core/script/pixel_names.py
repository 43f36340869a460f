"""The families of pretrained networks by how they were trained to get their pixels."""

from core.models.catalogue import BACKBONES

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
