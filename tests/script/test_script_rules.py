"""Every finding on a script: one that has the fault, on the right line, and one that has not."""

from pathlib import Path
from typing import Any

import pytest

from core.checks.finding import SEVERITIES
from core.script.importing import import_script
from core.script.rules import RULES

SCRIPTS = Path(__file__).parent / "scripts"
HEALTHY = (SCRIPTS / "healthy.txt").read_text()
BOTTLENECK = (SCRIPTS / "question_bottleneck.txt").read_text()
END_TO_END = (SCRIPTS / "question_end_to_end.txt").read_text()
SECOND_FIT = "model.fit(train, epochs=5)\n"


def found(script: str, id: str, version: str | None = None) -> list[dict[str, Any]]:
    return [one for one in import_script(script, keras_version=version)["findings"] if one["id"] == id]


def line_of(script: str, text: str) -> int:
    return script[: script.index(text)].count("\n") + 1


def changed(script: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in script
        script = script.replace(old, new)
    return script


def test_healthy_script_has_no_finding_and_the_recommended_settings() -> None:
    record = import_script(HEALTHY)
    assert record["findings"] == []
    assert (record["open"], record["unread"], record["mode"], record["dataset"]) == ([], [], "end_to_end", "xrays")
    read = {key: one["value"] for key, one in record["settings"].items()}
    assert read == {
        "data.image_size": 150, "data.batch_size": 20, "data.preprocessing": "backbone", "data.seed": 3,
        "model.backbone": "VGG16", "model.weights": "imagenet", "model.pooling": "average", "model.dense_units": 0,
        "model.dropout": 0.2, "training.mode": "end_to_end", "training.unfreeze_from": "",
        "training.optimizer": "adam", "training.learning_rate": 1e-3, "training.epochs": 20,
        "training.early_stopping": 5,
    }  # fmt: skip


def test_question_bottleneck_script_is_told_what_is_wrong_with_it() -> None:
    ids = {one["id"] for one in import_script(BOTTLENECK)["findings"]}
    assert ids == {
        *("bottleneck-one-draw", "augment-on-val", "feature-label-misaligned", "removed-arguments", "idg-legacy"),
        *("partial-batch-dropped", "size-wh-swapped", "wrong-preprocess-for-backbone"),
    }


def test_question_end_to_end_script_is_told_what_is_wrong_with_it() -> None:
    ids = {one["id"] for one in import_script(END_TO_END)["findings"]}
    assert ids == {
        *("class-ordered-batches", "steps-per-epoch-floor", "validation-steps-floor", "freeze-index", "idg-legacy"),
        *("removed-arguments", "monitor-name-mismatch", "checkpoint-extension", "last-vs-best-weights"),
        "wrong-preprocess-for-backbone",
    }
    assert "base-not-frozen" not in ids


@pytest.mark.parametrize(
    ("version", "id", "severity"),
    [
        (None, "class-ordered-batches", "warning"),
        ("2.0.8", "class-ordered-batches", "error"),
        ("2.2.2", "single-class-batches", "warning"),
        ("3.15.1", "single-class-batches", "warning"),
    ],
)
def test_unshuffled_generator_is_told_for_each_version(version: str | None, id: str, severity: str) -> None:
    (one,) = found(END_TO_END, id, version)
    assert one["severity"] == severity
    assert one["evidence"]["line"] == line_of(END_TO_END, "shuffle=False)\n\nvalidation")
    assert [row["order"] for row in one["evidence"]["versions"]] == ["none", "batches", "batches", "batches"]


def test_order_is_certain_where_fit_does_not_shuffle_either() -> None:
    strict = changed(END_TO_END, ("    epochs=epochs,", "    epochs=epochs, shuffle=False,"))
    assert found(strict, "class-ordered-batches", "3.0.0")[0]["severity"] == "error"
    assert import_script(strict)["order"] == {"keras <= 2.0.8": "none", "later": "none"}
    alone = changed(END_TO_END, ("    epochs=epochs,", "    epochs=epochs, workers=0,"))
    assert import_script(alone)["order"]["keras 2.0.9 to 2.3.1"] == "none"


def test_counts_that_do_not_divide_are_warned_of_with_the_number_lost() -> None:
    (one, _) = found(changed(BOTTLENECK, ("samples = 2000", "samples = 2010")), "partial-batch-dropped")
    assert (one["severity"], one["evidence"]["left_over"], one["evidence"]["pictures"]) == ("warning", 10, 2010)
    assert "2,010 images, 10 left over" in one["claim"]
    exact, _ = found(BOTTLENECK, "partial-batch-dropped")
    assert (exact["severity"], exact["evidence"]["left_over"]) == ("info", 0)


def test_labels_and_features_of_different_number_are_an_error() -> None:
    script = changed(BOTTLENECK, ("samples = 2000", "samples = 2010"), ("[1] * 1000", "[1] * 1010"))
    (one,) = found(script, "feature-label-misaligned")
    assert one["severity"] == "error"
    assert one["claim"].startswith("2,010 labels are written by hand for 2,000 rows of features")


FAULTS = [
    # id, script, changes, a text on the line
    ("shuffle-batch-mode", BOTTLENECK, [("epochs=epochs,", "epochs=epochs, shuffle='batch',")], "shuffle='batch'"),
    ("class-ordered-batches", BOTTLENECK, [("epochs=epochs,", "epochs=epochs, shuffle=False,")], "epochs=epochs, sh"),
    ("feature-label-misaligned", BOTTLENECK, [("shuffle=False", "shuffle=True")], "shuffle=True"),
    ("feature-label-misaligned", BOTTLENECK, [(",\n        shuffle=False", "")], "generator = datagen.flow"),
    ("steps-zero", BOTTLENECK, [("validation_samples = 800", "validation_samples = 16")], "nb_validation_samples //"),
    (
        "split-after-sort",
        BOTTLENECK,
        [("epochs=epochs,", "epochs=epochs, validation_split=.2,")],
        "validation_split=.2",
    ),
    (
        "steps-per-epoch-wrong-unit",
        END_TO_END,
        [("nb_train_samples // batch_size", "nb_train_samples")],
        "steps_per_ep",
    ),
    ("shuffle-arg-ignored", END_TO_END, [("    epochs=epochs,", "    epochs=epochs, shuffle=True,")], "shuffle=True"),
    ("base-not-frozen", END_TO_END, [("trainable = False", "trainable = True"), ("layers[:19]", "layers[:0]")], ""),
    ("unfreeze-high-lr", END_TO_END, [("[:19]", "[:15]")], "layer.trainable = False"),
    ("finetune-from-random-head", END_TO_END, [("[:19]", "[:15]")], "model.fit_generator"),
    ("freeze-hits-head", END_TO_END, [("[:19]", "[:25]")], "layer.trainable = False"),
    ("train-val-preprocess-mismatch", END_TO_END, [("r(rescale=1. / 255)", "r()")], "test_datagen = "),
    ("augment-on-val", END_TO_END, [("r(rescale=1. / 255)", "r(rescale=1. / 255, zoom_range=.2)")], "validation_gen"),
    ("double-rescale", END_TO_END, [("VGG16", "EfficientNetB0")], "rescale=1. / 255,"),
    (
        "idg-preprocess-then-rescale",
        END_TO_END,
        [("shear_range=0.2", "preprocessing_function=preprocess_input")],
        "resc",
    ),
    ("featurewise-not-fitted", END_TO_END, [("shear_range=0.2", "featurewise_center=True")], "featurewise"),
    ("size-wh-swapped", END_TO_END, [("(img_height, img_width)", "(img_width, img_height)")], "target_size"),
    ("idg-split-first-fraction", END_TO_END, [("shear_range=0.2", "validation_split=.2")], "validation_split"),
    ("softmax-one-unit", END_TO_END, [("sigmoid", "softmax")], "softmax"),
    ("single-unit-categorical-loss", END_TO_END, [("binary_cross", "categorical_cross")], "loss="),
    ("from-logits-mismatch", END_TO_END, [(", activation='sigmoid'", "")], "Dense(1)"),
    (
        "class-mode-loss-mismatch",
        END_TO_END,
        [("'binary',\n    shuffle", "'categorical',\n    shuffle")],
        "'categorical'",
    ),
    ("class-mode-loss-mismatch", END_TO_END, [("    class_mode='binary',\n", "")], "train_generator = "),
    ("binary-mode-multiclass", END_TO_END, [("Dense(1,", "Dense(4,")], "class_mode"),
    ("metric-resolves-wrong", END_TO_END, [("['accuracy']", "['categorical_accuracy']")], "metrics="),
    (
        "metric-resolves-wrong",
        END_TO_END,
        [("Dense(1,", "Dense(4,"), ("['accuracy']", "['binary_accuracy']")],
        "metrics",
    ),
    ("weights-not-loaded", END_TO_END, [("weights='imagenet'", "weights=None")], "weights=None"),
    ("bn-train-mode-in-frozen-base", END_TO_END, [("VGG16", "ResNet50"), ("[:19]", "[:175]")], "layer.trainable"),
    ("dropout-in-frozen-base", END_TO_END, [("VGG16", "EfficientNetB0"), ("[:19]", "[:237]")], "base_model = "),
    ("early-stopping-restore", END_TO_END, [("callbacks=[", "callbacks=[EarlyStopping(patience=3), ")], "callbacks=["),
    ("monitor-name-mismatch", HEALTHY, [('"val_loss"', '"val_acc"')], "val_acc"),
    ("history-key-acc", HEALTHY, [("model.fit", "h = model.fit"), ("s=[stop])", "s=[stop]); h.history['acc']")], ""),
    ("compile-positional-metrics", HEALTHY, [("optimizer=keras", "keras"), ("loss=", ""), ("metrics=", "")], "compile"),
    (
        "from-logits-mismatch",
        HEALTHY,
        [('loss="binary_crossentropy"', "loss=BinaryCrossentropy(from_logits=True)")],
        "",
    ),
    ("class-ordered-batches", HEALTHY, [("seed=3", "seed=3, shuffle=False")], "shuffle=False)\nval"),
    ("base-not-frozen", HEALTHY, [("base.trainable = False\n", "")], "base = VGG16"),
    ("trainable-after-compile", HEALTHY, [("stop = ", "base.trainable = True\nstop = ")], "base.trainable = True"),
    ("keras3-training-false-ignored", HEALTHY, [("VGG16(", "ResNet50("), ("able = False", "able = True")], "x = base("),
    (
        "double-rescale",
        HEALTHY,
        [("VGG16(", "EfficientNetB0("), ("preprocess_input(i", "Rescaling(1/255)(i")],
        "x = Resc",
    ),
    ("cache-after-random", HEALTHY, [("base = ", "train = train.map(augment).cache()\nbase = ")], "train = train.map"),
]


@pytest.mark.parametrize(
    ("id", "script", "changes", "text"), FAULTS, ids=lambda value: value if value in ("",) else None
)
def test_fault_is_found_on_its_line_and_is_not_there_before(
    id: str, script: str, changes: list[tuple[str, str]], text: str
) -> None:
    before = {(one["id"], one["evidence"]["line"]) for one in found(script, id)}
    script = changed(script, *changes)
    new = [one for one in found(script, id) if (one["id"], one["evidence"]["line"]) not in before or not text]
    assert new
    assert not text or line_of(script, text) in [one["evidence"]["line"] for one in found(script, id)]


def test_small_shuffle_buffer_is_named_with_its_size() -> None:
    script = changed(HEALTHY, ("seed=3", "shuffle=False"), ("base = ", "train = train.shuffle(100)\nbase = "))
    (one,) = found(script, "small-shuffle-buffer")
    assert one["evidence"] == {"line": line_of(script, "train.shuffle(100)"), "buffer": 100}
    assert not found(changed(script, ("(100)", "(5000)")), "small-shuffle-buffer")


def test_sequential_with_the_backbone_as_one_layer_loses_its_head_to_the_index() -> None:
    script = (
        "base = VGG16(include_top=False)\nmodel = Sequential()\nmodel.add(base)\nmodel.add(Flatten())\n"
        "model.add(Dense(128))\nmodel.add(Dense(1, activation='sigmoid'))\n"
        "for layer in model.layers[:19]:\n    layer.trainable = False\n"
        "model.compile('adam', 'binary_crossentropy')\nmodel.fit(x, y, epochs=2)\n"
    )
    (one,) = found(script, "freeze-hits-head")
    assert (one["severity"], one["evidence"]["line"]) == ("error", 8)
    assert not found(script.replace("[:19]", "[:1]"), "freeze-hits-head")


def test_layers_in_front_shift_the_index() -> None:
    script = changed(
        END_TO_END,
        ("input_shape=(img_width, img_height, 3))", "input_tensor=x)"),
        ("base_model = ", "i = Input((150, 150, 3))\nx = RandomFlip()(i)\nx = Rescaling(1 / 255)(x)\nbase_model = "),
    )
    (one,) = found(script, "freeze-index-wrong")
    assert "2 layers before VGG16 shift its indices" in one["claim"]


def test_trainable_after_a_fit_needs_another_compile() -> None:
    script = HEALTHY + "base.trainable = True\n" + SECOND_FIT
    (one,) = found(script, "trainable-after-compile")
    assert (one["severity"], one["evidence"]["line"]) == ("error", line_of(script, "base.trainable = True"))
    again = "base.trainable = True\nmodel.compile(keras.optimizers.Adam(1e-5), 'binary_crossentropy')\n"
    assert import_script(HEALTHY + again + SECOND_FIT)["mode"] == "fine_tune"
    assert not found(HEALTHY + again + SECOND_FIT, "trainable-after-compile")


@pytest.mark.parametrize("rate", ["model.optimizer.lr = 1e-5", "model.optimizer.learning_rate.assign(1e-5)"])
def test_another_rate_is_no_second_compile(rate: str) -> None:
    script = HEALTHY + f"base.trainable = True\n{rate}\n" + SECOND_FIT
    (one,) = found(script, "trainable-after-compile")
    assert (one["severity"], one["evidence"]["line"]) == ("error", line_of(script, "base.trainable = True"))


def test_a_checkpoint_is_not_missed_where_early_stopping_restores_the_best_epoch() -> None:
    kept = changed(HEALTHY, ("callbacks=[stop]", "callbacks=[stop, ModelCheckpoint('b.keras', save_best_only=True)]"))
    assert not found(kept, "last-vs-best-weights")
    for given in ("restore_best_weights=False", "verbose=1"):
        (one,) = found(changed(kept, ("restore_best_weights=True", given)), "last-vs-best-weights")
        assert one["claim"].endswith("so after fit the model has the weights of the last epoch.")


@pytest.mark.parametrize(
    ("callback", "told"),
    [
        ("EarlyStopping", "Early stopping then never stops."),
        ("ModelCheckpoint", "With save_best_only, Keras 3 then saves every epoch, and Keras 2 none."),
        ("ReduceLROnPlateau", "The learning rate is then never reduced."),
    ],
)
def test_a_wrong_monitor_is_told_what_the_callback_then_does(callback: str, told: str) -> None:
    script = changed(HEALTHY, ("callbacks=[stop]", f"callbacks=[{callback}(monitor='val_acc')]"))
    (one,) = found(script, "monitor-name-mismatch")
    assert one["claim"].endswith(told)


def test_a_frozen_network_that_is_called_for_inference() -> None:
    """Batch normalisation then uses the stored statistics in every version; fit of Keras 3 turns Dropout on again."""
    frozen = changed(HEALTHY, ("VGG16(", "EfficientNetB0("))
    assert "training=False" in frozen
    assert not found(frozen, "bn-train-mode-in-frozen-base")
    (one,) = found(frozen, "dropout-in-frozen-base")
    assert one["claim"].endswith("in every step (in Keras 3, where fit overrides training=False).")
    assert not found(frozen, "dropout-in-frozen-base", "2.15")
    plain = changed(frozen, (", training=False", ""))
    assert found(plain, "bn-train-mode-in-frozen-base")
    assert found(plain, "dropout-in-frozen-base")[0]["claim"].endswith("so its features differ in every step.")


def test_one_optimizer_object_for_two_compiles() -> None:
    script = changed(HEALTHY, ("optimizer=keras.optimizers.Adam(learning_rate=1e-3)", "optimizer=opt"))
    script = (
        "opt = Adam(1e-5)\n"
        + script
        + "base.trainable = True\nmodel.compile(opt, 'binary_crossentropy')\n"
        + SECOND_FIT
    )
    (one,) = found(script, "optimizer-reused-after-unfreeze")
    assert (one["severity"], one["evidence"]["line"]) == ("error", line_of(script, "model.compile(opt, "))
    assert not found(script.replace("compile(opt,", "compile(Adam(1e-5),"), "optimizer-reused-after-unfreeze")


def test_predictions_of_a_shuffling_generator_against_its_classes() -> None:
    script = changed(END_TO_END, ("'binary',\n    shuffle=False)\n\ncheck", "'binary')\n\ncheck")) + (
        "p = model.predict_generator(validation_generator)\n"
        "print(confusion_matrix(validation_generator.classes, p > .5))\n"
    )
    (one,) = found(script, "shuffled-val-confusion")
    assert one["evidence"]["line"] == line_of(script, "p = model")
    assert not found(END_TO_END + script[script.index("p = model") :], "shuffled-val-confusion")


def test_file_written_twice() -> None:
    script = END_TO_END + "model.save_weights('top_model_weights_dir/weights.hdf5')\n"
    assert found(script, "checkpoint-path-shared")[0]["evidence"]["lines"][1] == line_of(script, "model.save_weights")


def test_subsets_drawn_with_different_seeds() -> None:
    one = 'd = image_dataset_from_directory("x", validation_split=.2, subset="training", seed=1)\n'
    other = 'e = image_dataset_from_directory("x", validation_split=.2, subset="validation", seed=2)\n'
    assert found(one + other, "split-seed-mismatch")[0]["evidence"]["line"] == 2
    assert not found(one + other.replace("seed=2", "seed=1"), "split-seed-mismatch")


@pytest.mark.parametrize(("version", "severity"), [(None, "warning"), ("3.0", "error")])
def test_arguments_gone_from_keras_3_are_listed_with_all_their_lines(version: str | None, severity: str) -> None:
    by_name = {one["evidence"]["name"]: one for one in found(BOTTLENECK, "removed-arguments", version)}
    assert by_name.keys() == {"lr", "predict_generator"}
    lines = [k for k, line in enumerate(BOTTLENECK.split("\n"), 1) if "predict_generator(" in line]
    assert by_name["predict_generator"]["evidence"]["lines"] == lines
    assert by_name["lr"]["severity"] == severity
    assert by_name["lr"]["remedy"] == "Write learning_rate instead."


def test_old_versions_are_not_told_of_what_newer_ones_refuse() -> None:
    ids = {one["id"] for one in import_script(END_TO_END, keras_version="2.2.2")["findings"]}
    assert ids.isdisjoint({"removed-arguments", "checkpoint-extension", "monitor-name-mismatch"})


def test_every_finding_is_whole() -> None:
    scripts = [BOTTLENECK, END_TO_END, *(changed(script, *changes) for _, script, changes, _ in FAULTS)]
    seen = [(script, one) for script in scripts for one in import_script(script)["findings"]]
    for script, one in seen:
        assert one["severity"] in SEVERITIES
        assert 1 <= one["evidence"]["line"] <= script.count("\n") + 1
        assert one["claim"].endswith(".")
        assert one["remedy"].endswith((".", '"', ")"))
    assert len({one["id"] for _, one in seen}) >= 30
    assert all(rule.__doc__ for rule in RULES)


@pytest.mark.parametrize(("name", "rate"), [("Adam", "0.001"), ("AdamW", "0.001"), ("RMSprop", "0.001")])
def test_a_rate_that_is_not_stated_is_that_of_keras_for_every_optimizer(name: str, rate: str) -> None:
    script = changed(HEALTHY, ("base.trainable = False\n", ""))
    start = script.index("optimizer=keras")
    script = script[:start] + f"optimizer=keras.optimizers.{name}()" + script[script.index(")", start) + 1 :]
    (finding,) = found(script, "base-not-frozen")
    assert f"the learning rate is {rate}. " in finding["claim"]


def test_what_is_a_low_rate_depends_on_the_optimizer() -> None:
    """SGD at 0.01 moves a pretrained backbone less than Adam at 1e-3; at a low rate no warning is due."""
    whole = changed(HEALTHY, ("base.trainable = False\n", ""))
    start = whole.index("optimizer=keras")
    rest = whole[whole.index(")", start) + 1 :]
    for made in ("SGD(0.01)", "Adam(1e-4)", "AdamW(keras.optimizers.schedules.CosineDecay(1e-4, 100))"):
        told = import_script(f"{whole[:start]}optimizer=keras.optimizers.{made}{rest}")["findings"]
        assert [one["id"] for one in told if one["severity"] != "info"] == [], made
    assert found(f"{whole[:start]}optimizer=keras.optimizers.SGD(0.1){rest}", "base-not-frozen")


def test_a_mean_that_no_generator_takes_off() -> None:
    text = (
        "from tensorflow.keras.preprocessing.image import ImageDataGenerator\nimport numpy as np\n"
        "g = ImageDataGenerator(rotation_range=10)\ng.mean = np.array([123.68, 116.779, 103.939])\n"
        'f = g.flow_from_directory("x", target_size=(224, 224))\n'
    )
    assert found(text, "mean-not-taken-off")[0]["evidence"]["line"] == 4
    centred = text.replace("rotation_range=10", "featurewise_center=True")
    assert not found(centred, "mean-not-taken-off")
    assert not found(centred, "featurewise-not-fitted"), "the mean is given"
    assert found(centred.replace("g.mean", "mean"), "featurewise-not-fitted")
