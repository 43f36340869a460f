"""Pairs of scripts that should agree, written for these tests; each pair has one cause."""

BOTTLENECK = """\
import numpy as np
from keras import applications, optimizers
from keras.layers import Dense, Dropout, Flatten
from keras.models import Sequential
from keras.preprocessing.image import ImageDataGenerator

side, per_batch, rate = 48, 8, 0.001
reader = ImageDataGenerator(rescale=1.0 / 255)
base = applications.VGG16(weights=None, include_top=False, input_shape=(side, side, 3))

pictures = reader.flow_from_directory(
    "images/train", target_size=(side, side), batch_size=per_batch, class_mode=None, shuffle=False)
train_features = base.predict_generator(pictures, 5)
held_out = reader.flow_from_directory(
    "images/val", target_size=(side, side), batch_size=per_batch, class_mode=None, shuffle=False)
val_features = base.predict_generator(held_out, 2)
train_labels = np.array([0] * 20 + [1] * 20)
val_labels = np.array([0] * 8 + [1] * 8)

head = Sequential()
head.add(Flatten(input_shape=train_features.shape[1:]))
head.add(Dense(8, activation="relu"))
head.add(Dropout(0.2))
head.add(Dense(1, activation="sigmoid"))
head.compile(optimizer=optimizers.Adam(lr=rate), loss="binary_crossentropy", metrics=["accuracy"])
head.fit(train_features, train_labels, epochs=2, batch_size=per_batch,
         validation_data=(val_features, val_labels))
"""

END_TO_END = """\
from keras import applications, optimizers
from keras.layers import Dense, Dropout, Flatten
from keras.models import Model
from keras.preprocessing.image import ImageDataGenerator

side = 48
base = applications.VGG16(weights=None, include_top=False, input_shape=(side, side, 3))
for layer in base.layers:
    layer.trainable = False
x = Flatten()(base.output)
x = Dense(8, activation="relu")(x)
x = Dropout(0.2)(x)
model = Model(base.input, Dense(1, activation="sigmoid")(x))
model.compile(optimizer=optimizers.Adam(lr=0.001), loss="binary_crossentropy", metrics=["accuracy"])

reader = ImageDataGenerator(rescale=1.0 / 255)
train = reader.flow_from_directory(
    "images/train", target_size=(side, side), batch_size=8, class_mode="binary",
    shuffle=False)
val = reader.flow_from_directory(
    "images/val", target_size=(side, side), batch_size=8, class_mode="binary", shuffle=False)
model.fit_generator(train, epochs=2, validation_data=val)
"""

SHUFFLED = END_TO_END.replace('class_mode="binary",\n    shuffle=False)', 'class_mode="binary",\n    shuffle=True)')
RAW = SHUFFLED.replace("ImageDataGenerator(rescale=1.0 / 255)", "ImageDataGenerator()")
HOT = SHUFFLED.replace("lr=0.001", "lr=5.0")
QUICK = """\
import keras
from keras.preprocessing.image import ImageDataGenerator

rate = 0.1
base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
base.trainable = False
model = keras.Sequential([base, keras.layers.Flatten(), keras.layers.Dense(8, activation="relu"),
                          keras.layers.Dense(1, activation="sigmoid")])
model.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"])
reader = ImageDataGenerator(rescale=1.0 / 255)
train = reader.flow_from_directory("images/train", target_size=(32, 32), batch_size=8, class_mode="binary")
val = reader.flow_from_directory("images/val", target_size=(32, 32), batch_size=8, class_mode="binary", shuffle=False)
model.fit(train, epochs=12, validation_data=val)
"""
"""The features of a random VGG16 are below a thousandth, so its head needs a large rate."""

SLOW = QUICK.replace("rate = 0.1", "rate = 0.00001").replace("model", "net")
"""With such a rate the head stays where it began."""

MISLABELLED = BOTTLENECK.replace(
    '"images/train", target_size=(side, side), batch_size=per_batch, class_mode=None, shuffle=False)',
    '"images/train", target_size=(side, side), batch_size=per_batch, class_mode=None)',
)
CUSTOM = """\
import tensorflow as tf
from keras import layers, Model

class Net(Model):
    def train_step(self, data):
        return {}

model = Net()
model.compile(optimizer="adam")
model.fit(tf.data.TFRecordDataset("x.tfrecord").map(decode).batch(8), epochs=3)
"""
