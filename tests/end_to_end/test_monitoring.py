"""What machines that watch over machines are told: alive, ready, and numbers."""

from support.clients import http_requests
from support.clients.monitoring_client import address, metrics, needs_promtool, promtool
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

LISTENING = {"listen": "127.0.0.1:0"}


@needs_promtool
def test_prometheus_finds_no_fault_with_the_metrics(place: Place) -> None:
    """Its own linter is content with names, types and help of all that is told, before and after work was done."""
    place.configure(web=LISTENING)
    with place.start() as daemon:
        url = address(daemon)
        assert promtool("check", "metrics", given=http_requests.get(f"{url}/metrics").text) == ""
        put(place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        assert promtool("check", "metrics", given=http_requests.get(f"{url}/metrics").text) == ""


def test_the_numbers_follow_the_photos(place: Place) -> None:
    """Photos, facts, stages, polls, launches and operations are what was done, also after a restart."""
    place.configure(web=LISTENING)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(place.input / name)
    (place.input / "bad.jpg").write_bytes(b"no picture")
    with place.start() as daemon:
        url = address(daemon)
        daemon.wait_for("published", "a.jpg", "b.jpg", "c.jpg")
        daemon.wait_for("rejected", "bad.jpg")
        told = metrics(url)
        assert told['cutoutd_photos{folder="shop",state="published"}'] == 3
        assert told['cutoutd_photos{folder="shop",state="rejected"}'] == 1
        assert told['cutoutd_photos{folder="shop",state="discovered"}'] == 0
        assert told['cutoutd_facts_total{fact="published",folder="shop"}'] == 3
        assert told['cutoutd_stage_seconds_count{stage="discovered"}'] == 4
        assert told['cutoutd_stage_seconds_count{stage="removal_started"}'] == 3
        assert told["cutoutd_removal_polls_count"] == 3
        assert told["cutoutd_launches_total"] == 3
        assert told['cutoutd_operations_total{purpose="launch"}'] == 3
        assert told["cutoutd_last_published_timestamp_seconds"] > 0
        assert told["process_cpu_seconds_total"] > 0
        assert daemon.stop() == 0
    with place.start() as daemon:
        url = address(daemon)
        assert metrics(url)['cutoutd_photos{folder="shop",state="published"}'] == 3
        eventually(lambda: metrics(url)["cutoutd_last_published_timestamp_seconds"] > 0)


def test_a_reload_forgets_no_photo(place: Place) -> None:
    """Photos are counted once, whatever service took them in, and a folder's new photos are counted after it too."""
    place.configure(web=LISTENING)
    put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        place.configure(web=LISTENING, limits={"per_day": 100})
        assert place.command("reload").returncode == 0
        put(place.input / "b.jpg")
        daemon.wait_for("published", "b.jpg")
        daemon.wait_until(lambda lines: sum(line.action == "listening" for line in lines) == 2)
        url = address(daemon)
        assert metrics(url)['cutoutd_photos{folder="shop",state="published"}'] == 2
        assert metrics(url)['cutoutd_facts_total{fact="published",folder="shop"}'] == 1


def test_it_is_told_why_nothing_is_sent(place: Place, sandbox: SandboxProcess) -> None:
    """A halt and a pause show in the numbers; the halt makes it unready, with its reason, and the pause does not."""
    place.configure(web=LISTENING)
    sandbox.set_faults({"kind": "status", "status": 403, "on": "execute", "times": 1000})
    with place.start() as daemon:
        url = address(daemon)
        eventually(lambda: http_requests.get(f"{url}/readyz").status_code == 200)
        assert http_requests.get(f"{url}/readyz").json() == {"ready": True, "reasons": [], "notes": []}
        assert place.command("pause", "lunch").returncode == 0
        answer = http_requests.get(f"{url}/readyz")
        assert (answer.status_code, answer.json()["notes"][0]["code"]) == (200, "paused")
        assert metrics(url)["cutoutd_paused"] == 1
        assert place.command("resume").returncode == 0
        put(place.input / "a.jpg")
        daemon.wait_for("halted")
        answer = http_requests.get(f"{url}/readyz")
        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (503, "halted")
        told = metrics(url)
        assert told['cutoutd_halted{reason="addon_refused"}'] == 1
        assert told['cutoutd_halted{reason="keys_refused"}'] == 0
        assert told["cutoutd_paused"] == 0
        assert http_requests.get(f"{url}/healthz").json() == {"alive": True, "stuck": []}
        eventually(lambda: metrics(url)["cutoutd_oldest_waiting_photo_seconds"] > 0)


def test_a_plan_that_refuses_more_launches_is_told(place: Place, sandbox: SandboxProcess) -> None:
    """Launches that met a 429 are counted, and the photo that met it is launched all the same."""
    place.configure(web=LISTENING)
    sandbox.set_faults({"kind": "status", "status": 429, "on": "execute", "times": 1, "retry_after_s": 1})
    put(place.input / "a.jpg")
    with place.start() as daemon:
        url = address(daemon)
        daemon.wait_for("published", "a.jpg")
        assert metrics(url)["cutoutd_launches_throttled_total"] == 1
        assert metrics(url)["cutoutd_launches_total"] == 2


def test_a_folder_that_is_away_is_told(place: Place) -> None:
    """When it is the only one, nothing can be done: not ready; and the folder is named."""
    place.configure(web=LISTENING)
    put(place.input / "a.jpg")
    with place.start() as daemon:
        url = address(daemon)
        daemon.wait_for("published", "a.jpg")
        place.input.rename(place.home / "elsewhere")
        eventually(lambda: http_requests.get(f"{url}/readyz").status_code == 503)
        (reason,) = http_requests.get(f"{url}/readyz").json()["reasons"]
        assert reason["code"] == "standby"
        assert reason["sentence"].startswith("shop: ")
        assert metrics(url)['cutoutd_folder_standby{folder="shop"}'] == 1
        (place.home / "elsewhere").rename(place.input)
        eventually(lambda: http_requests.get(f"{url}/readyz").status_code == 200)


def test_only_looking_is_possible(place: Place) -> None:
    """GET and HEAD are answered under whatever name the machine is asked by; nothing else is."""
    place.configure(web=LISTENING)
    with place.start() as daemon:
        url = address(daemon)
        for path in ("/healthz", "/readyz", "/metrics"):
            eventually(
                lambda path=path: http_requests.get(f"{url}{path}", headers={"Host": "photos.example"}).is_success
            )
            assert http_requests.head(f"{url}{path}").status_code == 200
            assert http_requests.post(f"{url}{path}").status_code in {403, 405}
