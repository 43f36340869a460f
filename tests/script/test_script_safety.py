"""A pasted script is never run, and whatever is pasted gives a record or one sentence, in a short time."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.config import RunConfig
from core.errors import DataError, UserError
from core.script.importing import import_script

SCRIPTS = Path(__file__).parent / "scripts"
BOTTLENECK = (SCRIPTS / "question_bottleneck.txt").read_text()
END_TO_END = (SCRIPTS / "question_end_to_end.txt").read_text()


def open_settings(epochs: str) -> set[str]:
    """What stays open where the number of epochs is given in this way."""
    assert "epochs = 10" in END_TO_END
    return {one["key"] for one in import_script(END_TO_END.replace("epochs = 10", epochs))["open"]}


def test_nothing_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    effects = (
        f"import os\nopen({str(trace)!r}, 'w').write('ran')\nos.system('touch {trace}')\n"
        f"class Sly:\n    open({str(trace)!r}, 'w')\n    def __floordiv__(self, o): open({str(trace)!r}, 'w')\n"
        f"__import__('os').mkdir({str(trace)!r})\nexec(\"open({str(trace)!r}, 'w')\")\n"
        f"nb = eval(\"open({str(trace)!r}, 'w')\")\nimport a_module_that_does_not_exist\nraise SystemExit(3)\n"
        f"epochs = int(os.system('touch {trace}'))\nx = f\"{{open({str(trace)!r}, 'w')}}\"\n"
    )
    record = import_script(effects + END_TO_END.replace("import", "import"))
    assert record["mode"] == "end_to_end"
    assert list(tmp_path.iterdir()) == []


def test_arithmetic_that_would_fill_the_memory_is_left_alone() -> None:
    for value in (
        "9 ** 9 ** 9 ** 9",
        "[0] * 10 ** 12",
        "'a' * 10 ** 12",
        "1e308 * 1e308",
        "1 / 0",
        "5 % 0",
        "1j",
        "10 ** 400",
    ):
        assert "training.epochs" in open_settings(f"epochs = {value}")


def test_names_that_stand_for_each_other_end() -> None:
    double = "a0 = 1\n" + "".join(f"a{k + 1} = a{k} + a{k}\n" for k in range(60))
    assert "training.epochs" in open_settings(double + "b = c\nc = b\nepochs = b + a60")


def test_large_script_takes_no_time() -> None:
    many = "".join(f"x{k % 7} = model.fit(x{k % 5}, y, epochs={k}, shuffle=False)\n" for k in range(1400))
    assert import_script(END_TO_END + many)["findings"]
    with pytest.raises(DataError, match="calls; paste the part that trains, at most 1,500 calls"):
        import_script(END_TO_END + many * 2)


PIECES = st.sampled_from(
    [
        *(line + "\n" for line in (BOTTLENECK + END_TO_END).split("\n")),
        *(
            "\n",
            "    ",
            "(",
            ")",
            "=",
            "[:",
            "]",
            "**",
            "*",
            "lambda: ",
            "if x:\n",
            "'",
            '"""',
            "\t",
            "é",
            "\ud800",
            "\r",
        ),
        *("base(x, training=False)\n", "model.add(", "x = x(x)\n", "model = model\n", "ds.shuffle(10).map(f)\n"),
        "for layer in model.layers[:3]:\n    layer.trainable = False\n",
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_gives_a_record_or_one_sentence(text: str) -> None:
    try:
        record = import_script(text, "s.py")
    except UserError as error:
        assert str(error)
    else:
        assert record["config"] is None or RunConfig.from_dict(record["config"])


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_script_with_lines_lost_or_doubled_gives_a_record_or_one_sentence(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from([BOTTLENECK, END_TO_END])).split("\n")
    chosen = data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=8))
    for k in chosen:
        lines[k] = data.draw(st.sampled_from(["", lines[k] * 2, lines[k][: len(lines[k]) // 2], lines[-k], "pass"]))
    try:
        record = import_script("\n".join(lines))
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert all(one["evidence"]["line"] >= 1 for one in record["findings"])
