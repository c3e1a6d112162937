"""What the page gives away of photos, and what it does not: over HTTP, as a forger would ask."""

import io
import os
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx2
from PIL import Image

from support.clients.page_client import OWN, address_of, secret_in, shown, visitor
from support.images.drawn_photos import jpeg, lying_jpeg, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


def preview_of(client: httpx2.Client, path: str) -> Image.Image | str:
    """The small picture there, or what stands in its place."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    if answer.headers["content-type"] == "image/svg+xml":
        return answer.text
    assert answer.headers["content-type"] == "image/webp"
    return Image.open(io.BytesIO(answer.content))


def test_a_photo_and_its_cutout_are_shown(place: Place) -> None:
    """Small and large, upright and with transparency; the files byte by byte, each for what it is."""
    put(place.input / "sub" / 'ü\udce9 "%.jpg', lying_jpeg())
    with shown(place) as (daemon, link), visitor(link) as client:
        daemon.wait_for("published")
        for size in ("small", "large"):
            before, after = (preview_of(client, f"/photos/1/{side}/{size}") for side in ("photo", "cutout"))
            assert isinstance(before, Image.Image)
            assert isinstance(after, Image.Image)
            assert before.size == after.size == (120, 160)
            assert after.getchannel("A").getextrema() == (0, 255)
        photo, cutout = (client.get(f"/photos/1/{side}") for side in ("photo", "cutout"))
        assert photo.content == (place.input / "sub" / 'ü\udce9 "%.jpg').read_bytes()
        assert cutout.content == (place.output / "sub" / 'ü\udce9 "%.png').read_bytes()
        assert (photo.headers["content-type"], cutout.headers["content-type"]) == ("image/jpeg", "image/png")
        for answer in (photo, cutout):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-disposition"].startswith("inline; ")
        named = client.get("/photos/1/cutout?download").headers["content-disposition"]
        assert named == (
            'attachment; filename="__udce9 __.png"; filename*=UTF-8\'\'%C3%BC%5Cudce9%20%22%25.png'
        )  # fmt: skip
        assert client.head("/photos/1/cutout").headers["content-length"] == str(len(cutout.content))


def test_browsers_may_keep_what_never_changes(place: Place) -> None:
    """Only under the address that names its content, and only for themselves."""
    put(place.input / "a.jpg")
    with shown(place) as (daemon, link), visitor(link) as client:
        daemon.wait_for("published")
        (known,) = place.versions("a.jpg")
        assert known.picture.sha256 is not None
        kept = client.get(f"/photos/1/photo/small?v={known.picture.sha256[:12]}").headers["cache-control"]
        assert kept == "private, max-age=31536000, immutable"
        assert client.get("/photos/1/photo/small?v=other").headers["cache-control"] == "no-store"


def status_of(client: httpx2.Client, path: str) -> int:
    """What is answered to a path sent as it stands; clients that mean well would tidy it."""
    connection = HTTPConnection(client.base_url.host, client.base_url.port or 80, timeout=30)
    with closing(connection):
        connection.putrequest("GET", path)
        connection.putheader("Cookie", "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar))
        connection.endheaders()
        return connection.getresponse().status


def test_only_numbers_of_the_ledger_lead_anywhere(place: Place) -> None:
    """No path, no other number, no other word; and nothing of it is a fault."""
    put(place.input / "a.jpg")
    with shown(place) as (daemon, link), visitor(link) as client:
        daemon.wait_for("published")
        assert status_of(client, "/photos/1/photo") == 200
        answers = {path: status_of(client, path) for path in _NOWHERE}
        assert answers == dict.fromkeys(_NOWHERE, 404)
        assert daemon.count("internal_fault") == 0


_NOWHERE = (
    "/photos/2/photo", "/photos/99999999999999999999/photo", "/photos/-1/photo", "/photos/0/cutout/small",
    "/photos/1/secret", "/photos/1/photo/huge", "/photos/1/../../secret-key", "/photos/1/%2e%2e%2fsecret-key",
    "/photos/..%2f..%2f..%2fetc%2fpasswd/photo", "/photos/1/photo/small/..", "/photos/1/photo%00", "/photos/x",
    "/photos/99999999999999999999", "/photos/" + "9" * 5_000, "/photos/../../../../etc/passwd",
)  # fmt: skip


def test_nobody_sees_anything_without_the_link(place: Place) -> None:
    """Pages, pictures and files alike; nor does an order without the form's secret do anything."""
    put(place.input / "a.jpg")
    with shown(place) as (daemon, link):
        daemon.wait_for("published")
        with httpx2.Client(base_url=address_of(link), trust_env=False) as stranger:
            for path in ("/gallery", "/failures", "/photos/1", "/photos/1/photo", "/photos/1/cutout/small"):
                assert stranger.get(path).status_code == 403
        with visitor(link) as client:
            for path in ("/photos/1/retry", "/photos/1/reprocess", "/failures/retry"):
                assert client.post(path, data={"all": "1"}, headers=OWN).status_code == 403
                assert client.get(path).status_code in {404, 405}
        assert daemon.count("ordered") == 0


