"""The overview, in a real browser."""

from browsing import PHONE, Open, grave_faults, has_sideways_scroll
from daemon_process import Place
from page_at import address_of, shown


def test_the_link_opens_the_page_and_leaves_no_token_in_the_address(place: Place, window: Open) -> None:
    """One click, and the address can be shown to anybody; the cookie is out of any script's reach."""
    with shown(place) as (_daemon, link):
        page = window(link)
        assert page.url == f"{address_of(link)}/"
        assert page.title() == "Overview · cutoutd"
        assert page.evaluate("document.cookie") == ""
        page.reload()
        assert page.title() == "Overview · cutoutd"


def test_nothing_hinders_anybody(place: Place, window: Open) -> None:
    """No serious fault of accessibility in light or dark, and no sideways scroll on a phone."""
    with shown(place) as (_daemon, link):
        for scheme in ("light", "dark"):
            page = window(link, color_scheme=scheme, viewport=PHONE)
            assert grave_faults(page) == []
            assert not has_sideways_scroll(page)
