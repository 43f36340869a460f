"""Whether a script trains a classifier of images with one label each: its output, loss, and the way it trains."""

from core.config import make_config
from core.script.flow.made import Layer, Made
from core.script.flow.networks import Compile, Fit, Model
from core.script.flow.objects import Array, Batches, Class, Function, Items, Out
from core.script.settings.collected import WHOLE, Collected
from core.script.settings.given import argument
from core.script.settings.head import output_of
from core.script.settings.smoothing import fill_smoothing
from core.script.settings.story import Story
from core.script.value_rules.views import Loss, loss_of

_LOSSES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
_REGRESSION = (
    "mse",
    "mae",
    "huber",
    "huber_loss",
    "log_cosh",
    "logcosh",
    "mean_squared_logarithmic_error",
    "mean_absolute_percentage_error",
    "poisson",
    "rmse",
)
_NEAR = ("focal", "hinge", "kl_divergence", "kld", "smooth")
_LOOPS = ("train_on_batch", "apply_gradients", "GradientTape")


def fill_task(story: Story, found: Collected) -> None:
    """Writes what no run can do about output and loss, the label smoothing and the focal loss."""
    _loops(story, found)
    _sounds(found)
    fit = story.last
    if fit is None:
        return
    if _several(story, found, fit):
        return
    out, loss = _output(story), loss_of(fit.compiled or story.compiled)
    _unlike(story, found, out)
    if loss is not None:
        _loss(story, found, fit, out, loss)
    elif fit.compiled is not None and fit.compiled.arguments.get("loss") is not None:
        _own_loss(found, fit)
    fill_smoothing(story, found, out)
    if loss is not None and loss.focal:
        _focal(found, fit.compiled or story.compiled, loss, out)


def _loops(story: Story, found: Collected) -> None:
    """A training loop of the script's own."""
    script = found.script
    calls = script.find(*_LOOPS)
    steps = [function for scope, function in script.functions.items() if scope[-1] in ("train_step", "compute_loss")]
    if steps and story.last is not None:
        found.beyond(
            WHOLE,
            f"{steps[0].node.name} is a custom training step; a run uses that of Keras",
            steps[0].node.lineno,
        )
    elif calls and (story.last is None or calls[-1].short == "train_on_batch"):
        found.beyond(WHOLE, f"{calls[0].short}: the script has a custom training loop; a run uses fit", calls[0].line)


_SOUNDS = ("stft", "decode_wav", "melspectrogram", "mfcc", "spectrogram", "amplitude_to_db", "power_to_db", "read_wav")


def _sounds(found: Collected) -> None:
    """Data that are no images."""
    calls = found.script.find(*_SOUNDS)
    if calls:
        found.beyond(WHOLE, f"{calls[0].short}: the data are audio; a run uses images", calls[0].line)


_LEARNERS = (
    *("LogisticRegression", "LogisticRegressionCV", "RidgeClassifier", "SGDClassifier", "Perceptron", "LinearSVC"),
    *("SVC", "KNeighborsClassifier", "NearestCentroid", "GaussianNB", "LinearDiscriminantAnalysis", "MLPClassifier"),
    *("DecisionTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier", "GradientBoostingClassifier"),
    *("HistGradientBoostingClassifier", "AdaBoostClassifier", "XGBClassifier", "LGBMClassifier", "CatBoostClassifier"),
)
"""Classifiers of other libraries, which learn on the features of a network."""


def fill_other_learner(story: Story, found: Collected) -> None:
    """Features of a network that a classifier of another library learns on: the nearest run has a Dense layer there.

    After all others: what they ask of a training that the script does not have needs no answer then.
    """
    calls = found.script.find(*_LEARNERS)
    if not calls or story.asked is None or story.last is not None:
        return
    line, short = calls[-1].line, calls[-1].short
    told = f"{short} is trained on the features; a run trains Keras layers on them"
    found.beyond(WHOLE, told, line, nearest="one Dense layer on the same features, a logistic regression")
    defaults = {**make_config("sample", {}).settings(), "model.dense_units": 0, "model.dropout": 0.0}
    found.open = [one for one in found.open if one["key"] not in _OF_A_FIT]
    for key in _OF_A_FIT:
        if key not in found.settings:
            found.leave_out(key, defaults[key], f"{short} has none; this is Parity's default", line)


_OF_A_FIT = (
    *("data.shuffle", "model.pooling", "model.dense_units", "model.dropout"),
    *("training.optimizer", "training.learning_rate", "training.epochs"),
)


def _several(story: Story, found: Collected, fit: Fit) -> bool:
    """A model with several inputs or outputs."""
    model = fit.model
    named = {name: argument(found.script, model, name) for name in ("inputs", "outputs")}
    for name, given in named.items():
        if isinstance(given.value, Items) and len(given.value.values) > 1:
            found.beyond(
                WHOLE,
                f"the model has {len(given.value.values)} {name}; a run has images as input and one class as output",
                given.line,
            )
            return True
    return False


def _output(story: Story) -> Out | None:
    view = story.course.of_fit(story.last) if story.last is not None else None
    return view.out if view is not None else None


