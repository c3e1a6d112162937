"""``cutoutd report``: a page of a real run, beside a running daemon, without its secret."""

import json
from html.parser import HTMLParser

from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import Place


class Pictures(HTMLParser):
    """The pictures of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.alternatives: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            said = dict(attrs)
            assert (said["src"] or "").startswith("data:image/webp;base64,")
            self.alternatives.append(said["alt"] or "")


def test_a_page_of_what_a_running_daemon_did(place: Place) -> None:
    """Before and after are inside, what came to nothing has its reason; what is gone is said to be."""
    put(place.input / "kept.jpg", jpeg_of("red"))
    put(place.input / "sub" / "gone.jpg", jpeg_of("blue"))
    put(place.input / "empty.jpg", b"")
    page = place.home / "report.html"
    with place.start() as daemon:
        daemon.wait_for("published", "kept.jpg", "sub/gone.jpg")
        daemon.wait_for("rejected", "empty.jpg")
        (place.output / "sub" / "gone.png").unlink()
        place.write_secret("")  # whoever makes a report need not be able to read it
        made = place.command("report", "--output", str(page), "--since", "7d")
        assert (made.returncode, daemon.stop()) == (0, 0), made.stderr
    text = page.read_text(encoding="utf-8")
    assert sorted(Pictures(text).alternatives) == ["After: kept.jpg", "Before: kept.jpg", "Before: sub/gone.jpg"]
    assert "The cutout is no longer where it was." in text
    assert "it is empty (0 bytes)" in text


def test_programs_get_the_same(place: Place) -> None:
    """JSON and CSV go to standard output, or to a file that ends as they do."""
    put(place.input / "a.jpg", jpeg_of("green"))
    place.run_once()
    told = json.loads(place.command("report", "--json").stdout)
    assert [(photo["path"], photo["state"]) for photo in told["photos"]] == [("a.jpg", "published")]
    assert told["operations"]["upload"] == 3
    table = place.home / "photos.csv"
    assert place.command("report", "--csv", "--output", str(table)).returncode == 0
    assert table.read_bytes().startswith(b"\xef\xbb\xbffolder,path,")


def test_a_slip_of_the_hand_replaces_no_photo(place: Place) -> None:
    """What is asked wrongly is refused before anything is written, and the reason is said."""
    photo = put(place.input / "a.jpg", jpeg_of("green"))
    place.run_once()
    before = photo.read_bytes()
    for arguments, said in (
        (("--output", str(photo)), "does not end with .html"),
        ((), "--output report.html"),
        (("--json", "--csv"), "one or the other"),
        (("--json", "--since", "soon"), "is not a day"),
        (("--json", "--folder", "nobody"), "no folder nobody"),
    ):
        refused = place.command("report", *arguments)
        assert refused.returncode == 2
        assert said in " ".join(refused.stderr.replace("│", " ").split())
    assert photo.read_bytes() == before
