"""Callbacks: what they are given beyond the settings, and those that a script writes itself."""

from typing import Any

import pytest

from core.script.importing import import_script

SCRIPT = """import keras, tensorflow as tf
from keras import backend as K
train = keras.utils.image_dataset_from_directory("birds/train", image_size=(96, 96))
val = keras.utils.image_dataset_from_directory("birds/val", image_size=(96, 96))
base = keras.applications.MobileNetV2(include_top=False, pooling="avg", input_shape=(96, 96, 3))
base.trainable = False
model = keras.Sequential([keras.layers.Rescaling(1 / 127.5, -1), base, keras.layers.Dense(1, activation="sigmoid")])
opt = keras.optimizers.Adam(1e-3)
model.compile(opt, "binary_crossentropy", metrics=["accuracy"])
BEFORE
model.fit(train, validation_data=val, epochs=9, callbacks=[CALLBACK])
"""
STOPPING, SCHEDULE, PLATEAU = "training.early_stopping", "training.schedule", "training.reduce_on_plateau"


def read(callback: str, before: str = "") -> dict[str, Any]:
    return import_script(SCRIPT.replace("BEFORE", before).replace("CALLBACK", callback))


def opened(record: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: one.get("nearest", "asked") for one in record["open"] if one["blocks"]}


def notes(record: dict[str, Any]) -> list[str]:
    return [one["text"] for one in record["unread"]]


def own(method: str, *lines: str, base: str = "keras.callbacks.Callback") -> str:
    return f"class Own({base}):\n    def {method}:\n" + "".join(f"        {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("callback", "value"),
    [
        ("keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)", 4),
        ("keras.callbacks.EarlyStopping('val_loss', 0, 4, 1, 'min', None, True)", 4),
        ("keras.callbacks.EarlyStopping(patience=4, mode='auto', min_delta=0.0, verbose=2, baseline=None, "
         "restore_best_weights=True, start_from_epoch=0)", 4),
    ],
)  # fmt: skip
def test_early_stopping_as_a_run_has_it(callback: str, value: int) -> None:
    record = read(callback)
    assert record["settings"][STOPPING]["value"] == value
    assert (opened(record), notes(record)) == ({}, [])


@pytest.mark.parametrize(
    "callback", ["patience=0", "", "monitor='val_loss', min_delta=0, patience=0", "patience=3 - 3"]
)
def test_early_stopping_that_waits_for_no_epoch_is_not_off(callback: str) -> None:
    record = read(f"keras.callbacks.EarlyStopping({callback}, restore_best_weights=True)".replace("(, ", "("))
    assert STOPPING not in record["settings"]
    assert opened(record) == {STOPPING: 1}


@pytest.mark.parametrize(
    ("callback", "told"),
    [
        ("EarlyStopping(patience=4, min_delta=0.01, restore_best_weights=True)", ["min_delta=0.01 of EarlyStopping: "]),
        ("EarlyStopping('val_loss', 0.02, 4, 0, 'auto', None, True)", ["min_delta=0.02 of EarlyStopping: "]),
        ("EarlyStopping(patience=4, start_from_epoch=5, restore_best_weights=True)", ["start_from_epoch=5 of EarlyS"]),
        ("EarlyStopping(patience=4, mode='max', restore_best_weights=True)", ["mode='max' of EarlyStopping; in a run"]),
        ("EarlyStopping('val_auc', mode='max', patience=4, restore_best_weights=True)",
         ["EarlyStopping monitors 'val_auc'; Parity"]),
        ("ReduceLROnPlateau(factor=0.5, patience=2, min_lr=1e-5)", ["min_lr=1e-5 of ReduceLROnPlateau: a run halves"]),
        ("ReduceLROnPlateau('val_loss', 0.5, 2, 1, 'auto', 1e-4, 3)", ["cooldown=3 of ReduceLROnPlateau: there is no"]),
        ("ReduceLROnPlateau(factor=0.5, patience=2, min_delta=0.05)", ["min_delta=0.05 of ReduceLROnPlateau: there"]),
        ("ReduceLROnPlateau(factor=0.5, patience=2, epsilon=0.05)", ["epsilon=0.05 of ReduceLROnPlateau: there is"]),
        ("ReduceLROnPlateau(factor=0.5, patience=2, min_lr=0, cooldown=0, min_delta=1e-4, mode='min', verbose=1)", []),
        ("SwapEMAWeights(swap_on_epoch=True)", ["SwapEMAWeights: there is no setting for it"]),
        ("LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs['loss']))", []),
        ("ModelCheckpoint('best.keras', save_best_only=True, monitor='val_loss', save_freq='epoch')", []),
    ],
)  # fmt: skip
def test_what_a_callback_is_given_is_told(callback: str, told: list[str]) -> None:
    record = read(f"keras.callbacks.{callback}")
    assert opened(record) == {}
    assert len(notes(record)) == len(told)
    for one, begin in zip(notes(record), told, strict=True):
        assert one.startswith(begin)


