"""Everything that README and docs point at, held against the repository: links, files, and the tests that are named."""

import re
from pathlib import Path

import pytest

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists())
TESTS = ROOT / "tests"
SOURCES = ROOT / "daemon" / "cutoutd"
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
NAMED_TESTS = re.findall(r"`([\w/]+/test_\w+\.py)::(test_\w+)`", "".join(file.read_text() for file in DOCUMENTS))


def prose_of(document: Path) -> str:
    """Return the text without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)


def links_in(document: Path) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(document)) if "://" not in link]


def anchors_of(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows_below(heading: str) -> list[str]:
    section = OPERATIONS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [
        line for line in section.splitlines() if line.startswith("| ") and not re.match(r"\| \*\*|\| when \|", line)
    ]


@pytest.mark.parametrize(("file", "name"), NAMED_TESTS)
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    """A promise that names its test names one that can be run."""
    assert f"def {name}(" in (TESTS / file).read_text()


def test_every_row_of_what_happens_when_names_its_test() -> None:
    """No fault is told of in the table without the test that shows it."""
    rows = rows_below("What happens when")
    assert len(rows) > 30
    assert [row for row in rows if not re.search(r"::test_\w+`", row)] == []


def test_the_readme_is_short() -> None:
    """The README is read in a few minutes; the rest is one link away."""
    assert len((ROOT / "README.md").read_text()) <= 12_000


def test_the_readme_leads_to_every_document() -> None:
    """Every document is found from the README within one link."""
    readme = ROOT / "README.md"
    reached = {(readme.parent / link.partition("#")[0]).resolve() for link in links_in(readme)}
    assert [file.name for file in DOCUMENTS if file not in reached] == ["README.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    """Every relative link names a file that exists, and every anchor a heading."""
    dead = []
    for link in links_in(document):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_path_in_the_text_exists(document: Path) -> None:
    """A file or folder that a document names is in the package, or in the repository."""
    paths = re.findall(r"`(\w[\w./@-]*/[\w./@-]+\.(?:py|html|sql|sh|yaml|md))`", prose_of(document))
    paths += re.findall(r"`((?:tests|ledger|web|pipeline|daemon)/[\w/]+)`", prose_of(document))
    assert [path for path in paths if not ((SOURCES / path).exists() or (ROOT / path).exists())] == []


def test_the_readmes_figures_are_the_benchmarks() -> None:
    """The README has the speeds that were measured last, in comparison with scripts."""
    measured = (ROOT / "docs" / "benchmark.md").read_text()
    told = re.findall(r"([\d.]+) times", (ROOT / "README.md").read_text())
    for script, number in zip(("the sequential script", "a pool of 16 threads"), told, strict=True):
        row = re.search(rf"\| throughput against {script} \|[^|]+\| ([\d.]+) times", measured)
        assert row is not None
        assert float(row[1]) == float(number)


def test_sections_that_comments_name_exist() -> None:
    """A comment that names a section of docs/uploadcare.md names one that is there."""
    sections = set(re.findall(r"^## (\d)\. ", (ROOT / "docs" / "uploadcare.md").read_text(), re.MULTILINE))
    named = {
        number
        for file in SOURCES.rglob("*.py")
        for numbers in re.findall(r"(?i)uploadcare\.md(?: sections?)? (\d(?:(?:, | and )\d)*)", file.read_text())
        for number in re.findall(r"\d", numbers)
    }
    assert named
    assert named <= sections
