"""What an imported model may name: layers, initializers, operations and activations that compute, no others."""

RANDOM = (  # active in training alone: asked for an answer, each hands its input on (RandomCrop crops the middle)
    *("AlphaDropout", "AugMix", "CutMix", "Dropout", "GaussianDropout", "GaussianNoise", "MixUp", "RandAugment"),
    *("RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast", "RandomCrop"),
    *("RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHue"),
    *("RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation"),
    *("RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "SpatialDropout2D"),
)
LAYERS = (
    *("Activation", "Add", "AutoContrast", "Average", "AveragePooling2D", "BatchNormalization", "CenterCrop"),
    *("Concatenate", "Conv2D", "Conv2DTranspose", "Cropping2D", "Dense", "DepthwiseConv2D", "ELU", "Equalization"),
    *("Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "GroupNormalization", "Identity", "InputLayer"),
    *("LayerNormalization", "LeakyReLU", "MaxPooling2D", "Maximum", "Minimum", "Multiply", "Normalization", "PReLU"),
    *("Permute", "ReLU", "Rescaling", "Reshape", "Resizing", "SeparableConv2D", "Softmax", "Solarization"),
    *("Subtract", "UnitNormalization", "UpSampling2D", "ZeroPadding2D", *RANDOM),
)
INITIALIZERS = (
    *("Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Ones"),
    *("Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros"),
)
REGULARIZERS, CONSTRAINTS = ("L1", "L2", "L1L2"), ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")
# Operations that stand in a graph by themselves: what `preprocess_input` and scaling by hand are made of, no others.
_NUMPY = (
    *("Absolute", "Add", "Concatenate", "Divide", "ExpandDims", "Flip", "GetItem", "Max", "Maximum", "Mean", "Min"),
    *("Minimum", "Multiply", "Negative", "Power", "Reshape", "Sqrt", "Square", "Squeeze", "Stack", "Subtract", "Sum"),
    *("Transpose", "TrueDivide"),
)
ARITHMETIC = (*_NUMPY, "Cast")
"""Names of the operations that may stand in a graph."""

ALLOWED = frozenset(
    {("keras.layers", name) for name in LAYERS}
    | {("keras.initializers", name) for name in INITIALIZERS}
    | {("keras.regularizers", name) for name in REGULARIZERS}
    | {("keras.constraints", name) for name in CONSTRAINTS}
    | {("keras.src.ops.numpy", name) for name in _NUMPY}
    | {
        ("keras", "DTypePolicy"), ("keras", "Sequential"), ("keras.src.models.sequential", "Sequential"),
        ("keras.src.models.functional", "Functional"), ("keras.src.applications.convnext", "LayerScale"),
        ("keras.src.ops.core", "Cast"), ("keras.src.applications.inception_resnet_v2", "CustomScaleLayer"),
    }
)  # fmt: skip
"""(module, class) of everything that a file may name; whatever is not here is refused."""

ACTIVATIONS = frozenset((
    "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "leaky_relu", "linear", "log_softmax",
    "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh",
))  # fmt: skip
