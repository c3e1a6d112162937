"""``cutoutd plan``: what it foretells is what then happens, and it touches nothing."""

import json
from pathlib import Path
from typing import Any

from support.images.drawn_photos import jpeg, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


def plan(place: Place, *options: str) -> dict[str, Any]:
    ended = place.command("plan", "--json", *options)
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def everything_in(place: Place) -> dict[str, tuple[int, int]]:
    """Every file and folder with its times; the ledger's own readers leave their marks beside it, not in it."""
    return {
        str(path.relative_to(place.home)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(place.home.rglob("*"))
        if path.parent != place.state or path.suffix == ".sqlite3"
    }


def fill(place: Place) -> None:
    picture = jpeg()
    for path in ("a.jpg", "sub/copy-of-a.jpg"):
        put(place.input / path, picture)
    put(place.input / "b.jpg")
    put(place.input / "half.jpg", jpeg()[:400])
    put(place.input / "page.jpg", b"%PDF-1.7 " + bytes(100))
    put(place.input / "readme.txt", b"no photo")
    put(place.input / "drafts/c.jpg")


def test_a_plan_before_the_first_run_is_what_the_run_does(place: Place, sandbox: SandboxProcess) -> None:
    """Without a ledger: two removals for three photos, two rejections; nothing is written or asked; the run agrees."""
    price = {"operations_per_removal": 60, "per_1000_operations": 0.5}
    place.configure(folder={"exclude": ["drafts"]}, price=price, limits={"per_day": 1})
    fill(place)
    before = everything_in(place)
    told = plan(place)
    shop = told["folders"]["shop"]
    assert (shop["to_send"], shop["reused"], shop["rejected"]) == (2, 1, 2)
    assert {reason["code"]: reason["photos"] for reason in shop["reasons"]} == {"truncated": 1, "not_a_picture": 1}
    assert (told["removals"], told["limits"]["held"], told["operations_are_complete"]) == (2, 1, True)
    assert told["money"] > 0
    assert "2 removals would be launched" in place.command("plan").stdout
    assert everything_in(place) == before
    assert sandbox.counters()["executes_by_sha256"] == {}
    place.configure(folder={"exclude": ["drafts"]})
    assert "3 published, 2 rejected" in place.run_once().stdout
    assert sum(sandbox.counters()["executes_by_sha256"].values()) == told["removals"]


def test_a_plan_knows_what_was_done(place: Place) -> None:
    """Published and rejected photos cost nothing again; a copy of a published one is free; a daemon may run beside."""
    fill(place)
    place.run_once()
    put(place.input / "copy-of-b.jpg", (place.input / "b.jpg").read_bytes())
    put(place.input / "new.jpg")
    told = plan(place)
    shop = told["folders"]["shop"]
    assert (shop["published"], shop["troubled"], shop["to_send"], shop["reused"]) == (4, 2, 1, 1)
    assert told["removals"] == 1
    with place.start() as daemon:
        daemon.wait_for("published", "new.jpg", "copy-of-b.jpg")
        shop = plan(place)["folders"]["shop"]
        assert (shop["published"], shop["to_send"]) == (6, 0)


def test_a_carried_away_cutout_is_not_promised_for_reuse(place: Place) -> None:
    """A copy whose picture was published is paid for again when no cutout of it can be had any more."""
    put(place.input / "a.jpg")
    place.run_once()
    (place.output / "a.png").unlink()
    put(place.input / "copy.jpg", (place.input / "a.jpg").read_bytes())
    shop = plan(place)["folders"]["shop"]
    assert (shop["published"], shop["to_send"], shop["reused"]) == (1, 1, 0)


def test_two_photos_for_one_place_are_foretold(place: Place) -> None:
    """With on_conflict: skip one of a.jpg and a.jpeg would be rejected, also after the other was published."""
    place.configure(folder={"on_conflict": "skip"})
    put(place.input / "a.jpg")
    put(place.input / "a.jpeg")
    shop = plan(place)["folders"]["shop"]
    assert (shop["to_send"], shop["rejected"], shop["reasons"][0]["code"]) == (1, 1, "target_taken")
    (place.input / "a.jpeg").unlink()
    place.run_once()
    put(place.input / "a.jpeg")
    shop = plan(place)["folders"]["shop"]
    assert (shop["published"], shop["to_send"], shop["rejected"]) == (1, 0, 1)


def test_changed_parameters_are_priced(place: Place) -> None:
    """--changed counts published photos bound to other parameters, each picture once, and not those that are gone."""
    fill(place)
    place.run_once()
    assert plan(place, "--changed")["removals"] == 0
    place.configure(folder={"remove_bg": {"crop": True}})
    (place.input / "b.jpg").unlink()
    told = plan(place, "--changed")
    shop = told["folders"]["shop"]
    assert (told["removals"], shop["reused"], shop["changing"], shop["published"]) == (2, 1, 1, 0)


def test_a_missing_input_is_said(place: Place, tmp_path: Path) -> None:
    """An unmounted share is no empty folder, and a plan without it is not whole."""
    place.configure(folder={"input": str(tmp_path / "nowhere")})
    ended = place.command("plan", "--json")
    assert ended.returncode == 1
    assert "cannot be read" in json.loads(ended.stdout)["folders"]["shop"]["absence"]
    assert "cannot be read" in place.command("plan").stdout