def test_a_baseline_is_beyond_a_run() -> None:
    callback = "keras.callbacks.EarlyStopping(patience=4, baseline=0.4, restore_best_weights=True)"
    assert opened(read(callback)) == {STOPPING: 4}


@pytest.mark.parametrize(
    ("code", "want"),
    [
        (own("on_epoch_end(self, epoch, logs={})", "if logs.get('accuracy') > 0.95: self.model.stop_training = True"),
         {STOPPING: 0}),
        (own("on_train_batch_end(self, batch, logs=None)", "m = self.model", "m.stop_training = logs['loss'] < 0.1"),
         {STOPPING: 0}),
        (own("on_epoch_end(self, epoch, logs=None)", "setattr(self.model, 'stop_training', epoch == 4)"),
         {STOPPING: 0}),
        ("def done(net): net.stop_training = True\n" + own("on_epoch_end(self, epoch, logs=None)", "done(self.model)"),
         {STOPPING: 0}),
        ("class Base(keras.callbacks.Callback):\n    def on_epoch_end(self, e, logs=None):\n"
         "        self.model.stop_training = e > 3\nclass Own(Base): pass\n", {STOPPING: 0}),
        (own("on_epoch_begin(self, epoch, logs=None)", "self.model.optimizer.learning_rate = 1e-4"),
         {SCHEDULE: "none"}),
        (own("on_epoch_begin(self, epoch, logs=None)", "self.model.optimizer.lr *= 0.9"), {SCHEDULE: "none"}),
        (own("on_epoch_end(self, epoch, logs=None)", "K.set_value(self.model.optimizer.lr, 1e-3 / (epoch + 1))"),
         {SCHEDULE: "none"}),
        (own("on_train_batch_begin(self, b, logs=None)", "rate = self.model.optimizer.learning_rate",
             "rate.assign(rate * 0.99)"), {SCHEDULE: "none"}),
        (own("on_epoch_end(self, epoch, logs=None)", "opt.__setattr__('learning_rate', 1e-5)"), {SCHEDULE: "none"}),
        (own("on_epoch_end(self, epoch, logs=None)", "if logs['loss'] < 0.1: raise StopIteration"), {STOPPING: 0}),
        (own("on_epoch_end(self, epoch, logs=None)", "if epoch > 5: sys.exit(0)"), {STOPPING: 0}),
        (own("on_epoch_end(self, epoch, logs=None)", "self.set(1e-4)")
         + "    def set(self, rate): self.model.optimizer.lr = rate\n", {SCHEDULE: "none"}),
        (own("__init__(self)", "super().__init__(lambda e, lr: lr * 0.9)",
             base="keras.callbacks.LearningRateScheduler"), {SCHEDULE: "none"}),
        (own("__init__(self)", "super().__init__(patience=3)", base="tf.keras.callbacks.EarlyStopping"),
         {STOPPING: "asked"}),
        (own("__init__(self)", "super().__init__(factor=0.5)", base="keras.callbacks.ReduceLROnPlateau"),
         {PLATEAU: "asked"}),
    ],
)  # fmt: skip
def test_a_callback_of_the_script_that_changes_the_training(code: str, want: dict[str, Any]) -> None:
    assert opened(read("Own()", code)) == want
    assert opened(read("own", code + "own = Own()")) == want


