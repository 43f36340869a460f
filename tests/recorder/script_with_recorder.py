# ruff: noqa: F821
"""A plain Keras script, as somebody may have it; `RECORD` and `FOLDER` are given by the test that runs it."""

from typing import Any

import keras
from keras import layers
from keras.src.legacy.preprocessing.image import ImageDataGenerator

RECORD: Any
FOLDER: str
SHUFFLE: bool

keras.utils.set_random_seed(3)
generator = ImageDataGenerator(rescale=1 / 255.0)
options = {"target_size": (32, 32), "batch_size": 8, "class_mode": "binary"}
train = generator.flow_from_directory(f"{FOLDER}/train", shuffle=SHUFFLE, **options)
val = generator.flow_from_directory(f"{FOLDER}/val", shuffle=False, **options)

image = keras.Input((32, 32, 3))
x = layers.Conv2D(8, 3, strides=2, activation="relu")(image)
x = layers.BatchNormalization()(x)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.3)(x)
model = keras.Model(image, layers.Dense(1, activation="sigmoid")(x))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])

callbacks = []
if RECORD:
    train, val = RECORD.data(train), RECORD.data(val, part="val")
    callbacks.append(RECORD.callback())
history = model.fit(train, validation_data=val, epochs=2, verbose=0, callbacks=callbacks).history
weights = model.get_weights()
