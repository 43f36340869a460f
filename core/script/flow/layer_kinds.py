"""Kinds of layers of Keras by what they do, and the order of their positional arguments."""

CONVOLUTIONS = ("Conv2D", "Convolution2D", "SeparableConv2D", "SeparableConvolution2D", "DepthwiseConv2D",
                 "Conv2DTranspose", "LocallyConnected2D")  # fmt: skip


POOLS = ("MaxPooling2D", "MaxPool2D", "AveragePooling2D", "AvgPool2D", "ZeroPadding2D", "UpSampling2D", "Cropping2D")


GLOBAL_POOLS = ("GlobalAveragePooling2D", "GlobalMaxPooling2D", "GlobalAvgPool2D", "GlobalMaxPool2D")


RANDOM_LAYERS = ("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast",
                 "RandomBrightness", "RandomHeight", "RandomWidth", "RandAugment", "RandomShear", "RandomColorJitter",
                 "RandomErasing", "RandomHue", "RandomSaturation", "RandomSharpness", "RandomGrayscale",
                 "RandomGaussianBlur", "RandomPosterization", "RandomInvert", "MixUp", "CutMix", "AugMix",
                 "AutoContrast", "Equalization", "Solarization")  # fmt: skip
"""Layers that change images at random."""


MIXED_WITH_LABELS = "MixUp with labels"
"""Kind of a layer MixUp among what has changed images, where it was given their labels too."""


SAME = ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "InputLayer",
         "LayerNormalization", "ActivityRegularization")  # fmt: skip


NOISES = ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout")
"""Of these, layers that change images at random where they stand before the network."""


PHASED = ("Dropout", "BatchNormalization")
"""Layers that do something else in training than afterwards."""


SIZED = ("Resizing", "CenterCrop", "RandomCrop")


ACTIVATIONS = {"Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ELU": "elu"}


_MERGES = ("Concatenate", "Add", "Multiply", "Average", "Maximum", "Subtract", "Dot")


_OTHERS = ("Dense", "Flatten", "Reshape", "Activation", "Rescaling", "Lambda", "BatchNormalization", "Normalization",
           "Permute", "RepeatVector", "LSTM", "GRU", "Conv1D", "Embedding", "Bidirectional", "TimeDistributed",
           "Conv3D", "MultiHeadAttention", "SyncBatchNormalization")  # fmt: skip


KINDS = frozenset(
    (*CONVOLUTIONS, *POOLS, *GLOBAL_POOLS, *SAME, *RANDOM_LAYERS, *SIZED, *ACTIVATIONS, *_MERGES, *_OTHERS)
)


WEIGHTED = frozenset((*CONVOLUTIONS, "Dense", "Conv1D", "Conv3D", "LSTM", "GRU"))
"""Layers that learn from the values they get."""


ARGUMENT_NAMES: dict[str, tuple[str, ...]] = {
    "Dense": (
        *("units", "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer"),
        *("bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"),
    ),
    **dict.fromkeys(CONVOLUTIONS, ("filters", "kernel_size", "strides", "padding")),
    "Dropout": ("rate", "noise_shape", "seed"),
    "Activation": ("activation",),
    "Rescaling": ("scale", "offset"),
    "Resizing": ("height", "width"),
    "Reshape": ("target_shape",),
    "Lambda": ("function",),
    **dict.fromkeys(("ReLU",), ("max_value", "negative_slope", "threshold")),
    **dict.fromkeys(("LeakyReLU", "ELU"), ("alpha",)),
    **dict.fromkeys(POOLS[:4], ("pool_size", "strides", "padding")),
    "RandomFlip": ("mode",),
    "MixUp": ("alpha",),
    "RandomContrast": ("factor",),
    "RandomRotation": ("factor", "fill_mode"),
    "RandomBrightness": ("factor", "value_range"),
    **dict.fromkeys(("RandomZoom", "RandomTranslation"), ("height_factor", "width_factor", "fill_mode")),
    **dict.fromkeys(("CenterCrop", "RandomCrop"), ("height", "width")),
    "BatchNormalization": ("axis", "momentum", "epsilon", "center", "scale"),
}
