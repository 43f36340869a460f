"""Whatever is pasted gives a record or one sentence, in a short time: mutants of scripts, and inputs made to hurt."""

import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.config import RunConfig
from core.errors import DataError, UserError
from core.script.importing import import_script

FOLDER = Path(__file__).parent / "scripts"
HEALTHY, BOTTLENECK, END_TO_END = (
    (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    for name in ("healthy", "question_bottleneck", "question_end_to_end")
)
ARRAYS = (
    "X = np.load('x.npy').astype('float32')\ny = to_categorical(y)\nX /= 255\n"
    "def norm(a, b=(1, 2)):\n    a = tf.cast(a, tf.float32) / 127.5 - 1\n    return a, b\n"
    "X, V, y, w = train_test_split(X, y, test_size=.2)\nds = tf.data.Dataset.from_tensor_slices((X, y)).map(norm)\n"
    "g = ImageDataGenerator(preprocessing_function=lambda x: x / 255, **options)\n"
    "f = g.flow_from_dataframe(df, 'train', x_col='id', y_col=['a', 'b'], target_size=(8,) * 2)\n"
    "m = Sequential([Rescaling(1 / 255), Lambda(lambda x: x - 1), MobileNetV2(include_top=False)])\n"
    "m.add(Dense(len(names)))\nfor layer in m.layers[-3:]:\n    layer.trainable = False\n"
    "m.compile('adam', loss='mse', metrics=['acc'])\nm.fit(ds, validation_data=(V, w), epochs=2 ** 3,\n"
    "      class_weight={0: 1})\n"
)
NOTEBOOK = json.dumps({"cells": [
    {"cell_type": "markdown", "source": "# Title"}, {"cell_type": "code", "source": HEALTHY.splitlines(keepends=True)},
    {"cell_type": "code", "source": ["%%time\n", "!ls\n", "model.fit(train)\n"]},
]})  # fmt: skip
SEEDS = (HEALTHY, BOTTLENECK, END_TO_END, ARRAYS, NOTEBOOK)
LEVELS = f"a0 = ({'0, ' * 10})\n" + "".join(f"a{k} = ({f'a{k - 1}, ' * 10})\n" for k in range(1, 17))
"""Nested tuples, 16 levels of ten: 10 ** 17 values in 800 bytes."""

VALUES = (
    *("0x" + "f" * 300, "-0x" + "f" * 5000, "10 ** 400", "1e308 * 10", "1e-300 ** -4", "1 << 10 ** 9"),
    *("5 % 0", "1j", "nan", "None", "True", "-1", "-0.0", "1e999", "b'x'", "...", "''", "'%s' % 3"),
    *("'a' * 10 ** 9", "f'{a16}{x!r:>{y}}'", "20.0", "{}", "{1: 2}", "{'a': [1]}", "{**x}", "{1, 2}", "[]"),
    *("[[]]", "({}, {})", "(1,)", "(1, 2, 3)", "([1], {})", "a16", "[x for x in y]", "lambda x: x / 255"),
    *("(a := 3)", "not 1", "a if b else c", "x[1:2:3]", "x[a16]", "{a16: 1}[a16]", "*x", "**x", "(yield)"),
    *("f(*x, **y)", "dict(a=1)", "dict(**x)", "list(a16)", "len(a16)", "str(a16)", "int('9')"),
    *("os.path.join(a16, 'x')", "os.path.join('x', 3)", "(0,) * 10 ** 9", "[0] * 0x" + "f" * 300),
    *("-(-(-1))", "~5", "'20'", "model", "model.layers[0:1.5]", "model.layers[True]", "train(x)(y)"),
    *("preprocess_input", "tf.cast(x, 'uint8') / 0"),
)  # fmt: skip
LINES = (
    *(
        "a16 = a16",
        "x, y = y, x",
        "x = x(x)",
        "x = preprocess_input(x)",
        "x /= 255",
        "x[0] /= x",
        "model = Model(model, model)",
    ),
    *("def f(x, *y, z=f, **w):\n    return f(x)", "for layer in a16.layers[:a16]:\n    layer.trainable = a16", "del x"),
    *("model.fit(model, model, epochs=a16, steps_per_epoch=a16 // a16)", "model.add(model)", "base = VGG16(base)"),
    *(
        "ds = ds.map(ds).map(lambda: 1).map(lambda *a: a)",
        "with x as y: pass",
        "import x as y, y as x",
        "class A: x = A()",
    ),
    *(
        "y = train_test_split(*y)",
        "model.trainable = {}",
        "model.layers[{}].trainable = []",
        "\ttab = 1",
        "%magic",
        "x = !ls",
    ),
)
WORD = re.compile(r"[A-Za-z_]\w*")
VALUE = re.compile(r"(?<![\w.])\d[\d.e-]*|'[^'\n]*'|\"[^\"\n]*\"|\([^()\n]*\)|\b[a-z_]+\b(?=[,)\n])")


def swap_value(text: str, dice: random.Random) -> str:
    found = list(VALUE.finditer(text))
    if not found:
        return text
    one = dice.choice(found)
    return text[: one.start()] + dice.choice(VALUES) + text[one.end() :]


def swap_word(text: str, dice: random.Random) -> str:
    found = list(WORD.finditer(text))
    if not found:
        return text
    one, other = dice.choice(found), dice.choice(found)
    return text[: one.start()] + other[0] + text[one.end() :]


def change_lines(text: str, dice: random.Random) -> str:
    lines = text.split("\n")
    k, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[k : k + dice.randrange(2)] = dice.choice([[], [lines[other]], [dice.choice(LINES)], [lines[k]] * 3, [""]])
    return "\n".join(lines)


def change_characters(text: str, dice: random.Random) -> str:
    k = dice.randrange(len(text) + 1)
    pieces = (*"()[]{}'\"\\\0\ufeff\r\f\t\né\ud800#:=*,.@\x85\u2028½𝟗", '"""', "**", "  ", text[k : k + 40])
    piece = dice.choice(pieces)
    return text[:k] + piece + text[k + dice.randrange(4) :]


CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    *(swap_value, swap_value, swap_value, swap_word, swap_word, change_lines, change_lines, change_characters),
)


