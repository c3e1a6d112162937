"""Keys changed while photos are under way: the project's secret key, another project's keys, the webhook's secret."""

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
pytestmark = pytest.mark.sandbox_options(*SLOW)
COLOURS = ("red", "green", "blue", "black", "white", "yellow")


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


def test_a_next_key_is_taken_up_with_photos_under_way(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """The key is exchanged at Uploadcare, then here: the old one is not used again, all finish, each paid once."""
    with own_place.start() as daemon:
        under_way(own_place, daemon)
        own_sandbox.restart(*SLOW, "--secret-key", NEXT_KEY)
        daemon.wait_for("halted")
        own_place.write_secret(NEXT_KEY)
        assert "changed: the secret key" in reload(own_place)
        put_photos(own_place, 3, 6)
        daemon.wait_for("published", *names(0, 6))
        assert len(halts(daemon)) == 1
        assert daemon.stop() == 0
    assert all_are_paid_once(own_sandbox)
    assert shown(own_place, daemon.output, SECRET_KEY, NEXT_KEY) == []


def test_a_wrong_key_halts_with_advice_until_the_right_one_is_back(
    own_place: Place, own_sandbox: SandboxProcess
) -> None:
    """Whether Uploadcare takes a key only Uploadcare knows: nothing is lost or blamed, and a reload ends the halt."""
    with own_place.start() as daemon:
        under_way(own_place, daemon)
        own_place.write_secret(WRONG_KEY)
        reload(own_place)
        put_photos(own_place, 3, 6)
        daemon.wait_for("halted")
        assert "Check public_key and the secret key" in halts(daemon)[0]
        own_place.write_secret(SECRET_KEY)
        reload(own_place)
        daemon.wait_for("published", *names(0, 6))
        assert daemon.count("failed") == daemon.count("rejected") == 0
        assert daemon.stop() == 0
    assert all_are_paid_once(own_sandbox)
    assert shown(own_place, daemon.output, SECRET_KEY, WRONG_KEY) == []


def test_photos_wait_for_the_project_that_they_were_sent_to(
    own_place: Place, own_sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """Another project knows nothing of them: none is paid for again there, and back in their own they finish."""
    keys = ("--public-key", "otherpublickey", "--secret-key", NEXT_KEY)
    with SandboxProcess(tmp_path / "others", *keys) as other, own_place.start() as daemon:
        under_way(own_place, daemon)
        own_place.write_secret(NEXT_KEY)
        bases = dict.fromkeys(("api_base", "upload_base", "cdn_base"), other.url)
        own_place.configure(uploadcare={"public_key": "otherpublickey", **bases})
        assert "uploadcare.public_key" in reload(own_place)
        put_photos(own_place, 3, 6)
        daemon.wait_for("published", *names(3, 6))
        eventually(lambda: other.counters()["requests"].get("status", 0) >= 3 + 3)
        assert set(other.counters()["executes_by_sha256"].values()) == {1}
        assert len(other.counters()["executes_by_sha256"]) == 3
        own_place.write_secret(SECRET_KEY)
        own_place.configure()
        reload(own_place)
        daemon.wait_for("published", *names(0, 3))
        assert daemon.stop() == 0
    assert sum(own_sandbox.counters()["executes_by_sha256"].values()) == 3


def test_another_signing_secret_counts_from_the_next_message_on(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """What the old one signed is refused, photos are asked about meanwhile, and ``webhook create`` tells Uploadcare."""
    listening(own_place)
    with own_place.start() as daemon:
        url = subscribe(own_place, daemon)
        daemon.wait_for("webhook_heard")
        under_way(own_place, daemon)
        (own_place.home / "webhook-secret").write_text(NEXT_SECRET)
        daemon.wait_for("published", *names(0, 3))
        (photo,) = own_place.versions("0.jpg")
        body = message(str(photo.upload.source_uuid), str(photo.launch.request_id), str(photo.launch.result_uuid))
        assert post(url, body, signature(body, SECRET)).status_code == 401
        assert post(url, body, signature(body, NEXT_SECRET)).status_code == 200
        assert "It was there" in own_place.command("webhook", "create", url).stdout
        with own_sandbox.client() as rest:
            assert [each["signing_secret"] for each in rest.get("/webhooks/").json()] == [NEXT_SECRET]
        put_photos(own_place, 3, 6)
        daemon.wait_for("published", *names(3, 6))
        assert daemon.stop() == 0
    assert all_are_paid_once(own_sandbox)
    (own_place.state / "webhook.json").unlink()
    assert shown(own_place, daemon.output, SECRET, NEXT_SECRET) == []
