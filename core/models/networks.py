"""The backbones, one row each, family by family: facts from keras.applications 3, counted or measured. Light.

Parameters, layers and operations are counted from the built networks, sizes are those of the published files, and the
memory is the most that a process took for features of 16 images of 224 pixels (`Backbone` says what each column is).
"""

from dataclasses import dataclass, replace

from core.models.backbone import Backbone

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True)
class _Family:
    """What the rows of one module of `keras.applications` have in common.

    Attributes:
        module: str. Name of the module.
        preprocessing: str. What its `preprocess_input` does, a key of `core.data.preprocessing.PREPROCESSING`.
        blocks: tuple of str.
        prefixes: tuple of str.
        folder: str. Address that the files lie under.
    """

    module: str
    preprocessing: str
    blocks: tuple[str, ...]
    prefixes: tuple[str, ...]
    folder: str

    def row(
        self,
        name: str,
        title: str,
        weights: tuple[str, int, str | None],
        counts: tuple[int, int, float, int],
        **own: int | bool | str,
    ) -> Backbone:
        """A row: file name, bytes and hash of the weights; parameters, layers, operations and megabytes."""
        file, size, digest = weights
        parameters, layers, operations, memory = counts
        made = Backbone(
            name=name, title=title, module=self.module, preprocessing=self.preprocessing, blocks=self.blocks,
            prefixes=self.prefixes, weights_file=file, weights_bytes=size, weights_url=f"{self.folder}{file}",
            weights_hash=digest, parameters=parameters, layers=layers, operations=operations, memory=memory,
        )  # fmt: skip
        return replace(made, **own)  # type: ignore[arg-type]


def _numbered(pattern: str, first: int, last: int) -> tuple[str, ...]:
    """Write the numbers `first` to `last` into a pattern such as `"block{}"`."""
    return tuple(pattern.format(number) for number in range(first, last + 1))


_TF = "_weights_tf_dim_ordering_tf_kernels"
_VGG = _numbered("block{}", 1, 5), _numbered("block{}_", 1, 5)
_CONV = _numbered("conv{}", 1, 5), _numbered("conv{}_", 1, 5)
_EFFICIENT = ("stem", *_numbered("block{}", 1, 7), "top"), ("stem_", *_numbered("block{}a_", 1, 7), "top_")
_EFFICIENT_V2 = ("stem", *_numbered("block{}", 1, 6), "top"), ("stem_", *_numbered("block{}a_", 1, 6), "top_")


