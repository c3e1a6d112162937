"""Batches that are too large in the real daemon: nothing is sent before a person agrees, whatever happens meanwhile."""

import re
from pathlib import Path

from cutoutd.core.photo import State
from support.clients.page_client import OWN, shown, visitor
from support.images.drawn_photos import jpeg, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

MOST = 10


def launches(sandbox: SandboxProcess) -> int:
    return sum(sandbox.counters()["executes_by_sha256"].values())


def drop(place: Place, prefix: str, number: int) -> None:
    """Many photos that appear at one moment, as when a folder is moved in."""
    aside = place.home / prefix
    for count in range(number):
        put(aside / f"{count}.jpg")
    aside.rename(place.input / prefix)


def held(place: Place) -> int:
    return sum(batch["held"] for batch in place.status()["batches"])


def test_a_large_batch_is_held_and_says_what_to_type(place: Place, sandbox: SandboxProcess) -> None:
    """Of thirty photos over a limit of ten none is sent; status and run --once name the folder, number and command."""
    place.configure(limits={"confirm_over": MOST}, price={"operations_per_removal": 5, "per_1000_operations": 100})
    drop(place, "new", 30)
    ended = place.run_once()
    assert ended.returncode == 5
    assert "shop: 30 photos wait; type: cutoutd approve shop (about " in ended.stderr
    assert sandbox.counters()["requests"] == {}
    status = place.status()
    assert [(batch["folder"], batch["photos"], batch["held"]) for batch in status["batches"]] == [("shop", 30, 30)]
    assert status["batches"][0]["money"] == status["batches"][0]["operations"] / 10 >= 30 * (3 + 5) / 10
    assert status["launches"]["held"] == 30
    assert {(photo["state"], photo["until_s"]) for photo in status["waiting"]} == {("accepted", None)}
    assert all("type: cutoutd approve shop" in photo["reason"] for photo in status["waiting"])
    for told in (place.command("status"), place.command("check", "--offline")):
        assert "30 photos wait; type: cutoutd approve shop" in told.stdout
    assert "shop: all 30 would wait for your approval" in place.command("plan").stdout
    # A higher limit, or none, holds from the next start.
    place.configure(limits={"confirm_over": None})
    assert place.run_once().returncode == 0
    assert (launches(sandbox), len(place.outputs())) == (30, 30)


def test_a_batch_dropped_on_a_running_daemon_is_held_through_a_crash(place: Place, sandbox: SandboxProcess) -> None:
    """Nothing slips through of what appears at one moment; killed and started again, the daemon still holds it."""
    place.configure(limits={"confirm_over": MOST})
    with place.start() as daemon:
        daemon.wait_for("started")
        drop(place, "new", 30)
        eventually(lambda: held(place) == 30)
        daemon.kill()
    with place.start() as daemon:
        daemon.wait_for("started")
        eventually(lambda: place.status()["running"])
        put(place.input / "one-more.jpg")
        eventually(lambda: held(place) == 31)
        assert daemon.stop() == 0
    assert sandbox.counters()["requests"] == {}


def test_each_held_batch_is_one_line_of_the_log(place: Place) -> None:
    """With number, cost and command; growing is no news, but a batch after an approval and a restart are."""
    place.configure(limits={"confirm_over": MOST}, price={"operations_per_removal": 5})
    with place.start() as daemon:
        daemon.wait_for("started")
        drop(place, "new", 30)
        daemon.wait_for("batch_held")
        (line,) = (line for line in daemon.lines if line.action == "batch_held")
        assert line.level == "warning"
        assert '"shop" has 30 new photos' in line.message
        assert "They cost about " in line.message
        assert line.message.endswith("To go on: cutoutd approve shop")
        put(place.input / "one-more.jpg")
        eventually(lambda: held(place) == 31)
        assert place.command("approve", "shop", "--yes").returncode == 0
        eventually(lambda: len(place.cutouts()) == 31)
        assert daemon.count("batch_held") == 1
        drop(place, "later", 30)
        daemon.wait_until(lambda lines: sum(line.action == "batch_held" for line in lines) == 2)
        assert daemon.stop() == 0
    with place.start() as daemon:
        daemon.wait_for("batch_held")
        assert daemon.stop() == 0


def test_a_steady_flow_is_never_held(place: Place, sandbox: SandboxProcess) -> None:
    """Photos that come one by one are published, however many they become."""
    place.configure(limits={"confirm_over": 2})
    with place.start() as daemon:
        for number in range(6):
            put(place.input / f"{number}.jpg")
            daemon.wait_for("published", f"{number}.jpg")
        assert daemon.stop() == 0
    assert launches(sandbox) == 6


def test_a_batch_that_shrinks_goes_on_by_itself(place: Place, sandbox: SandboxProcess) -> None:
    """When photos turn out to need no payment, the rest is no longer too many."""
    place.configure(limits={"confirm_over": 2})
    pictures = [jpeg() for _ in range(2)]
    for number, picture in enumerate(pictures):
        put(place.input / f"{number}.jpg", picture)
    assert place.run_once().returncode == 0
    aside = place.home / "aside"
    for number, picture in enumerate([*pictures, jpeg(), jpeg()]):
        put(aside / f"{number}.jpg", picture)
    aside.rename(place.input / "aside")
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 4
    assert {photo.state for photo in place.versions("aside/0.jpg")} == {State.PUBLISHED}