def test_another_file_in_its_place_is_not_given_away(place: Place, tmp_path: Path) -> None:
    """A link, a rewritten photo, a retouched cutout: a sentence stands there instead."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the key")
    for name in ("gone.jpg", "linked.jpg", "changed.jpg"):
        put(place.input / name)
    with shown(place) as (daemon, link), visitor(link) as client:
        daemon.wait_for("published", "gone.jpg", "linked.jpg", "changed.jpg")
        numbers = {name: place.versions(name)[0].id for name in ("gone.jpg", "linked.jpg", "changed.jpg")}
        for tree, suffix in ((place.input, "jpg"), (place.output, "png")):
            (tree / f"gone.{suffix}").unlink()
            (tree / f"linked.{suffix}").unlink()
            (tree / f"linked.{suffix}").symlink_to(secret)
            content = (tree / f"changed.{suffix}").read_bytes()
            before = (tree / f"changed.{suffix}").stat()
            (tree / f"changed.{suffix}").write_bytes(content[:-1] + b"!")
            os.utime(tree / f"changed.{suffix}", ns=(before.st_atime_ns, before.st_mtime_ns))
        for name, number in numbers.items():
            for side in ("photo", "cutout"):
                told = "changed since" if name == "changed.jpg" else "no longer where it was"
                answer = client.get(f"/photos/{number}/{side}")
                assert answer.status_code == 404
                assert told in answer.text
                picture = preview_of(client, f"/photos/{number}/{side}/small")
                assert told.split(maxsplit=1)[0] in str(picture)
            page = client.get(f"/photos/{number}")
            assert page.status_code == 200
            assert f"/photos/{number}/cutout?download" not in page.text
        assert client.get("/gallery").status_code == 200


def test_a_source_that_was_moved_is_shown_from_the_archive(place: Place) -> None:
    """With ``on_success: move`` there is still a before to the after."""
    archive = place.home / "archive"
    archive.mkdir()
    content = jpeg()
    put(place.input / "a.jpg", content)
    folder = {"on_success": "move", "archive": str(archive)}
    with shown(place, folder=folder) as (daemon, link), visitor(link) as client:
        daemon.wait_for("source", "a.jpg")
        assert client.get("/photos/1/photo").content == content
        assert "Make it again" not in client.get("/photos/1").text


def test_a_photo_that_was_never_read_has_a_page(place: Place) -> None:
    """With its reason, and without a picture."""
    put(place.input / "a.jpg", b"no picture")
    with shown(place) as (daemon, link), visitor(link) as client:
        daemon.wait_for("rejected", "a.jpg")
        page = client.get("/photos/1").text
        assert "not_a_picture" in page
        assert "data-compare" not in page
        assert "could not be read" in preview_of(client, "/photos/1/photo/small")  # type: ignore[operator]  a sentence


def test_an_order_is_carried_out_once(place: Place) -> None:
    """With the form's secret it is; a number that is none, or a state that is none, orders nothing."""
    put(place.input / "a.jpg", b"no picture")
    with shown(place) as (daemon, link), visitor(link) as client:
        daemon.wait_for("rejected", "a.jpg")
        secret = {"csrf": secret_in(client.get("/failures").text)}
        for fields in ({"number": "x"}, {"number": "-1"}, {"state": "published"}, {}):
            answer = client.post("/failures/retry", data=secret | fields, headers=OWN, follow_redirects=True)
            assert "nothing left to retry" in answer.text.lower()
        answer = client.post("/photos/1/retry", data=secret, headers=OWN, follow_redirects=True)
        assert "would be rejected again" in answer.text
        answer = client.post("/photos/1/dismiss", data=secret, headers=OWN, follow_redirects=True)
        assert "1 photo is dismissed" in answer.text


