"""The page of failures, in a real browser."""

import pytest
from playwright.sync_api import expect

from support.clients.browser_windows import PHONE, Open, grave_faults, has_sideways_scroll
from support.clients.page_client import address_of, shown
from support.images.drawn_photos import jpeg, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

GIVEN_UP = {"kind": "error_details", "code": "unknown_foreground"}
REFUSED = {"kind": "status", "status": 400, "on": "execute"}


def test_one_click_retries_one_photo(place: Place, sandbox: SandboxProcess, window: Open) -> None:
    """It says what happens next, and the photo is published and gone from the page."""
    sandbox.set_faults({**GIVEN_UP, "times": 2})
    with shown(place) as (daemon, link):
        put(place.input / "a.jpg")
        put(place.input / "b.jpg")
        daemon.wait_for("failed", "a.jpg", "b.jpg")
        page = window(link)
        page.get_by_role("link", name="Failures").click()
        expect(page.get_by_role("heading", level=2)).to_have_text("Unknown foreground")
        expect(page.get_by_text("unknown_foreground")).to_be_visible()
        page.get_by_role("button", name="Retry a.jpg").click()
        page.get_by_role("button", name="Retry and pay").click()
        expect(page.get_by_role("status")).to_contain_text("1 photo is sent again")
        daemon.wait_for("published", "a.jpg")
        page.reload()
        expect(page.get_by_role("status")).to_have_count(0)
        expect(page.get_by_role("link", name="a.jpg")).to_have_count(0)
        page.get_by_role("link", name="b.jpg").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("b.jpg")
        page.get_by_role("button", name="Retry").click()
        page.get_by_role("button", name="Retry and pay").click()
        expect(page.get_by_role("status")).to_contain_text("1 photo is sent again")
        daemon.wait_for("published", "b.jpg")
        page.get_by_role("link", name="Failures").click()
        expect(page.get_by_text("Nothing failed")).to_be_visible()


def test_one_click_retries_all_of_a_reason_or_of_every(place: Place, sandbox: SandboxProcess, window: Open) -> None:
    """Of the reason at which it stands, or all where it may help, so not those rejected for their bytes."""
    sandbox.set_faults({**GIVEN_UP, "times": 2})
    with shown(place) as (daemon, link):
        for name in ("a.jpg", "b.jpg"):
            put(place.input / name)
        daemon.wait_for("failed", "a.jpg", "b.jpg")
        sandbox.set_faults({**REFUSED, "times": 1})
        put(place.input / "c.jpg")
        daemon.wait_for("failed", "c.jpg")
        put(place.input / "d.jpg", jpeg()[:500])
        daemon.wait_for("rejected", "d.jpg")
        page = window(link)
        page.goto(f"{address_of(link)}/failures")
        expect(page.get_by_role("heading", level=2)).to_have_count(3)
        page.get_by_role("button", name="Retry all 2 with Unknown foreground").click()
        page.get_by_role("button", name="Retry and pay").click()
        expect(page.get_by_role("status")).to_contain_text("2 photos are sent again")
        daemon.wait_for("published", "a.jpg", "b.jpg")
        page.reload()
        expect(page.get_by_role("heading", level=2)).to_have_count(2)
        expect(page.get_by_role("button", name="with Truncated")).to_have_text("Dismiss with Truncated")
        page.get_by_role("button", name="Retry all 1 where it may help").click()
        page.get_by_role("button", name="Retry and pay").click()
        expect(page.get_by_role("status")).to_contain_text("1 photo is sent again")
        daemon.wait_for("published", "c.jpg")
        page.reload()
        expect(page.get_by_role("heading", level=2)).to_have_count(1)


def test_one_click_dismisses_one_photo_or_all(place: Place, sandbox: SandboxProcess, window: Open) -> None:
    """Each row says what to do; a dismissed photo is gone from the page, and its own page brings it back."""
    sandbox.set_faults({**GIVEN_UP, "times": 1})
    with shown(place) as (daemon, link):
        put(place.input / "a.jpg")
        daemon.wait_for("failed", "a.jpg")
        for name in ("b.jpg", "c.jpg"):
            put(place.input / name, b"")
        daemon.wait_for("rejected", "b.jpg", "c.jpg")
        page = window(link)
        page.goto(f"{address_of(link)}/failures")
        expect(page.get_by_text("Copy it again from where it came from")).to_have_count(2)
        page.get_by_role("button", name="Dismiss b.jpg").click()
        expect(page.get_by_role("status")).to_contain_text("1 photo is dismissed")
        expect(page.get_by_role("link", name="b.jpg")).to_have_count(0)
        page.get_by_text("Dismiss all…").click()
        page.get_by_role("button", name="Dismiss all 2").click()
        expect(page.get_by_text("Nothing failed")).to_be_visible()
        page.goto(f"{address_of(link)}/photos/1")
        expect(page.get_by_text("Dismissed by a person").first).to_be_visible()
        page.get_by_role("button", name="Retry").click()
        page.get_by_role("button", name="Retry and pay").click()
        daemon.wait_for("published", "a.jpg")


def test_a_photo_that_is_gone_is_told(place: Place, sandbox: SandboxProcess, window: Open) -> None:
    """It is left alone, with the reason; nothing else is."""
    sandbox.set_faults({**GIVEN_UP, "times": 1})
    # Seldom, because a failure that is gone leaves the page after two scans.
    with shown(place, watch={"rescan_interval": "1h", "stability_delay": "300ms"}) as (daemon, link):
        gone = put(place.input / "a.jpg")
        daemon.wait_for("failed", "a.jpg")
        gone.unlink()
        page = window(link)
        page.goto(f"{address_of(link)}/failures")
        page.get_by_role("button", name="Retry").click()
        expect(page.get_by_role("status")).to_contain_text("Left alone: shop/a.jpg: its source is no longer there")


@pytest.mark.parametrize("is_empty", [False, True])
def test_nothing_hinders_anybody(place: Place, sandbox: SandboxProcess, window: Open, *, is_empty: bool) -> None:
    """No serious fault of accessibility in light or dark, and no sideways scroll on a phone."""
    sandbox.set_faults({**GIVEN_UP, "times": 2})
    with shown(place) as (daemon, link):
        if not is_empty:
            names = ["a.jpg", "a_long_name_without_any_place_to_break_it_anywhere_at_all_however_long_it_gets.jpg"]
            for name in names:
                put(place.input / name)
            put(place.input / "empty.jpg", b"")
            daemon.wait_for("failed", *names)
            daemon.wait_for("rejected", "empty.jpg")
        page = window(link)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for path in ("/failures",) if is_empty else ("/failures", "/photos/1", "/photos/3"):
                page.goto(f"{address_of(link)}{path}")
                assert grave_faults(page) == []
                page.set_viewport_size(PHONE)  # type: ignore[arg-type]  two numbers
                assert not has_sideways_scroll(page)
