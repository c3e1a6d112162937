"""The example rules and the dashboard: Prometheus reads them, and finds in a real daemon all that they ask for."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.clients import http_requests
from support.clients.monitoring_client import address, needs_prometheus, needs_promtool, promtool
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess
from support.servers.ports import free_port

SHIPPED = Path(__file__).parent.parent.parent / "systemd"
RULES = SHIPPED / "prometheus-alerts.yml"
DASHBOARD: dict[str, Any] = json.loads((SHIPPED / "grafana-dashboard.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]


@needs_promtool
def test_the_rules_are_sound() -> None:
    """Promtool reads them without complaint."""
    assert promtool("check", "rules", str(RULES)) == ""


@needs_promtool
def test_the_rules_fire_when_they_should() -> None:
    """Each at what it is for, none while all is well, at a pause, or at a restart."""
    assert promtool("test", "rules", str(Path(__file__).with_name("alerts.yml"))) == ""


def test_the_dashboard_has_grafanas_form() -> None:
    """Its panels have ids of their own, their place, and the data source that a person chooses on loading."""
    assert DASHBOARD["schemaVersion"] >= 36
    assert (DASHBOARD["uid"], DASHBOARD["id"]) == ("cutoutd", None)
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    assert variables["instance"]["type"] == "query"
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert {"type", "title", "gridPos", "fieldConfig", "options"} <= panel.keys()
        assert panel["type"] in {"stat", "timeseries"}
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)


def test_no_panel_lies_on_another() -> None:
    """All lie within the 24 columns."""
    places = [panel["gridPos"] for panel in PANELS]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_below, (one, other)


@needs_prometheus
def test_every_panel_and_rule_finds_its_numbers(tmp_path: Path) -> None:
    """A real Prometheus asks a real daemon at work: no expression is a mistake, and no panel stays empty."""
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        place = Place(tmp_path / "shop", sandbox.url)
        place.configure(web={"listen": "127.0.0.1:0"})
        with place.start() as daemon, scraping(tmp_path, address(daemon).removeprefix("http://")) as prometheus:
            for number in range(4):
                put(place.input / f"{number}.jpg")
                daemon.wait_for("published", f"{number}.jpg")
            try:
                eventually(lambda: not empty_panels(prometheus))
            except TimeoutError:
                pytest.fail(f"nothing to show: {empty_panels(prometheus)}")
            assert len(rules_of(prometheus)) == RULES.read_text().count("- alert:")
            eventually(lambda: {rule["health"] for rule in rules_of(prometheus)} == {"ok"})


def rules_of(prometheus: str) -> list[dict[str, Any]]:
    groups = http_requests.get(f"{prometheus}/api/v1/rules").json()["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def empty_panels(prometheus: str) -> list[str]:
    """Which panels would show nothing; raises at an expression that Prometheus does not take."""
    empty = []
    for title, expression in EXPRESSIONS:
        concrete = expression.replace("$instance", ".*").replace("$__rate_interval", "1m")
        answer = http_requests.get(f"{prometheus}/api/v1/query", params={"query": concrete}).json()
        assert answer["status"] == "success", (title, answer)
        if not answer["data"]["result"]:
            empty.append(f"{title}: {concrete}")
    return empty


@contextmanager
def scraping(folder: Path, target: str) -> Iterator[str]:
    """A Prometheus that asks this daemon every second; where it can itself be asked."""
    port = free_port()
    scraping = [{"job_name": "cutoutd", "static_configs": [{"targets": [target]}]}]
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (folder / "prometheus.yml").write_text(
        json.dumps({"global": every, "rule_files": [str(RULES)], "scrape_configs": scraping})
    )
    arguments = (
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(["prometheus", *arguments], stdout=log, stderr=log)
        try:
            eventually(lambda: process.poll() is not None or _is_ready(port))
            if process.poll() is not None:
                pytest.fail((folder / "prometheus.log").read_text())
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def _is_ready(port: int) -> bool:
    try:
        return http_requests.get(f"http://127.0.0.1:{port}/-/ready").is_success
    except httpx2.TransportError:
        time.sleep(0.1)
        return False
