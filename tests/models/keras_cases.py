"""Cases of saving Keras models, run by the Python of the kernels' environment with TensorFlow."""

from __future__ import annotations

import keras
import numpy as np
from case_runner import case, compute, largest_difference, main
from keras import layers

from notebook_runner import save_model

keras.utils.set_random_seed(0)
RANDOM = np.random.default_rng(0)
TABLE = RANDOM.normal(size=(40, 4))
NEW = RANDOM.normal(size=(7, 4))
WORDS = RANDOM.integers(0, 10, (40, 5))
IMAGES = RANDOM.normal(size=(40, 12, 12, 1)).astype("f4")
SERIES = RANDOM.normal(size=(20, 6, 2)).astype("f4")


def compare(model, sample, feed, call=None):
    """Save a model and compare its first output on new rows."""
    file = save_model(model, "model", sample)
    first = next(iter(compute(file, feed).values()))
    result = model(next(iter(feed.values())) if call is None else call, training=False)
    expected = keras.tree.flatten(result)[0]
    return {"difference": largest_difference(first, keras.ops.convert_to_numpy(expected))}


def small():
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(3)]
    )


def two_inputs():
    table = keras.Input((4,), name="table")
    words = keras.Input((5,), dtype="int32", name="the words")
    flat = layers.Flatten()(layers.Embedding(10, 3)(words))
    both = layers.Concatenate()([table, flat])
    return [table, words], both


# ---- saved ------------------------------------------------------------------------


@case
def sequential():
    return compare(small(), TABLE, {"input": NEW})


@case
def built_by_fitting():
    model = keras.Sequential([layers.Dense(3), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(TABLE, TABLE[:, 0], verbose=0)
    return compare(model, TABLE, {"input": NEW})


@case
def functional_with_a_list():
    inputs, both = two_inputs()
    model = keras.Model(inputs, layers.Dense(2, name="result")(both))
    feed = {"table": NEW, "the_words": WORDS[:7]}
    return compare(model, [TABLE, WORDS], feed, [NEW, WORDS[:7]])


@case
def functional_with_a_dict_by_name():
    inputs, both = two_inputs()
    model = keras.Model(inputs, layers.Dense(2)(both))
    feed = {"table": NEW, "the_words": WORDS[:7]}
    return compare(model, {"the words": WORDS, "table": TABLE}, feed, [NEW, WORDS[:7]])


@case
def inputs_declared_as_a_dict():
    right = keras.Input((4,), name="b")
    left = keras.Input((4,), name="a")
    model = keras.Model({"b": right, "a": left}, layers.Dense(2)(right - left))
    sample = {"a": TABLE, "b": TABLE[::-1]}
    new = {"a": NEW, "b": NEW[::-1]}
    return compare(model, sample, new, new)


@case
def several_outputs():
    inputs, both = two_inputs()
    outputs = {"kind": layers.Dense(3)(both), "age": layers.Dense(1)(both)}
    save_model(keras.Model(inputs, outputs), "model", [TABLE, WORDS])


@case
def convolutions():
    model = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(IMAGES, RANDOM.integers(0, 5, 40), verbose=0)
    result = compare(model, IMAGES, {"input": IMAGES[:3] + 0.5})
    # Saving leaves the model as it was: it can go on learning.
    model.fit(IMAGES, RANDOM.integers(0, 5, 40), verbose=0)
    return result


@case
def augmentation():
    """A layer that turns pictures while learning, and leaves them as they are afterwards."""
    flip = layers.RandomFlip(seed=0)
    model = keras.Sequential([keras.Input((12, 12, 1)), flip, layers.Flatten(), layers.Dense(2)])
    return compare(model, IMAGES, {"input": IMAGES[:3] + 0.5})


@case
def any_size_of_image():
    model = keras.Sequential(
        [
            keras.Input((None, None, 1)),
            layers.Conv2D(4, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    return compare(model, IMAGES, {"input": RANDOM.normal(size=(3, 20, 9, 1)).astype("f4")})


@case
def recurrent_of_any_length():
    model = keras.Sequential([keras.Input((None, 2)), layers.LSTM(3), layers.Dense(1)])
    return compare(model, SERIES, {"input": RANDOM.normal(size=(3, 17, 2)).astype("f4")})


@case
def attention():
    given = keras.Input((6, 2))
    model = keras.Model(given, layers.MultiHeadAttention(2, 4)(given, given))
    return compare(model, SERIES, {"input": SERIES[:4] + 0.5})


class Subclassed(keras.Model):
    """A model without declared inputs."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, given):
        return self.dense(given["a"]) + given["b"]


@case
def subclassed():
    model = Subclassed()
    sample = {"a": TABLE, "b": TABLE[:, :2]}
    model(sample)
    new = {"a": NEW, "b": NEW[:, :2]}
    return compare(model, sample, {"input_0": NEW, "input_1": NEW[:, :2]}, new)


@case
def whole_numbers_out():
    given = keras.Input((4,))
    model = keras.Model(given, keras.ops.cast(layers.Dense(3)(given) > 0, "int32"))
    return compare(model, TABLE, {"input": NEW})


@case
def sample_as_a_list():
    return compare(small(), TABLE.tolist(), {"input": NEW})


@case
def opset_of_choice():
    save_model(small(), "model", TABLE, opset=18)


@case
def says_nothing():
    """What is written to stderr while a model is saved, by C++ code too."""
    save_model(small(), "model", TABLE)


# ---- refused ----------------------------------------------------------------------


@case
def refused_not_built():
    save_model(keras.Sequential([layers.Dense(3)]), "model", TABLE)


@case
def refused_layer():
    save_model(layers.Dense(3), "model", TABLE)


@case
def refused_random():
    """A model that gives something else each time is none that can be proved."""
    noise = layers.Lambda(lambda x: x + keras.random.normal((1,)))
    save_model(keras.Sequential([keras.Input((4,)), noise]), "model", TABLE)


@case
def refused_output_without_rows():
    given = keras.Input((4,))
    save_model(keras.Model(given, keras.ops.sum(given)), "model", TABLE)


@case
def refused_not_exportable():
    """The Cholesky factor has no operator in ONNX."""
    given = keras.Input((3, 3))
    model = keras.Model(given, keras.ops.cholesky(given))
    save_model(model, "model", np.stack([np.eye(3, dtype="f4")] * 4))


@case
def refused_text_layer():
    words = layers.TextVectorization(vocabulary=["a", "b"])
    save_model(keras.Sequential([keras.Input((), dtype="string"), words]), "model", ["a b"])


@case
def refused_input_missing():
    inputs, both = two_inputs()
    save_model(keras.Model(inputs, both), "model", {"table": TABLE})


@case
def refused_one_for_two():
    inputs, both = two_inputs()
    save_model(keras.Model(inputs, both), "model", TABLE)


@case
def refused_rows_differ():
    inputs, both = two_inputs()
    save_model(keras.Model(inputs, both), "model", [TABLE, WORDS[:3]])


SAMPLES = {
    "columns": TABLE[:, :3],
    "dimensions": TABLE[0],
    "no_rows": TABLE[:0],
    "none": None,
    "text": "a",
    "texts": ["a", "b"],
    "object": object(),
}


def refuse_sample(sample):
    return lambda: save_model(small(), "model", sample)


for _name, _sample in SAMPLES.items():
    _case = refuse_sample(_sample)
    _case.__name__ = f"refused_sample_{_name}"
    case(_case)


if __name__ == "__main__":
    main()
