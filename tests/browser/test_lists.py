"""The lists behind the counters, and the batch before it is approved, in a real browser."""

from playwright.sync_api import expect

from support.clients.browser_windows import PHONE, Open, grave_faults, has_sideways_scroll
from support.clients.page_client import address_of, shown
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess


def test_a_batch_is_looked_at_and_approved(place: Place, sandbox: SandboxProcess, window: Open) -> None:
    """A counter leads to its photos with their reason; the batch shows names and pictures, in light, dark and small."""
    names = ["a.jpg", "b.jpg", "a_long_name_without_any_place_to_break_it_anywhere_at_all_however_long_it_gets.jpg"]
    for name in names:
        put(place.input / name)
    with shown(place, limits={"confirm_over": 1}) as (daemon, link):
        eventually(lambda: sum(batch["held"] for batch in place.status()["batches"]) == len(names))
        page = window(link)
        page.locator(".figures").get_by_role("link", name="3").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Photos waiting")
        expect(page.get_by_text("cutoutd approve shop")).to_have_count(3)
        page.get_by_role("link", name="Overview").click()
        page.get_by_role("link", name="Look at it and approve").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Approve 3 photos?")
        for name in names:
            expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
        page.wait_for_function("[...document.querySelectorAll('.trouble img')].every(each => each.naturalWidth > 0)")
        for path in ("/approve?folder=shop", "/photos?group=delayed", "/photos?group=held"):
            page.goto(f"{address_of(link)}{path}")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  one of its words
                assert grave_faults(page) == []
        page.goto(f"{address_of(link)}/approve?folder=shop")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  two numbers
        assert not has_sideways_scroll(page)
        page.get_by_role("button", name="Approve and pay").click()
        expect(page.get_by_role("status").first).to_contain_text("3 approved")
        daemon.wait_for("published", *names)
    assert sum(sandbox.counters()["executes_by_sha256"].values()) <= len(names)