def _mobile_v3(last: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    blocks = ("conv", *_numbered("block{}", 0, last), "top")
    return blocks, ("conv", "expanded_conv_", *_numbered("expanded_conv_{}_", 1, last), "conv_1")


def _convnext(size: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A stage begins with the layer that halves the map, which Keras counts separately."""
    halved = _numbered(f"convnext_{size}_downsampling_block_{{}}", 0, 2)
    return ("stem", *_numbered("stage_{}", 0, 3)), (f"convnext_{size}_stem", f"convnext_{size}_stage_0_", *halved)


# Layers within the modules of Inception are numbered by what was built before, so blocks begin behind what ends one.
_INCEPTION = _numbered("mixed{}", 0, 10), ("", *_numbered(">mixed{}", 0, 9))
_INCEPTION_RESNET = (
    ("mixed_5b", "block35", "mixed_6a", "block17", "mixed_7a", "block8", "conv_7b"),
    ("", ">mixed_5b", ">block35_10_ac", ">mixed_6a", ">block17_20_ac", ">mixed_7a", "conv_7b"),
)
# The cells of one size of map: 28, 14 and 7 places on a side.
_NASNET = (
    ("stem", "cells1", "cells2", "cells3"),
    ("stem_conv1", ">reduction_concat_stem_2", ">normal_concat_3", ">normal_concat_8"),
)
_MOBILE = ("conv1", *_numbered("block{}", 1, 13)), ("conv1", *_numbered("conv_dw_{}", 1, 13))
_MOBILE_V2 = (
    ("conv1", *_numbered("block{}", 0, 16), "top"),
    ("Conv1", "expanded_conv_", *_numbered("block_{}_", 1, 16), "Conv_1"),
)

_vgg16 = _Family("vgg16", "caffe", *_VGG, f"{_KERAS}vgg16/")
_vgg19 = _Family("vgg19", "caffe", *_VGG, f"{_KERAS}vgg19/")
_resnet = _Family("resnet", "caffe", *_CONV, f"{_KERAS}resnet/")
_resnet_v2 = _Family("resnet_v2", "tf", *_CONV, f"{_KERAS}resnet/")
_mobilenet = _Family("mobilenet", "tf", *_MOBILE, f"{_KERAS}mobilenet/")
_mobilenet_v2 = _Family("mobilenet_v2", "tf", *_MOBILE_V2, f"{_KERAS}mobilenet_v2/")
_mobilenet_v3_small = _Family("mobilenet_v3", "raw", *_mobile_v3(10), f"{_KERAS}mobilenet_v3/")
_mobilenet_v3_large = _Family("mobilenet_v3", "raw", *_mobile_v3(14), f"{_KERAS}mobilenet_v3/")
_efficientnet = _Family("efficientnet", "raw", *_EFFICIENT, "https://storage.googleapis.com/keras-applications/")
_efficientnet_v2 = _Family("efficientnet_v2", "raw", *_EFFICIENT_V2, f"{_KERAS}efficientnet_v2/")
_densenet = _Family("densenet", "torch", *_CONV, f"{_KERAS}densenet/")
_inception_v3 = _Family("inception_v3", "tf", *_INCEPTION, f"{_KERAS}inception_v3/")
_inception_resnet = _Family("inception_resnet_v2", "tf", *_INCEPTION_RESNET, f"{_KERAS}inception_resnet_v2/")
_xception = _Family("xception", "tf", _numbered("block{}", 1, 14), _numbered("block{}_", 1, 14), f"{_KERAS}xception/")
_nasnet = _Family("nasnet", "tf", *_NASNET, f"{_KERAS}nasnet/")
_convnext_tiny = _Family("convnext", "raw", *_convnext("tiny"), f"{_KERAS}convnext/")
_convnext_small = _Family("convnext", "raw", *_convnext("small"), f"{_KERAS}convnext/")

_LITE0 = Backbone(
    name="EfficientNetLite0",
    title="EfficientNet-Lite0 (built in)",
    parameters=3_413_024,
    preprocessing="lite",
    blocks=_EFFICIENT[0],
    prefixes=_EFFICIENT[1],
    weights_file="efficientnet_lite0.npz",
    weights_bytes=6_355_134,
    layers=141,
    operations=0.38,
    memory=901,
)

ROWS = (
    _LITE0,
    _vgg16.row("VGG16", "VGG16", (f"vgg16{_TF}_notop.h5", 58_889_256, "6d6bbae143d832006294945121d1f1fc"),
               (14_714_688, 19, 15.35, 1360), channels=512),
    _vgg19.row("VGG19", "VGG19", (f"vgg19{_TF}_notop.h5", 80_134_624, "253f8cb515780f3b799900260a226db6"),
               (20_024_384, 22, 19.51, 1396), channels=512),
    _resnet.row("ResNet50", "ResNet-50",
                (f"resnet50{_TF}_notop.h5", 94_765_736, "4d473c1dd8becc155b73f8504c6f6626"),
                (23_587_712, 175, 3.86, 1039), channels=2048),
    _resnet.row("ResNet101", "ResNet-101",
                (f"resnet101{_TF}_notop.h5", 171_446_536, "88cf7a10940856eca736dc7b7e228a21"),
                (42_658_176, 345, 7.57, 1142), channels=2048),
    _resnet.row("ResNet152", "ResNet-152",
                (f"resnet152{_TF}_notop.h5", 234_698_864, "ee4c566cf9a93f14d82f913c2dc6dd0c"),
                (58_370_944, 515, 11.28, 1252), channels=2048),
    _resnet_v2.row("ResNet50V2", "ResNet-50 V2",
                   (f"resnet50v2{_TF}_notop.h5", 94_668_760, "fac2f116257151a9d068a22e544a4917"),
                   (23_564_800, 190, 3.48, 1002), channels=2048),
    _resnet_v2.row("ResNet101V2", "ResNet-101 V2",
                   (f"resnet101v2{_TF}_notop.h5", 171_317_808, "c0ed64b8031c3730f411d2eb4eea35b5"),
                   (42_626_560, 377, 7.19, 1130), channels=2048),
    _resnet_v2.row("ResNet152V2", "ResNet-152 V2",
                   (f"resnet152v2{_TF}_notop.h5", 234_545_216, "ed17cf2e0169df9d443503ef94b23b33"),
                   (58_331_648, 564, 10.9, 1260), channels=2048),
    _mobilenet.row("MobileNet", "MobileNet", ("mobilenet_1_0_224_tf_no_top.h5", 17_225_924, None),
                   (3_228_864, 86, 0.57, 785), channels=1024),
    _mobilenet_v2.row("MobileNetV2", "MobileNetV2",
                      (f"mobilenet_v2{_TF}_1.0_224_no_top.h5", 9_406_464, None),
                      (2_257_984, 154, 0.3, 848)),
    _mobilenet_v3_small.row("MobileNetV3Small", "MobileNetV3 small",
                            ("weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5", 4_334_752,
                             "d3e8ec802a04aa4fc771ee12a9a9b836"),
                            (939_120, 157, 0.05, 734), channels=576),
    _mobilenet_v3_large.row("MobileNetV3Large", "MobileNetV3 large",
                            ("weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5", 12_683_000,
                             "07fb09a5933dd0c8eaafa16978110389"),
                            (2_996_352, 187, 0.21, 795), channels=960),
    _efficientnet.row("EfficientNetB0", "EfficientNet-B0",
                      ("efficientnetb0_notop.h5", 16_705_208, "50bc09e76180e00e4465e1a485ddc09d"),
                      (4_049_571, 237, 0.38, 916)),
    _efficientnet.row("EfficientNetB1", "EfficientNet-B1",
                      ("efficientnetb1_notop.h5", 27_018_416, "74c4e6b3e1f6a1eea24c589628592432"),
                      (6_575_239, 339, 0.57, 901), native_size=240),
    _efficientnet.row("EfficientNetB2", "EfficientNet-B2",
                      ("efficientnetb2_notop.h5", 31_790_344, "111f8e2ac8aa800a7a99e3239f7bfb39"),
                      (7_768_569, 339, 0.66, 955), native_size=260, channels=1408),
    _efficientnet.row("EfficientNetB3", "EfficientNet-B3",
                      ("efficientnetb3_notop.h5", 43_941_136, "af6d107764bb5b1abb91932881670226"),
                      (10_783_535, 384, 0.96, 1063), native_size=300, channels=1536),
    _efficientnet.row("EfficientNetB4", "EfficientNet-B4",
                      ("efficientnetb4_notop.h5", 71_686_520, "ebc24e6d6c33eaebbd558eafbeedf1ba"),
                      (17_673_823, 474, 1.5, 1104), native_size=380, channels=1792),
    _efficientnet_v2.row("EfficientNetV2B0", "EfficientNetV2-B0",
                         ("efficientnetv2-b0_notop.h5", 24_274_472, "893217f2bb855e2983157299931e43ff"),
                         (5_919_312, 270, 0.72, 813)),
    _efficientnet_v2.row("EfficientNetV2B1", "EfficientNetV2-B1",
                         ("efficientnetv2-b1_notop.h5", 28_456_008, "0e80663031ca32d657f9caa404b6ec37"),
                         (6_931_124, 334, 1.01, 900), native_size=240),
    _efficientnet_v2.row("EfficientNetV2B2", "EfficientNetV2-B2",
                         ("efficientnetv2-b2_notop.h5", 35_839_040, "1dfe2e7a5d45b6632553a8961ea609eb"),
                         (8_769_374, 349, 1.17, 849), native_size=260, channels=1408),
    _efficientnet_v2.row("EfficientNetV2B3", "EfficientNetV2-B3",
                         ("efficientnetv2-b3_notop.h5", 52_606_240, "f6abf7b5849ac99a89b50dd3fd532856"),
                         (12_930_622, 409, 1.61, 916), native_size=300, channels=1536),
    _efficientnet_v2.row("EfficientNetV2S", "EfficientNetV2-S",
                         ("efficientnetv2-s_notop.h5", 82_420_632, "af0682fb74e8c54910f2d4393339c070"),
                         (20_331_360, 513, 2.85, 1010), native_size=384),
    _densenet.row("DenseNet121", "DenseNet-121",
                  (f"densenet121{_TF}_notop.h5", 29_084_464, "30ee3e1110167f948a6b9946edeeb738"),
                  (7_037_504, 427, 2.83, 924), channels=1024),
    _densenet.row("DenseNet169", "DenseNet-169",
                  (f"densenet169{_TF}_notop.h5", 51_877_672, "b8c4d4c20dd625c148057b9ff1c1176b"),
                  (12_642_880, 595, 3.36, 1066), channels=1664),
    _densenet.row("DenseNet201", "DenseNet-201",
                  (f"densenet201{_TF}_notop.h5", 74_836_368, "c13680b51ded0fb44dff2d8f86ac8bb1"),
                  (18_321_984, 707, 4.29, 1114), channels=1920),
    _inception_v3.row("InceptionV3", "InceptionV3",
                      (f"inception_v3{_TF}_notop.h5", 87_910_968, "bcbd6486424b2319ff4ef7d526e38f63"),
                      (21_802_784, 311, 2.84, 879), native_size=299, min_size=75, channels=2048,
                      unpadded=True),
    _inception_resnet.row("InceptionResNetV2", "Inception-ResNet-V2",
                          (f"inception_resnet_v2{_TF}_notop.h5", 219_055_592, "d19885ff4a710c122648d3b5c3b684e4"),
                          (54_336_736, 780, 6.47, 1092), native_size=299, min_size=75, channels=1536,
                          unpadded=True),
    _xception.row("Xception", "Xception", (f"xception{_TF}_notop.h5", 83_683_744, "b0042744bf5b25fce3cb969f33bebb97"),
                  (20_861_480, 132, 4.55, 964), native_size=299, min_size=71, channels=2048),
    _nasnet.row("NASNetMobile", "NASNet mobile",
                ("nasnet_mobile_no_top.h5", 19_993_432, "1ed92395b5b598bdda52abe5c0dbfd63"),
                (4_269_716, 769, 0.56, 923), channels=1056,
                weights_url=f"{_KERAS}nasnet/NASNet-mobile-no-top.h5"),
    _convnext_tiny.row("ConvNeXtTiny", "ConvNeXt-Tiny",
                       ("convnext_tiny_notop.h5", 111_650_432,
                        "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"),
                       (27_820_128, 133, 4.27, 2107), channels=768),
    _convnext_small.row("ConvNeXtSmall", "ConvNeXt-Small",
                        ("convnext_small_notop.h5", 198_551_472,
                         "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab"),
                        (49_454_688, 259, 8.5, 1881), channels=768),
)  # fmt: skip
"""In the order in which they are offered."""
