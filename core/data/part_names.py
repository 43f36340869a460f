"""Which names people give to the parts of a dataset, in several languages, and which to files of a class."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from core.data.file_names import display_name

_WORDS = {
    "train": (
        "train training trainings trn traindata trainset trainingset trainingsset trainingsdaten trainingdata "
        "lernen lerndaten entrainement entraînement apprentissage entrenamiento treino treinamento addestramento "
        "обучение 训练 训练集 訓練 学習 훈련"
    ),
    "val": (
        "val vali valid validate validation validating valset validset validationset valdata dev devset develop "
        "validierung validierungsdaten validierungsset validacion validación validacao validação validazione "
        "валидация 验证 验证集 検証 검증"
    ),
    "test": (
        "test testing tests testset testingset testdata testdaten eval evaluation evaluating evalset holdout heldout "
        "tst prueba pruebas teste тест 测试 测试集 テスト 테스트"
    ),
    "fold": "fold folds kfold cvfold falte",
}
ROLES = {word: role for role, words in _WORDS.items() for word in words.split()}
FILLERS = {
    *("set", "data", "dataset", "images", "image", "imgs", "img", "pictures", "pics", "photos", "jpg", "jpeg", "png"),
    *("split", "subset", "part", "folder", "dir", "files", "the", "raw", "all", "daten", "bilder", "satz"),
}
_UNLABELLED = re.compile(r"pred|unlabel|submission|inference|infer|demo|sample|unknown|challenge", re.IGNORECASE)
_DIGITS = "0123456789"
_HASH = re.compile(r"[0-9a-f]{0,64}\d[0-9a-f]{0,64}", re.IGNORECASE)
_PIECES = re.compile(r"[^\W\d_]+|\d+")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")
MAX_NAMES = 1000
"""Most classes that are read out of file names."""


@dataclass(frozen=True)
class PartName:
    """What a folder's name says.

    Attributes:
        role: `train`, `val`, `test` or `fold`.
        rest: What the name holds besides; empty where it says nothing else (`training_set`), `seg` in `seg_train`.
        number: The number in it, `""` if there is none.
        spelt: The rest as the name spells it.
    """

    role: str
    rest: str
    number: str
    spelt: str = ""


def part_name(name: str) -> PartName | None:
    """The part that a folder's name stands for; None if it holds no such word at its beginning or end.

    Args:
        name: One component of a path.
    """
    pieces = words_of(re.sub(r"^t10k(?![a-z])", "test", name))  # as MNIST has it
    words = [piece for piece in pieces if not piece.isdecimal()]
    telling = [word for word in words if word not in FILLERS]
    number = next((piece for piece in pieces if piece.isdecimal()), "")
    for at in (0, -1):
        if telling and telling[at] in ROLES:
            rest = [word for k, word in enumerate(telling) if k != at % len(telling)]
            return PartName(ROLES[telling[at]], " ".join(rest), number, _without(name, telling[at]))
    return None


def _without(name: str, word: str) -> str:
    """A name without the word at its beginning or end, and what joins it."""
    lower = name.lower()
    if lower.startswith(word):
        return name[len(word) :].strip(" _.-")
    return name[: -len(word)].strip(" _.-") if lower.endswith(word) else name


def is_part(name: str) -> bool:
    """Whether a name says a part and nothing else: `Training`, `test_set`, `val2017`, `fold_3`."""
    found = part_name(name)
    return found is not None and not found.rest


def is_filler(name: str) -> bool:
    """Whether a name says nothing: `images`, `data`, `img_set`."""
    words = [word for word in words_of(name) if not word.isdecimal()]
    return bool(words) and all(word in FILLERS for word in words)


def is_unlabelled(name: str) -> bool:
    """Whether a name says that what it holds has no labels: `single_prediction`, `unlabeled`, `sample_submission`."""
    return bool(_UNLABELLED.search(name))


def class_in_name(name: str, place: str) -> str:
    """The class in a file's name: the words before its last number, behind its first, or its first number.

    Args:
        name: Name of a file.
        place: `before` (`cat.0.jpg`, `cat (2).jpg`, `cat_3fa9.jpg`), `behind` (`0_cat.jpg`) or `first` (`3_17.jpg`).

    Returns:
        `""` where there is none.
    """
    stem = name.rpartition(".")[0]
    if place == "first":
        found = re.match(r"(\d+)[_-]\d", stem)
        return found[1] if found else ""
    if place == "before":
        rest = stem.rstrip(")").rstrip(_DIGITS)
        if len(rest) == len(stem.rstrip(")")):
            head, tail = _last_piece(stem)
            rest = head if _HASH.fullmatch(tail) else ""
    else:
        rest = stem.lstrip(_DIGITS)
        rest = rest if len(rest) < len(stem) else ""
    rest = rest.strip(" ._-()")
    return rest if any(c.isalpha() for c in rest) else ""


def classes_in_names(names: Iterable[str]) -> tuple[str, dict[str, int]] | None:
    """Whether file names tell classes: nearly all do, at least two, each with two files or more.

    Args:
        names: Names of files in one folder.

    Returns:
        The place as `class_in_name` has it, and the number of files by class; None if they tell nothing.
    """
    listed = list(names)
    for place in ("before", "behind", "first"):
        found = Counter(class_in_name(name, place) for name in listed)
        unnamed = found.pop("", 0)
        enough = len(found) >= 2 and min(found.values()) >= 2 and len(found) <= MAX_NAMES
        if enough and unnamed <= len(listed) // 10:
            return place, dict(sorted(found.items()))
    return None


def shown(names: Iterable[str], most: int = 6) -> str:
    """Names in a sentence, the first few of many."""
    listed = [display_name(name) for name in names]
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def words_of(name: str) -> list[str]:
    """Words and numbers of a name in small letters: `trainSet` is two words, `tEst` one, `hold out` one."""
    found: list[str] = []
    for piece in _PIECES.findall(name):
        found += [piece] if piece.lower() in ROLES else _HUMPS.sub(" ", piece).split()
    return re.sub(r"\b(hold|held) out\b", r"\1out", " ".join(found).lower()).split()


def _last_piece(stem: str) -> tuple[str, str]:
    """What stands before and behind the last dot, dash, space or underscore."""
    at = max(stem.rfind(c) for c in " ._-")
    return (stem[:at], stem[at + 1 :]) if at > 0 else (stem, "")
