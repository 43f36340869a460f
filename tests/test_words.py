"""One word for one thing: what CONTRIBUTING.md says we do not say stands in no text that a person reads."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AMERICAN = (
    r"(?<![-:])\b(?:(?-i:[Cc]olor)(?:s|ed|ful|less)?|grays?|grayscale|behaviors?|centers?|centered|neighbor(?:s|ing|hoods?)?"
    r"|favor(?:s|ed)?|(?:un)?label(?:ed|ing)|modeling|cancel(?:ed|ing)|artifacts?|fulfill|generaliz(?:e|es|ed|ing)"
    r"|(?:re|de|un)?(?:custom|equal|initial|memor|minim|maxim|normal|organ|optim|quant|random|recogn|regular|serial|standard"
    r"|summar|synchron|util|visual)iz(?:e|es|ed|ing|ation))\b(?![-:=_(\[])"
)
"""American spellings, but not those of names: optimizers, settings of Keras, colours of a stylesheet."""

NOT_SAID = {
    "British spelling": rf"{AMERICAN}|\blearnt\b",
    "dataset": r"\bdata sets?\b",
    "image": r"\bpictures?\b",
    "feature cache": r"\bkept features\b",
    "training mode": r"\bways? of training\b",
    "likely label errors": r"\bsuspicious labels?\b",
    "out of distribution": r"\bunlike anything in training\b",
    "batch composition": r"\bbatch x-ray\b",
    "trainable": r"\bweights learn\b",
    "95 % CI": r"\b95 ?% intervals?\b",
    "chest X-ray": r"\bchest films?\b",
}
"""The word -> a pattern of what is not said in its place."""

PROSE = re.compile(r"[A-Za-z]{2,}[,.;:]? [A-Za-z]{2,}")
"""Two words with a space between them: what has none is a key, an id or a name."""

ALLOWED = {"CONTRIBUTING.md"}  # it names the words that are not said


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """`(line, text)` of all prose of a file: its strings and comments, or all but code of a page of Markdown."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        fenced = False
        for number, line in enumerate(source.splitlines(), 1):
            fenced ^= line.startswith("```")
            if not fenced and not line.startswith("    "):
                yield number, re.sub(r"`[^`]*`", "", line)
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and PROSE.search(node.value):
            yield node.lineno, re.sub(r"`[^`]*`", "", node.value)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and PROSE.search(token.string):
            yield token.start[0], re.sub(r"`[^`]*`", "", token.string)


def listed() -> list[Path]:
    """The program's files and its documents."""
    folders = [ROOT / name for name in ("core", "pages", "docs")]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".md")]
    return [*found, ROOT / "app.py", *ROOT.glob("*.md")]


def test_no_word_that_is_not_said() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: say {word}: {found[0]}"
        for path in listed()
        if path.name not in ALLOWED
        for line, text in texts_of(path)
        for word, pattern in NOT_SAID.items()
        if (found := re.search(pattern, text, re.IGNORECASE))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_word_stands_in_the_table() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [word for word in NOT_SAID if f"| {word} |" not in table] == []


def test_prose_is_told_from_names(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text('KEY = "pictures"\nSAID = "All pictures of a class"\n', encoding="utf-8")
    page = tmp_path / "a.md"
    page.write_text("`two pictures` of\n\n    one two pictures\n\nmany pictures\n", encoding="utf-8")
    assert [text for _, text in texts_of(source)] == ["All pictures of a class"]
    assert [line for line, text in texts_of(page) if "pictures" in text] == [5]
