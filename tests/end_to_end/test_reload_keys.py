"""Keys changed while photos are under way: the project's secret key, another project's keys, the webhook's secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clients.webhook_client import SECRET, listening, message, post, signature, subscribe
from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import DaemonProcess, Place, eventually
from support.processes.sandbox_process import SECRET_KEY, SandboxProcess

NEXT_KEY = "thenextsecretkey0123"
WRONG_KEY = "awrongsecretkey01234"
NEXT_SECRET = "anothersecretofthewebhook0123456"  # noqa: S105  a test's own

#: Long enough to be reloaded during it.
SLOW = ("--processing-time", "3")
COLOURS = ("red", "green", "blue", "black", "white", "yellow")


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """A sandbox whose project has this test's keys."""
    with SandboxProcess(tmp_path / "own-sandbox", *SLOW) as sandbox:
        yield sandbox


@pytest.fixture
def shop(tmp_path: Path, own_sandbox: SandboxProcess) -> Place:
    return Place(tmp_path / "own-shop", own_sandbox.url)


def names(first: int, last: int) -> list[str]:
    return [f"{number}.jpg" for number in range(first, last)]


def put_photos(place: Place, first: int, last: int) -> None:
    for number in range(first, last):
        put(place.input / f"{number}.jpg", jpeg_of(COLOURS[number]))


def under_way(place: Place, daemon: DaemonProcess) -> None:
    """Half of the photos are being cut out at Uploadcare."""
    put_photos(place, 0, 3)
    daemon.wait_for("removal_started", *names(0, 3))


def reload(place: Place) -> str:
    answer = place.command("reload")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def halts(daemon: DaemonProcess) -> list[str]:
    return [line.message for line in daemon.lines if line.action == "halted"]


def all_are_paid_once(sandbox: SandboxProcess) -> bool:
    """Six different pictures, one removal each."""
    removals = sandbox.counters()["executes_by_sha256"]
    return len(removals) == len(COLOURS) and set(removals.values()) == {1}


def shown(place: Place, said: str, *secrets: str) -> list[str]:
    """Which of the secrets stand in the log or in what lies beside the configuration's own files."""
    files = [file for tree in (place.state, place.output) for file in tree.rglob("*") if file.is_file()]
    written = [said.encode(), *(file.read_bytes() for file in files)]
    return [secret for secret in secrets if any(secret.encode() in content for content in written)]


def test_a_next_key_is_taken_up_with_photos_under_way(shop: Place, own_sandbox: SandboxProcess) -> None:
    """The key is exchanged at Uploadcare, then here: the old one is not used again, all finish, each paid once."""
    with shop.start() as daemon:
        under_way(shop, daemon)
        own_sandbox.restart(*SLOW, "--secret-key", NEXT_KEY)
        daemon.wait_for("halted")
        shop.write_secret(NEXT_KEY)
        assert "changed: the secret key" in reload(shop)
        put_photos(shop, 3, 6)
        daemon.wait_for("published", *names(0, 6))
        assert len(halts(daemon)) == 1
        assert daemon.stop() == 0
    assert all_are_paid_once(own_sandbox)
    assert shown(shop, daemon.output, SECRET_KEY, NEXT_KEY) == []


def test_a_wrong_key_halts_with_advice_until_the_right_one_is_back(shop: Place, own_sandbox: SandboxProcess) -> None:
    """Whether Uploadcare takes a key only Uploadcare knows: nothing is lost or blamed, and a reload ends the halt."""
    with shop.start() as daemon:
        under_way(shop, daemon)
        shop.write_secret(WRONG_KEY)
        reload(shop)
        put_photos(shop, 3, 6)
        daemon.wait_for("halted")
        assert "Check public_key and the secret key" in halts(daemon)[0]
        shop.write_secret(SECRET_KEY)
        reload(shop)
        daemon.wait_for("published", *names(0, 6))
        assert daemon.count("failed") == daemon.count("rejected") == 0
        assert daemon.stop() == 0
    assert all_are_paid_once(own_sandbox)
    assert shown(shop, daemon.output, SECRET_KEY, WRONG_KEY) == []


def test_photos_wait_for_the_project_that_they_were_sent_to(
    shop: Place, own_sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """Another project knows nothing of them: none is paid for again there, and back in their own they finish."""
    keys = ("--public-key", "otherpublickey", "--secret-key", NEXT_KEY)
    with SandboxProcess(tmp_path / "others", *keys) as other, shop.start() as daemon:
        under_way(shop, daemon)
        shop.write_secret(NEXT_KEY)
        bases = dict.fromkeys(("api_base", "upload_base", "cdn_base"), other.url)
        shop.configure(uploadcare={"public_key": "otherpublickey", **bases})
        assert "uploadcare.public_key" in reload(shop)
        put_photos(shop, 3, 6)
        daemon.wait_for("published", *names(3, 6))
        eventually(lambda: other.counters()["requests"].get("status", 0) >= 3 + 3)
        assert set(other.counters()["executes_by_sha256"].values()) == {1}
        assert len(other.counters()["executes_by_sha256"]) == 3
        shop.write_secret(SECRET_KEY)
        shop.configure()
        reload(shop)
        daemon.wait_for("published", *names(0, 3))
        assert daemon.stop() == 0
    assert sum(own_sandbox.counters()["executes_by_sha256"].values()) == 3


def test_another_signing_secret_counts_from_the_next_message_on(shop: Place, own_sandbox: SandboxProcess) -> None:
    """What the old one signed is refused, photos are asked about meanwhile, and ``webhook create`` tells Uploadcare."""
    listening(shop)
    with shop.start() as daemon:
        url = subscribe(shop, daemon)
        daemon.wait_for("webhook_heard")
        under_way(shop, daemon)
        (shop.home / "webhook-secret").write_text(NEXT_SECRET)
        daemon.wait_for("published", *names(0, 3))
        (photo,) = shop.versions("0.jpg")
        body = message(str(photo.upload.source_uuid), str(photo.launch.request_id), str(photo.launch.result_uuid))
        assert post(url, body, signature(body, SECRET)).status_code == 401
        assert post(url, body, signature(body, NEXT_SECRET)).status_code == 200
        assert "It was there" in shop.command("webhook", "create", url).stdout
        with own_sandbox.client() as rest:
            assert [each["signing_secret"] for each in rest.get("/webhooks/").json()] == [NEXT_SECRET]
        put_photos(shop, 3, 6)
        daemon.wait_for("published", *names(3, 6))
        assert daemon.stop() == 0
    assert all_are_paid_once(own_sandbox)
    (shop.state / "webhook.json").unlink()
    assert shown(shop, daemon.output, SECRET, NEXT_SECRET) == []