def mutant(number: int) -> str:
    dice = random.Random(number)
    text = dice.choice(SEEDS)
    for _ in range(dice.randrange(1, 7)):
        text = dice.choice(CHANGES)(text, dice)
    return LEVELS + text if dice.random() < 0.5 and not text.startswith("{") else text


def read(text: str, version: str | None = None) -> tuple[float, str, dict[str, Any] | None]:
    """Seconds of the processor, the sentence where it was refused, and the record where it was not."""
    begun = time.thread_time()
    sentence, record = "", None
    try:
        record = import_script(text, "s.py", version)
    except UserError as error:
        sentence = str(error)
    return time.thread_time() - begun, sentence, record


def check(text: str, version: str | None = None) -> tuple[float, bool]:
    """Seconds of the processor, and whether it was refused, which is done in one sentence."""
    seconds, sentence, record = read(text, version)
    if record is None:
        assert sentence
        assert "\n" not in sentence
        assert len(sentence) < 1000
    else:
        assert len(json.dumps(files.finite(record), allow_nan=False)) < 1_000_000
        assert record["config"] is None or RunConfig.from_dict(record["config"])
    return seconds, record is None


def test_two_thousand_mutants_give_a_record_or_one_sentence_each_within_two_seconds() -> None:
    taken, refused = [], 0
    for number in range(2000):
        text = mutant(number)
        try:
            seconds, is_refused = check(text, (None, "2.0.8", "3.0")[number % 3])
        except Exception as error:
            raise AssertionError(f"mutant {number} ends in {error!r}") from error
        taken.append(seconds)
        refused += is_refused
    assert max(taken) < 2
    assert 200 < refused < 1800, "most mutants must still be scripts, and some none"


def many(line: str, count: int, before: str = HEALTHY) -> str:
    return before + line * count


ODD_SOURCES: tuple[Any, ...] = ([1], {}, None)
HURTFUL = {
    "nested tuples": LEVELS + HEALTHY.replace("(150, 150)", "(width, height)").replace("epochs=20", "epochs=a16"),
    "hexadecimal": HEALTHY.replace("epochs=20", "epochs=0x" + "f" * 300),
    "labels by a hexadecimal": BOTTLENECK.replace("[0] * 1000", "[0] * 0x" + "f" * 5000),
    "dictionary for a size": HEALTHY.replace("(150, 150)", "{1: 2}"),
    "name of itself": BOTTLENECK.replace("train_labels = np.array(", "train_labels = to_categorical(train_labels or "),
    "deep names": "".join(f"a{k} = {'[' * 90}a{k - 1}{']' * 90}\n" for k in range(1, 25))
    + HEALTHY.replace("=20", "=a24"),
    "blank lines": "\n" * 290_000 + "(",
    "spaces": " " * 299_000 + "x",
    "tabs": "\t" * 299_000 + "x",
    "assignments": many("a = 1\n", 9_000),
    "layers set": many("x.trainable = False\n", 290),
    "loops in loops": HEALTHY + "".join(" " * k + "for l in m.layers:\n" for k in range(60))
    + " " * 60 + "x = [" + "1," * 40_000 + "]",
    "commands": many("%a\n", 9_000),
    "questions": many("a?\n", 99_000, "") + "(",
    "no equation": "a, " * 99_000 + "(",
    "names": HEALTHY + "model.fit(steps=[" + ",".join(f"n{k}" for k in range(20_000)) + "])\n",
    "trainings": many("m.fit(f(y), g(y), epochs=3, steps_per_epoch=n // b, validation_data=v)\n", 400),
    "layers in a model": HEALTHY + "s = Sequential([base])\n" + "s.add(Dense(2))\n" * 400
    + "for l in s.layers[:-1]: l.trainable=0\n" * 150,
    "text of texts": "a = '" + "x" * 9000 + "'\n" + HEALTHY.replace('"xrays/train"', "f'" + "{a}" * 4000 + "'"),
    "path of texts": "a = '" + "x" * 9000 + "'\n" + HEALTHY.replace('"xrays/train"', "join(" + "a," * 900 + ")"),
    "minus": "x = " + "-" * 200_000 + "1",
    "brackets": "[" * 150_000 + "]" * 140_000,
    "else": "if x: pass\n" + "elif x: pass\n" * 20_000,
    "long name": HEALTHY.replace("epochs=20", "epochs=" + "z" * 100_000),
    "one line": HEALTHY + "x = [" + "1," * 14_000 + "]\n",
    "a megabyte": many("a = 1\n", 200_000),
    "deep JSON": '{"cells": ' + "[" * 200_000,
    "empty cells": '{"cells": [' + "{}," * 200_000 + "1]}",
    "odd cells": json.dumps({"cells": [1, None, *({"cell_type": "code", "source": one} for one in ODD_SOURCES)],
                             "metadata": []}),
}  # fmt: skip


