"""The chosen dataset in an address: nobody reaches what another user has uploaded, by whatever name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.access.persons import person_of
from core.config import make_config
from core.errors import DataError
from core.store.runs import RunStore
from pages.shared.shell import dataset_address


def test_the_upload_of_another_user_is_not_reached_by_a_run(
    monkeypatch: pytest.MonkeyPatch, home: Path, image_folder: Callable[..., Path]
) -> None:
    upload = home / "uploads" / "cats"
    upload.parent.mkdir(parents=True)
    image_folder("elsewhere", train=(3, 3), val=(3, 3)).rename(upload)
    (upload / ".owner.json").write_text('"tom@lab.example"', encoding="utf-8")
    names = [
        f"run:{RunStore().create(make_config(str(one), {}), 'tom@lab.example').id}"
        for one in (upload, upload / "train")
    ]

    def be(address: str) -> None:
        monkeypatch.setattr("pages.shared.shell.access.person_of", lambda *_: person_of(address, ""))

    monkeypatch.setenv("PARITY_MODE", "team")
    monkeypatch.setenv("PARITY_TRAINERS", "*@lab.example")
    monkeypatch.setenv("PARITY_ADMINS", "ada@lab.example")
    be("eve@lab.example")
    for name in names:
        with pytest.raises(
            DataError, match="the dataset of this run was uploaded by another user; ask them or an admin"
        ):
            dataset_address.reference_of(name)
    assert not dataset_address.may_open(str(upload))
    for person in ("tom@lab.example", "ada@lab.example"):
        be(person)
        assert dataset_address.reference_of(names[0]) == str(upload)
        assert dataset_address.may_open(str(upload))
