"""What an old model may name beside layers: functions of TensorFlow in its graph, old names of layers; and how to help.

`core.engine.legacy` makes Keras 3 of each; `core.models.legacy` refuses a file with any other before it is built.
"""

from core.errors import ModelError

TF_FUNCTIONS = frozenset((
    "__operators__.add", "__operators__.getitem", "__operators__.truediv", "cast", "clip_by_value", "concat",
    "expand_dims", "identity", "image.resize", "math.abs", "math.add", "math.divide", "math.maximum", "math.minimum",
    "math.multiply", "math.negative", "math.pow", "math.reduce_max", "math.reduce_mean", "math.reduce_min",
    "math.reduce_sum", "math.scalar_mul", "math.sigmoid", "math.sqrt", "math.square", "math.subtract", "math.tanh",
    "math.truediv", "nn.bias_add", "nn.elu", "nn.gelu", "nn.leaky_relu", "nn.relu", "nn.relu6", "nn.selu",
    "nn.sigmoid", "nn.silu", "nn.softmax", "nn.softplus", "nn.swish", "nn.tanh", "reshape", "reverse", "squeeze",
    "stack", "tanh", "transpose",
))  # fmt: skip
"""Functions that may stand in a graph as `TFOpLambda` or `SlicingOpLambda` (Keras 2.4 to 2.15)."""

TF_OPS = frozenset((
    "Abs", "Add", "AddV2", "BiasAdd", "Cast", "ConcatV2", "Div", "Elu", "ExpandDims", "Identity", "Max", "Maximum",
    "Mean", "Min", "Minimum", "Mul", "Neg", "Pow", "RealDiv", "Relu", "Relu6", "Reshape", "Selu", "Sigmoid", "Softmax",
    "Softplus", "Sqrt", "Square", "Squeeze", "StridedSlice", "Sub", "Sum", "Tanh", "Transpose",
))  # fmt: skip
"""Operations that may stand in a graph as `TensorFlowOpLayer` (TensorFlow 2.0 to 2.3)."""

TF_LAYERS = ("SlicingOpLambda", "TFOpLambda", "TensorFlowOpLayer")
"""Layers of old versions that hold one of them."""

OLD_LAYERS = {
    "ActivityRegularization": "", "RandomHeight": "", "RandomWidth": "", "ThresholdedReLU": "ReLU",
    "BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
}  # fmt: skip
"""Layers that Keras 3 has not, by its own name for them; empty where they do nothing to an answer."""

AGAIN = 'open it with the Keras that has made it and save it again by model.save("model.keras")'
"""How to save a model again that cannot be read unchanged."""


def save_again(why: str) -> ModelError:
    """The refusal of a model that another form of the same would pass."""
    return ModelError(f"{why}; {AGAIN}")


def why_not(name: str) -> str:
    """Why a class is not allowed, and what to do; for the end of a sentence.

    Args:
        name: Its name as the file has it.
    """
    if name == "Lambda":
        return (
            "it runs Python code that the file brings; put a layer of Keras in its place (Rescaling for the scale of "
            'pixels) or leave it out and give the scale at the import, and save the model again by model.save("model'
            '.keras")'
        )
    if name in TF_LAYERS:
        return AGAIN
    return (
        "only layers of Keras itself are, as the code of others is not in the file; build the model with layers of "
        'Keras, give it the weights and save it again by model.save("model.keras")'
    )