def test_a_retry_that_costs_shows_its_cost_first(place: Place, sandbox: SandboxProcess) -> None:
    """The button leads to a page with the cost; only its form, with that number of removals, has it sent again."""
    sandbox.set_faults({"kind": "error_details", "code": "unknown_foreground", "times": 1})
    put(place.input / "a.jpg")
    with shown(place) as (daemon, link), visitor(link) as client:
        daemon.wait_for("failed", "a.jpg")
        secret = {"csrf": secret_in(client.get("/failures").text)}
        for path, fields in (
            ("/photos/1/retry", {}),
            ("/failures/retry", {"number": "1"}),
            ("/failures/retry", {"all": "1"}),
        ):
            answer = client.post(path, data=secret | fields, headers=OWN, follow_redirects=True)
            assert "1 removal may have to be paid for" in answer.text
            assert f'action="{path}"' in answer.text
        assert place.versions("a.jpg")[0].state == "failed"
        form = secret | {"number": "1", "removals": "1"}
        answer = client.post("/failures/retry", data=form, headers=OWN, follow_redirects=True)
        assert "1 photo is sent again" in answer.text
        daemon.wait_for("published", "a.jpg")


def test_odd_addresses_show_a_page(place: Place) -> None:
    """Nothing that somebody types into the address is a fault."""
    put(place.input / "a.jpg")
    with shown(place) as (daemon, link), visitor(link) as client:
        daemon.wait_for("published")
        odd = ("before=x", "before=1e999-1", "before=nan-1", "after=5-", "before=1-99999999999999999999", "name=%FF%00")
        assert {query: client.get(f"/gallery?{query}").status_code for query in odd} == dict.fromkeys(odd, 200)
        assert daemon.count("internal_fault") == 0


def test_a_rejected_photo_is_shown_if_a_picture_is_in_it(place: Place) -> None:
    """One that is too large, as long as it is that very file; one that is no picture has none."""
    big = put(place.input / "big.jpg", jpeg())
    put(place.input / "none.jpg", b"no picture")
    with shown(place, folder={"max_size": "300B"}) as (daemon, link), visitor(link) as client:
        daemon.wait_for("rejected", "big.jpg", "none.jpg")
        numbers = {path: place.versions(path)[0].id for path in ("big.jpg", "none.jpg")}
        assert isinstance(preview_of(client, f"/photos/{numbers['big.jpg']}/photo/small"), Image.Image)
        assert isinstance(preview_of(client, f"/photos/{numbers['none.jpg']}/photo/small"), str)
        failures = client.get("/failures").text
        assert f"/photos/{numbers['big.jpg']}/photo/small" in failures
        assert f"/photos/{numbers['none.jpg']}/photo/small" not in failures
        big.write_bytes(jpeg()[:-1] + b"?")
        assert "changed since" in str(preview_of(client, f"/photos/{numbers['big.jpg']}/photo/large"))