@pytest.mark.parametrize(
    "callback",
    [
        "keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, l: setattr(opt, 'learning_rate', 1e-3 / (e + 1)))",
        "keras.callbacks.LambdaCallback(on_epoch_end=lambda e, l: K.set_value(model.optimizer.learning_rate, 1e-4))",
        "keras.callbacks.LambdaCallback(on_epoch_begin=lower)",
        "keras.callbacks.LambdaCallback(on_epoch_begin=functools.partial(lower))",
        "keras.callbacks.CallbackList([keras.callbacks.LambdaCallback(on_epoch_begin=lower)])",
    ],
)
def test_a_function_as_a_callback_that_sets_the_rate(callback: str) -> None:
    assert opened(read(callback, "def lower(epoch, logs): opt.learning_rate.assign(1e-4)")) == {SCHEDULE: "none"}


@pytest.mark.parametrize(
    "lines",
    [
        ("self.lr = float(self.model.optimizer.learning_rate)", "print(self.lr)"),
        ("self.losses.append(logs['loss'])",),
        ("self.best = max(self.best, logs['val_accuracy'])", "self.model.save('best.keras')"),
        ("K.get_value(self.model.optimizer.lr)",),
        ("if 'loss' not in logs: raise KeyError('loss')",),
        ("if np.isnan(logs['loss']): self.model.stop_training = True",),
    ],
)
def test_a_callback_that_only_looks_on_is_not_told(lines: tuple[str, ...]) -> None:
    record = read("Own()", own("on_epoch_end(self, epoch, logs=None)", *lines))
    assert (opened(record), notes(record)) == ({}, [])


def test_what_else_a_callback_sets_is_told() -> None:
    record = read("Own()", own("on_epoch_end(self, e, logs=None)", "self.model.optimizer.momentum = 0.5"))
    assert (opened(record), notes(record)) == (
        {},
        ["Own sets momentum during the training: there is no setting for it"],
    )
    record = read("Own()", own("on_train_end(self, logs=None)", "self.model.set_weights(self.best)"))
    assert notes(record) == ["Own sets the weights during the training: there is no setting for it"]
    record = read("Own()", own("on_epoch_end(self, e, logs=None)", "for a in self.model.layers: a.trainable = True"))
    assert notes(record) == ["Own sets trainable during the training: there is no setting for it"]
    record = read("Own()", own("on_epoch_end(self, e, logs=None)", "K.set_value(self.model.optimizer.momentum, 0.5)"))
    assert notes(record) == ["Own sets momentum during the training: there is no setting for it"]


def test_what_is_made_from_another_library_or_unknown_is_told() -> None:
    record = read("Own()", "import lib\nclass Own(lib.Slower): pass")
    assert (opened(record), notes(record)) == ({}, ["Own is made from Slower: there is no setting for it"])
    (told,) = notes(read("keras.callbacks.LambdaCallback(on_epoch_end=strange, on_train_end=print)"))
    assert told == "on_epoch_end=strange of LambdaCallback: what it does is known only when the script runs"


def test_arguments_that_only_running_tells_are_asked_for() -> None:
    assert opened(read("keras.callbacks.EarlyStopping(**options)")) == {STOPPING: "asked"}
    assert opened(read("keras.callbacks.ReduceLROnPlateau(**options)")) == {PLATEAU: "asked"}
    record = read("keras.callbacks.EarlyStopping(**options)", "options = dict(patience=3, restore_best_weights=True)")
    assert (opened(record), record["settings"][STOPPING]["value"]) == ({}, 3)


@pytest.mark.parametrize("callback", ["stop", "*callbacks_of(train)", "keras.callbacks.CSVLogger('a.csv'), made[0]"])
def test_callbacks_that_cannot_be_read_are_asked_for(callback: str) -> None:
    record = read(callback)
    (why,) = [one["why"] for one in record["open"] if one["key"] == STOPPING]
    assert why.endswith(" is known only when the script runs")
