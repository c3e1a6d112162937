"""The rules of our English that can be checked: docs/development.md says them in words.

``python tests/support/prose.py [FOLDER...]`` lists what breaks them.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "daemon" / "cutoutd"

#: A docstring that begins with one of these describes the reader's question instead of the code.
QUESTION_WORDS = frozenset({"what", "whether", "how", "where", "why", "who", "whom", "whose", "which", "whoever"})

#: Words for persons; files, photos and functions are none.
PERSON_WORDS = re.compile(r"\b(who|whoever|whom|whose|nobody|somebody|anybody|everybody)\b", re.IGNORECASE)

MOST_WORDS = 20

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n\s*\n|\n\s*(?:[-*]|\d+\.)\s+")
_CODE = re.compile(r"``[^`]*``|`[^`]*`")
_DRAWN_LINE = re.compile(r"^.*[│├└].*$", re.MULTILINE)


def complaints_about(text: str) -> Iterator[str]:
    """Yield a sentence for each rule that a docstring or comment breaks."""
    plain = _DRAWN_LINE.sub("", _CODE.sub("X", text))
    if found := PERSON_WORDS.search(plain):
        yield f"a word for persons: {found[0]}"
    for sentence in _SENTENCE_END.split(plain):
        words = sentence.split()
        if len(words) > MOST_WORDS:
            yield f"{len(words)} words in a sentence: {' '.join(words[:6])} ..."


def docstrings_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of every docstring, also of those below attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in node.body:
                if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
                    continue
                if isinstance(statement.value.value, str):
                    yield statement.lineno, statement.value.value


def comments_in(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every comment; neighbouring lines are one comment."""
    first, last, texts = 0, -1, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or token.string.startswith("# noqa"):
            continue
        is_own_line = token.line[: token.start[1]].strip() == ""
        if not (is_own_line and token.start[0] == last + 1):
            if texts:
                yield first, " ".join(texts)
            first, texts = token.start[0], []
        texts.append(token.string.lstrip("#: ").split("# noqa")[0])
        last = token.start[0] if is_own_line else -1
    if texts:
        yield first, " ".join(texts)


def complaints_in(file: Path) -> Iterator[str]:
    """Yield ``file:line: complaint`` for everything that one module breaks."""
    source = file.read_text()
    for line, text in docstrings_in(ast.parse(source)):
        if (text.split() or [""])[0].strip(",.:;").lower() in QUESTION_WORDS:
            yield f"{file}:{line}: begins with a question word: {text.split()[0]}"
        for complaint in complaints_about(text):
            yield f"{file}:{line}: {complaint}"
    for line, text in comments_in(source):
        for complaint in complaints_about(text):
            yield f"{file}:{line}: {complaint}"


def all_complaints(folders: list[Path]) -> list[str]:
    """List the complaints about every module below these folders, or about these files."""
    files = [file for folder in folders for file in (sorted(folder.rglob("*.py")) if folder.is_dir() else [folder])]
    return [complaint for file in files for complaint in complaints_in(file)]


if __name__ == "__main__":
    found = all_complaints([Path(argument) for argument in sys.argv[1:]] or [SOURCES])
    sys.stdout.writelines(f"{complaint}\n" for complaint in found)
    sys.stdout.write(f"{len(found)} complaints\n")
