"""`check` on the command line, as main will register it, and the settings it shares with other commands."""

import argparse
import json
import shutil

import pytest

from core.__main__ import main
from core.checks.preflight import CHECK_IDS
from core.cli import check as check_command
from core.cli import settings
from core.errors import ConfigError


def check(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)

    def command(name, function, text, *, with_json=True):
        sub = commands.add_parser(name, help=text)
        sub.set_defaults(command=function)
        if with_json:
            sub.add_argument("--json", action="store_true")
        return sub

    check_command.add_parser(command)
    options = parser.parse_args(["check", *arguments])
    return options.command(options)


NOT_CHECKED = (
    "Not checked: train-labels-look-wrong, val-labels-look-wrong (needs features of the backbone: "
    "`python -m core check --features`, or Check with features).\n"
)


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory, lay_images):
    """A folder, and a home in which it has been checked once."""
    root = tmp_path_factory.mktemp("looked_at")
    folder = lay_images(root / "pictures", train=(60, 60), val=(50, 50), size=100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(root / "home"))
        check(str(folder), "--set", "data.image_size=96", "--json")
    return folder, root / "home"


@pytest.fixture
def folder(looked_at, home):
    shutil.copytree(looked_at[1], home)
    return str(looked_at[0])


def test_findings_are_one_json_object_and_do_not_change_the_exit_code(folder, capsys):
    assert check(folder, "--set", "data.image_size=96", "--set", "data.shuffle=none", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert list(record) == ["findings", "checks", "notes"]
    assert record["checks"]["features"] is False and "class-ordered-batches" in record["checks"]["run"]
    (finding,) = record["findings"]
    assert (finding["id"], finding["severity"]) == ("class-ordered-batches", "error")
    assert finding["change"] == {"data.shuffle": "samples"}
    assert {"claim", "evidence", "remedy"} < finding.keys()
    assert check(folder, "--set", "data.image_size=96", "--set", "data.shuffle=none", "--strict") == 1
    assert check(folder, "--set", "data.image_size=96", "--set", "model.dropout=0.8", "--strict") == 0


def test_findings_are_readable_text(folder, capsys):
    check(folder, "--set", "data.image_size=96", "--set", "model.dropout=0.8")
    assert capsys.readouterr().out == (
        "info     dropout-too-strong\n"
        "         80 % of the inputs of each layer of the head are dropped in training; its training accuracy will "
        "stay below its validation accuracy.\n"
        "         One half at most is usual: model.dropout=0.5.\n" + NOT_CHECKED
    )


def test_healthy_run_says_so(folder, capsys):
    assert check(folder, "--set", "data.image_size=96") == 0
    assert capsys.readouterr().out == f"{len(CHECK_IDS)} checks found nothing.\n" + NOT_CHECKED
    check(folder, "--set", "data.image_size=96", "--json")
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_missing_weights_do_not_keep_from_checking(folder, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr("urllib.request.urlopen", None)
    check(folder, "--set", "data.image_size=96", "--set", "model.backbone=VGG16", "--json")
    assert json.loads(capsys.readouterr().out)["findings"] == []


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("model.backbone=Nope", 'model.backbone: there is no backbone "Nope"'),
        ("data.image_size=20", "data.image_size is 20, but EfficientNet-Lite0"),
        ("data.batchsize=20", 'there is no setting "data.batchsize"; did you mean data.batch_size'),
        ("data.batch_size", "--set data.batch_size: KEY=VALUE is expected"),
    ],
)
def test_what_no_run_could_be_made_of_is_refused(folder, pair, message):
    with pytest.raises(ConfigError) as error:
        check(folder, "--set", pair)
    assert str(error.value).startswith(message)


def test_settings_are_read_as_pairs():
    assert settings.read_settings([" a = 1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}


def test_a_pattern_that_never_ends_is_told_in_a_sentence(image_folder, monkeypatch):
    folder = image_folder(train=(6, 6), val=(3, 3), size=20) / "train"
    for k, path in enumerate(sorted(folder.rglob("*.*"))):
        path.rename(path.with_name(f"{'a' * 40}-{k}{path.suffix}"))
    monkeypatch.setattr("core.data.name_groups.SECONDS", 0.2)
    with pytest.raises(
        ConfigError, match=r"^data\.group_pattern '\^\(a\+\)\+\$' takes longer than 0 seconds on 12 file"
    ):
        check(str(folder), "--set", "data.group_pattern=^(a+)+$")
    assert main(["split", str(folder), "--group-pattern", "^(a+)+$"]) == 1


def test_a_pattern_is_told_by_what_it_finds(image_folder, capsys):
    folder = image_folder(train=(6, 6), val=(3, 3), size=100) / "train"
    for pattern, said in ((r"(\d+)(\.)", "finds"), ("nowhere", "matches none of the 12 file names")):
        check(str(folder), "--set", f"data.group_pattern={pattern}", "--set", "data.validation_split=0.4", "--json")
        (finding,) = [one for one in json.loads(capsys.readouterr().out)["findings"] if one["id"] == "group-pattern"]
        assert said in finding["claim"]
        assert finding["severity"] == ("info" if said == "finds" else "warning")
    assert finding["evidence"]["in_no_group"] == 12