def _unlike(story: Story, found: Collected, out: Out | None) -> None:
    """Networks that are no backbone with a head."""
    base, layers = story.base, story.head if story.base is not None or story.asked is not None else []
    passed = story.course.of_fit(story.last).passed if story.last is not None else ()
    learning = [by for by, _ in passed if isinstance(by, Layer) and by.kind in _WEIGHTED]
    own = next((one for one in learning if one.kind not in ("Dense",)), None)
    if base is None and story.mode != "bottleneck" and own is not None:
        found.beyond(WHOLE, f"the network is the script's own ({own.kind}); a run has a pretrained backbone", own.line)
        return
    if base is not None and out is not None and (out.rank or 2) > 2 and output_of(layers) is None:
        found.beyond(
            WHOLE,
            "the output is a map with one value per pixel, as in segmentation; a run gives one class per image",
            out.line,
        )
        return
    decoder = found.script.find("Conv2DTranspose", "UpSampling2D")
    if base is not None and output_of(layers) is None and decoder:
        found.beyond(
            WHOLE,
            f"{decoder[0].short}: the output is a map with one value per pixel, as in segmentation; a run gives "
            "one class an image",
            decoder[0].line,
        )
        return
    if base is not None and own is not None and own.line and own in layers:
        found.beyond("model.head", f"a head has no {own.kind}", own.line, nearest=None)
    merged = next((by for by, _ in passed if isinstance(by, Layer) and by.kind in _MERGES), None)
    if merged is not None:
        found.beyond("model.head", f"{merged.kind}: a head is a list of layers without branches", merged.line)


_WEIGHTED = (
    "Conv2D",
    "SeparableConv2D",
    "DepthwiseConv2D",
    "Conv2DTranspose",
    "Convolution2D",
    "LSTM",
    "GRU",
    "Conv1D",
    "Conv3D",
    "MultiHeadAttention",
    "Embedding",
)
_MERGES = (
    "Concatenate",
    "Add",
    "Multiply",
    "Average",
    "Maximum",
    "Subtract",
    "Dot",
    "concatenate",
    "add",
    "multiply",
    "concat",
)


def _loss(story: Story, found: Collected, fit: Fit, out: Out | None, loss: Loss) -> None:
    name, line = loss.name.lower(), loss.line
    units = out.units if out is not None else None
    columns = argument(found.script, fit.x.origin, "y_col") if isinstance(fit.x, Batches) else None
    if columns is not None and (isinstance(columns.value, Items) or _is_raw(found, fit)):
        found.beyond(
            WHOLE,
            f"the labels are the columns {columns.text} of a table, several for an image; in a run it has one class",
            columns.line,
        )
        return
    activation = out.activation if out is not None else ""
    if any(part in name for part in ("dice", "jaccard", "iou")):
        found.beyond(WHOLE, f"the loss {loss.name} is that of a segmentation; a run gives one class per image", line)
    elif name in _REGRESSION and (units == 1 and activation not in ("sigmoid",)):
        found.beyond(WHOLE, f"the loss {loss.name} of one unit is a regression; a run gives classes", line)
    elif name in _REGRESSION or any(part in name for part in _NEAR):
        found.beyond(WHOLE, f"a run has no loss {loss.name}, but cross-entropy", line, nearest="cross-entropy")
    elif name not in _LOSSES:
        found.beyond(WHOLE, f"the loss {loss.name} is not supported", line)
    elif name == "binary_crossentropy" and isinstance(units, int) and units > 1:
        _many_labels(story, found, fit, units, line)
    elif activation == "sigmoid" and isinstance(units, int) and units > 2:
        where = out.activation_line if out is not None else line
        found.beyond(WHOLE, f"{units} sigmoid outputs; a run has a softmax over the classes", where, nearest="softmax")


def _is_raw(found: Collected, fit: Fit) -> bool:
    """Whether the labels of a data frame are taken as they are."""
    mode = argument(found.script, fit.x.origin if isinstance(fit.x, Batches) else None, "class_mode")
    return mode.known in ("raw", "multi_output", "other")


def _many_labels(story: Story, found: Collected, fit: Fit, units: int, line: int) -> None:
    """Several sigmoid units: of images in one folder a class each has one label all the same."""
    y = fit.x.y if isinstance(fit.x, Batches) else fit.y
    one_each = (
        isinstance(fit.x, Batches)
        and bool(fit.x.folder)
        and isinstance(y, Array)
        and y.encoding in ("one-hot", "integers")
        and fit.x.origin is not None
        and "categorical" in (y.said[1], "")[0]
    )
    if units == 2 and isinstance(y, Array) and y.encoding == "one-hot":
        found.note(line, "two outputs with binary_crossentropy: a run has one sigmoid output for two classes")
        return
    why = f"{units} outputs with binary_crossentropy: an image may have several labels; in a run it has one class"
    found.beyond(WHOLE, why, line, nearest="one class" if one_each else None)


def _own_loss(found: Collected, fit: Fit) -> None:
    given = argument(found.script, fit.compiled, "loss")
    if isinstance(given.value, (Function, Class, Made, Model)):
        found.beyond(
            WHOLE,
            f"the loss {given.text} is the script's own; a run has cross-entropy",
            given.line,
            nearest="cross-entropy",
        )
    else:
        found.ask("loss", found.why_unknown(given, "a loss"), given.line)


def _focal(found: Collected, compiled: Compile | None, loss: Loss, out: Out | None) -> None:
    """Gamma and alpha of a focal loss of Keras; where the loss is named in words, Keras' defaults."""
    value = compiled.arguments.get("loss") if compiled is not None else None
    made = value if isinstance(value, Made) else None
    gamma, alpha, weighs = (argument(found.script, made, name) for name in ("gamma", "alpha", "apply_class_balancing"))
    found.take("training.focal_gamma", gamma, 2.0, "the focal loss has Keras' own gamma")
    if loss.name == "binary_crossentropy" and weighs.known is not True:
        found.leave_out("training.focal_alpha", 0.0, "the focal loss has no apply_class_balancing", loss.line)
    elif loss.name == "categorical_crossentropy" and out is not None and out.units == 2:
        found.note(loss.line, "alpha is a factor of the whole loss; a run of two classes has none")
    else:
        found.take("training.focal_alpha", alpha, 0.25, "the focal loss has Keras' own alpha")