def test_what_was_made_to_hurt_is_answered_in_two_seconds_too() -> None:
    taken = {name: check(text)[0] for name, text in HURTFUL.items()}
    assert {name: seconds for name, seconds in taken.items() if seconds > 2} == {}


@pytest.mark.parametrize(
    ("old", "new", "key", "why"),
    [
        ("(150, 150)", "a16", "data.image_size", "the value of a16 is known only when the script runs"),
        ("(150, 150)", "{1: 2}", "data.image_size", "{1: 2} is not of a kind that is read here"),
        ("epochs=20", "epochs=0x" + "f" * 30, "training.epochs", "is known only when the script runs"),
        ("epochs=20", 'epochs="20"', "training.epochs", '"20" is not a whole number'),
        ("epochs=20", "epochs=True", "training.epochs", "True is not a whole number"),
        ("epochs=20", "epochs=-1", "training.epochs", "training.epochs is -1; it may be 1 to"),
        ("Dropout(0.2)", "Dropout({})", "model.dropout", "{} is not of a kind that is read here"),
        ("patience=5", "patience=b'5'", "training.early_stopping", "b'5' is not a whole number"),
    ],
)
def test_value_of_another_kind_is_open_and_says_why(old: str, new: str, key: str, why: str) -> None:
    assert old in HEALTHY
    record = import_script(LEVELS + HEALTHY.replace(old, new))
    told = {one["key"]: one["why"] for one in record["open"]}
    assert why in told[key]
    assert key not in record["settings"]


@pytest.mark.parametrize(
    ("expression", "epochs"),
    [
        ("len([1, 2, 3])", 3), ("(1, 2)[1] + 1", 3), ("((1, 2) + (3,))[2]", 3), ("[3] * 2", None), ("([3] * 2)[1]", 3),
        ("1 << 2", 4), ("{'e': 3, 'x': f()}['e']", 3), ("abs(-3)", 3), ("(1, 2, 3)[1:][1]", 3), ("int(6 / 2)", 3),
        ("{'e': 3, 'e': 4}['e']", 4), ("len('abc')", None), ("(0,) * 10 ** 9", None), ("1e300 * 1e300", None),
    ],
)  # fmt: skip
def test_small_arithmetic_is_followed(expression: str, epochs: int | None) -> None:
    record = import_script(HEALTHY.replace("epochs=20", f"epochs={expression}"))
    assert record["settings"].get("training.epochs", {}).get("value") == epochs


def test_line_ends_marks_and_tabs_change_nothing() -> None:
    want = import_script(END_TO_END)
    for text in (END_TO_END.replace("\n", "\r\n"), END_TO_END.replace("\n", "\r"), "\ufeff" + END_TO_END,
                 END_TO_END.replace("    ", "\t")):  # fmt: skip
        assert import_script(text) == want


def test_very_many_large_values_are_left_alone() -> None:
    wide = "a = (" + "1," * 900 + ")\n" + HEALTHY.replace("=20", "=len([" + "(a, 1)[1], " * 900 + "])")
    assert "training.epochs" in {one["key"] for one in import_script(wide)["open"]}


def test_a_script_that_takes_too_many_steps_says_that_its_end_is_not_read() -> None:
    loops = "".join(f"for x{k} in [1, 2, 3, 4, 5, 6, 7, 8]:\n" + "    " * (k + 1) for k in range(7)) + "y = x0\n"
    record = import_script(HEALTHY + loops)
    assert "too many steps" in record["unread"][-1]["text"]
    with pytest.raises(
        DataError, match=r"^the values in this script take too many steps to work out; paste only the part"
    ):
        import_script(loops + HEALTHY)