def test_reuse_is_never_held(place: Place, sandbox: SandboxProcess) -> None:
    """Copies of paid pictures cost nothing and are published, while the rest of their batch waits."""
    place.configure(limits={"confirm_over": 2})
    picture = jpeg()
    put(place.input / "paid.jpg", picture)
    assert place.run_once().returncode == 0
    drop(place, "new", 5)
    put(place.input / "copy.jpg", picture)
    assert place.run_once().returncode == 5
    assert place.versions("copy.jpg")[0].state is State.PUBLISHED
    assert (launches(sandbox), held(place)) == (1, 5)


def test_folders_are_counted_apart(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """A batch in one folder holds up no photo of another."""
    place = Place(tmp_path / "shop", sandbox.url)
    (place.home / "other").mkdir()
    trees = [
        {"name": "shop", "input": str(place.input), "output": str(place.output)},
        {"name": "other", "input": str(place.home / "other"), "output": str(place.output)},
    ]
    place.configure(limits={"confirm_over": 3}, folders=trees)
    drop(place, "new", 5)
    put(place.home / "other" / "single.jpg")
    assert place.run_once().returncode == 5
    assert (launches(sandbox), place.outputs()) == (1, ["single.png"])


def test_approval_releases_exactly_those_present(place: Place, sandbox: SandboxProcess) -> None:
    """What waits when a person agrees goes on at once; photos that come later are a batch of their own."""
    place.configure(limits={"confirm_over": MOST}, price={"operations_per_removal": 10})
    drop(place, "first", 12)
    with place.start() as daemon:
        daemon.wait_for("started")
        eventually(lambda: held(place) == 12)
        told = place.command("approve", "shop", "--dry-run")
        assert (told.returncode, told.stdout.startswith("shop: 12 to be approved, about ")) == (0, True)
        unsure = place.command("approve", "shop")
        assert (unsure.returncode, "say --yes" in unsure.stderr) == (2, True)
        assert sandbox.counters()["requests"] == {}
        agreed = place.command("approve", "shop", "--yes")
        assert (agreed.returncode, agreed.stdout.startswith("shop: 12 approved, about ")) == (0, True)
        eventually(lambda: len(place.cutouts()) == 12)
        drop(place, "second", 11)
        eventually(lambda: held(place) == 11)
        assert launches(sandbox) == 12
        assert daemon.stop() == 0
    # With nobody running the command works on the ledger itself, here for all folders.
    assert place.command("approve", "--yes").stdout.startswith("shop: 11 approved")
    assert place.command("approve", "--yes").stdout == "Nothing waits for approval.\n"
    assert place.command("approve", "shops", "--yes").returncode == 1
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 23


def test_an_approved_batch_still_keeps_to_the_limits(place: Place, sandbox: SandboxProcess) -> None:
    """Approval opens no allowance: the day's limit holds the rest, and nothing asks for approval again."""
    place.configure(limits={"confirm_over": MOST, "per_day": 4})
    drop(place, "new", 12)
    assert place.run_once().returncode == 5
    assert (launches(sandbox), held(place)) == (0, 12)
    assert place.command("approve", "--yes").returncode == 0
    assert place.run_once().returncode == 5
    status = place.status()
    assert (launches(sandbox), status["batches"], status["launches"]["held"]) == (4, [], 8)
    assert all("limits.per_day" in photo["reason"] for photo in status["waiting"])


def test_photos_that_came_later_are_not_approved_unseen(place: Place, sandbox: SandboxProcess) -> None:
    """The page shows the batch by name; its form, sent after another consent, pays for no later batch."""
    drop(place, "new", MOST + 2)
    with shown(place, limits={"confirm_over": MOST}) as (daemon, link), visitor(link) as client:
        eventually(lambda: held(place) == MOST + 2)
        seen = client.get("/approve?folder=shop")
        assert all(f">{count}.jpg<" in seen.text for count in range(MOST + 2))
        assert seen.text.count("/photo/small?v=") == MOST + 2
        form = {name: re.findall(rf'name="{name}" value="(\w+)"', seen.text)[0] for name in ("csrf", "photos", "last")}
        assert place.command("approve", "shop", "--yes").returncode == 0
        daemon.wait_for("published", *(f"new/{count}.jpg" for count in range(MOST + 2)))
        drop(place, "later", MOST + 1)
        eventually(lambda: held(place) == MOST + 1)
        assert client.get(f"/approve?folder=shop&last={form['last']}").status_code == 303
        assert client.get("/photos?group=unapproved").text.count("shop/later<") == MOST + 1
        answer = client.post("/approve", data={**form, "folder": "shop"}, headers=OWN, follow_redirects=True)
        assert "nothing waits for approval" in answer.text.lower()
        assert held(place) == MOST + 1
        assert launches(sandbox) == MOST + 2
