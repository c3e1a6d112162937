"""The text of an HTML page, as a person reads or hears it."""

from html.parser import HTMLParser

_SPOKEN = ("alt", "aria-label", "aria-valuetext", "placeholder")
_SILENT = frozenset({"script", "style", "svg"})
_INLINE = frozenset({"a", "bdi", "code", "q", "span", "strong", "time"})


class _Reader(HTMLParser):
    """Reads a page as a person does, with the words that are only spoken in brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag not in _INLINE:
            self.text += "\n"
        self.text += "".join(f" [{value}] " for name, value in attrs if name in _SPOKEN and value)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT
        if tag not in _INLINE:
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data


def text_of(page: str) -> str:
    """The text of an HTML page, a line for each element that is not within a line."""
    reader = _Reader()
    reader.feed(page)
    lines = (" ".join(line.split()) for line in reader.text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"
