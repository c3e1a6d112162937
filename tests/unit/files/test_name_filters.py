import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.files.name_filters import Exclusions, is_candidate, is_junk


@pytest.mark.parametrize(
    "name", ["a.jpg", "A.JPEG", "b.jpe", "b.Jfif", "c.PNG", "ü b.jpg", "a.b.png", "x.heic", "y.NEF"]
)
def test_photos_and_other_pictures_are_candidates(name: str) -> None:
    """In any case; other formats too, so that their owners are told what to do."""
    assert is_candidate(name)


@pytest.mark.parametrize("name", ["a", "jpg", "a.jpg.txt", "notes.txt", "a.pdf", "a.mp4", "a.jpg~", "", "."])
def test_everything_else_is_no_candidate(name: str) -> None:
    """It is counted, and nothing more."""
    assert not is_candidate(name)


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.jpg",
        "._a.jpg",
        ".stfolder",
        ".stversions",
        ".syncthing.a.jpg.tmp",
        "~syncthing~a.jpg.tmp",
        ".a.jpg.X4c9Qe",
        ".cutoutd-1.jpg",
        "~$a.jpg",
        "a.jpg.part",
        "a.jpg.crdownload",
        "a.jpg.filepart",
        "upload.TMP",
        "a.partial",
        "a.download",
        "Thumbs.db",
        "desktop.ini",
        "@eaDir",
        "__MACOSX",
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
    ],
)
def test_junk_is_junk_and_never_a_candidate(name: str) -> None:
    """Files that other programs leave or have not finished."""
    assert is_junk(name)
    assert not is_candidate(name)


@pytest.mark.parametrize(
    ("pattern", "path", "is_covered"),
    [
        ("drafts", "drafts/a.jpg", True),
        ("drafts", "2026/drafts/a.jpg", True),
        ("drafts/", "2026/drafts/a.jpg", True),
        ("/drafts", "2026/drafts/a.jpg", False),
        ("/drafts", "drafts/a.jpg", True),
        ("2026/drafts", "2026/drafts/x/a.jpg", True),
        ("2026/drafts", "old/2026/drafts/a.jpg", False),
        ("*_old.jpg", "deep/er/a_old.jpg", True),
        ("a/*.jpg", "a/b/c.jpg", False),
        ("a/**/c.jpg", "a/c.jpg", True),
        ("a/**/c.jpg", "a/b/b/c.jpg", True),
        ("a/**", "a/b", True),
        ("a/**", "a", False),
        ("img?.[jp]*", "img1.png", True),
        ("Drafts", "drafts/a.jpg", False),
        ("", "a.jpg", False),
        ("/", "a.jpg", False),
    ],
)
def test_exclusions_read_as_globs_do(pattern: str, path: str, is_covered: object) -> None:
    """A name matches at every depth, a path from the top, and a folder with all that is in it."""
    assert Exclusions([pattern]).covers(path) is is_covered


@given(st.lists(st.text("ab*?/[]", max_size=12), max_size=3), st.text("ab/", min_size=1, max_size=20))
def test_any_pattern_gets_an_answer_and_covers_what_is_below(patterns: list[str], path: str) -> None:
    """No pattern raises, and an excluded folder excludes everything in it."""
    exclusions = Exclusions(patterns)
    assert not exclusions.covers(path) or exclusions.covers(f"{path}/below")


def test_many_stars_cost_no_more_than_one() -> None:
    """A pattern that would take a backtracking matcher for ever."""
    assert not Exclusions(["/".join(["**", "a"] * 30)]).covers("/".join("a" * 29))
