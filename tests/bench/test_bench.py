"""The harness works: a few small photos through every program it measures. Nothing here is about time."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from bench import __main__ as harness
from bench import announced, cpu, figures, gallery, polls, stages, table, weather
from bench.figures import Figure, Findings
from bench.optimum import LogNormal, average, best_schedule
from bench.stage import INSTANT, Stage, open_stage
from bench.stock import SMALL, Stock, make_stock, make_varied_stock
from bench.storm import Storm, Trouble, Weather
from bench.throughput import ideal_s, script_run
from bench.verdict import UnsoundRunError, faults_in, require_sound
from bench.weather import Case
from bench.whereabouts import Part, part_of
from support.processes.sandbox_process import NO_TLS, REST_TYPE, SandboxProcess

PHOTOS = 4


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return make_stock(tmp_path / "stock", PHOTOS, SMALL)


def publish(stock: Stock, output: Path) -> dict[str, dict[str, int]]:
    """What a sound run leaves: every cutout in its place, each paid for once."""
    output.mkdir()
    for item in stock.items:
        (output / item.cutout_name).write_bytes(item.cutout.read_bytes())
    return {"executes_by_sha256": {item.photo_sha256: 1 for item in stock.items}}


def test_the_daemon_and_the_bare_loop_are_measured(tmp_path: Path) -> None:
    """Both take every photo to its own cutout, and each is told with its CPU."""
    findings = cpu.measure(tmp_path / "work", PHOTOS, SMALL)
    assert [figure.name for figure in findings.figures][:1] == ["CPU per photo against the bare loop"]
    assert all(value > 0 for value in findings.series.values())


def test_the_cpu_of_a_photo_is_split_by_the_parts_of_its_journey(tmp_path: Path) -> None:
    """Every part of the daemon's work is found, and of the bare loop's what it does: it has no ledger."""
    split = stages.measure(tmp_path / "work", PHOTOS, SMALL).series
    assert list(split["cutoutd"]) == list(split["bare loop"]) == list(Part)
    assert all(split["cutoutd"][part] > 0 for part in (Part.FINDING, Part.LEDGER, Part.PLACING, Part.HANDING))
    assert split["bare loop"][Part.LEDGER] == split["bare loop"][Part.PLACING] == 0
    assert sum(split["bare loop"].values()) > 0


def test_a_stack_counts_to_the_innermost_place_that_is_listed() -> None:
    """A library's work is its caller's, a thread's job the job's, and the loop's own work nobody else's."""
    sent = ["h11._connection.send", "httpx2._client.post", "cutoutd.uploadcare.transport.send"]
    loop = ["asyncio.events._run", "asyncio.base_events._run_once", "cutoutd.cli.main"]
    assert part_of([*sent, "cutoutd.uploadcare.client.upload_source", *loop]) is Part.UPLOADING
    assert (
        part_of([*sent, "cutoutd.uploadcare.client.get_removal_status", "cutoutd.pipeline.photo_pipeline._ask", *loop])
        is Part.ASKING
    )
    assert part_of(["asyncio.selector_events._read_ready__data_received", *loop]) is Part.DOWNLOADING
    assert part_of(loop) is Part.HANDING
    assert part_of(["json.dumps", "cutoutd.pipeline.scheduling.workers._tell", *loop]) is Part.REST


def test_webhooks_are_measured_from_the_end_of_the_removal(tmp_path: Path) -> None:
    """With webhooks, too, it is told how long a cutout that is done takes to its place."""
    found = announced.measure(tmp_path / "work", PHOTOS, SMALL)
    assert found.figures[0].name == "service done to cutout in place, with webhooks"
    assert len(found.series["published_s"]) == PHOTOS


def test_the_script_is_measured_at_the_realistic_service(tmp_path: Path, stock: Stock) -> None:
    """The integrator's script does what it says, several photos at a time, and no faster than the ideal schedule."""
    run = script_run(tmp_path / "pool", stock, PHOTOS, threads=PHOTOS)
    assert run.photos == PHOTOS
    assert run.over_ideal > 1


CALM = Case("calm", "calm", Weather(0.0), 1.0)


def test_weather_strikes_and_photos_arrive(tmp_path: Path) -> None:
    """In calm weather nothing is struck; requests that are refused or cut are asked again, until all is published."""
    case = Case("rough", "rough", Weather(0.2, (Trouble.REFUSE, Trouble.RESET, Trouble.SHORT)), 99.0)
    findings = weather.measure(tmp_path / "work", PHOTOS, SMALL, cases=[case])
    assert [figure.name for figure in findings.figures] == ["calm weather", "weather: rough"]
    assert findings.series["calm"]["struck"] == {}
    assert [outcome["published"] for outcome in findings.series.values()] == [PHOTOS, PHOTOS]
    assert [outcome["wrong"] + outcome["second_launches"] for outcome in findings.series.values()] == [0, 0]


def test_kinds_are_chosen_by_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of the table's rows has one; a name that is none is refused."""
    keys = [case.key for case in weather.CASES]
    assert len(set(keys)) == len(keys)
    monkeypatch.setattr(sys, "argv", ["bench", "weather", "--kinds", ",".join(keys)])
    assert harness.arguments().kinds == list(weather.CASES)
    monkeypatch.setattr(sys, "argv", ["bench", "weather", "--kinds", "hail"])
    with pytest.raises(SystemExit):
        harness.arguments()
    assert "hail is none of 0.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trouble", "is_acted", "status"),
    [
        (Trouble.REFUSE, False, 503),
        (Trouble.THROTTLE, False, 429),
        (Trouble.RESET, False, None),
        (Trouble.LOST, True, None),
        (Trouble.PORTAL, False, 200),
        (Trouble.SHORT, True, None),
        (Trouble.JUNK, True, 401),
    ],
)
def test_each_trouble_is_what_it_says(tmp_path: Path, trouble: Trouble, is_acted: bool, status: int | None) -> None:  # noqa: FBT001  a column of the table
    """A request is carried out or not, and answered or not, as the table of troubles says."""
    with SandboxProcess(tmp_path) as sandbox, Storm(sandbox.url, Weather(1.0, (trouble,))) as storm:
        try:
            answer = httpx2.get(f"{storm.url}project/", headers={"Accept": REST_TYPE}, verify=NO_TLS, trust_env=False)
            got: int | None = answer.status_code
        except httpx2.TransportError:
            got = None
        assert (got, sandbox.counters()["requests"].get("project", 0)) == (status, int(is_acted))
        assert dict(storm.struck) == {trouble: 1}


def test_kills_take_nothing_along(tmp_path: Path) -> None:
    """A daemon that is killed again and again publishes every photo once."""
    stock = make_varied_stock(tmp_path / "stock", PHOTOS, SMALL)
    outcome = weather.play(tmp_path / "stage", stock, replace(CALM, is_killed=True), 120)
    assert outcome.is_sound
    assert outcome.kills > 0


def test_the_gallery_is_measured_on_a_full_ledger(tmp_path: Path) -> None:
    """Every page answers, whatever is in the ledger."""
    found = [figure.name for figure in gallery.measure(tmp_path / "work", 1_010).figures]
    assert found[0] == "1,010 photos: gallery, newest page"
    assert len(found) == 11


def test_a_sound_run_is_reported(tmp_path: Path, stock: Stock) -> None:
    """Nothing is found fault with where every photo has its cutout and was paid for once."""
    counters = publish(stock, tmp_path / "out")
    require_sound(stock.items, tmp_path / "out", counters)


def test_an_unsound_run_is_refused(tmp_path: Path, stock: Stock) -> None:
    """A lost photo, one with another one's cutout, one paid for twice and one nobody knows: each is named."""
    output = tmp_path / "out"
    counters = publish(stock, output)
    lost, swapped, twice, _ = stock.items
    (output / lost.cutout_name).unlink()
    (output / swapped.cutout_name).write_bytes(twice.cutout.read_bytes())
    counters["executes_by_sha256"][twice.photo_sha256] = 2
    counters["executes_by_sha256"]["somebody else's"] = 1
    assert list(faults_in(stock.items, output, counters)) == [
        f"{lost.name} was lost",
        f"{swapped.name} was published wrong",
        f"{twice.name} was paid for 2 times",
        "1 launches were of no photo",
    ]
    with pytest.raises(UnsoundRunError, match="nothing is reported"):
        require_sound(stock.items, output, counters)


def test_the_sandbox_hands_out_what_was_rendered_before(tmp_path: Path, stock: Stock) -> None:
    """The cutouts made beforehand are the ones published, so no rendering is inside a measurement."""
    marked = replace(stock, items=stock.items[:1])
    with open_stage(tmp_path / "stage", marked, *INSTANT) as stage:
        assert published_by_a_daemon(stage) == 1
        stage.require_sound()


def published_by_a_daemon(stage: Stage) -> int:
    stage.configure()
    with stage.start_daemon() as daemon:
        stage.drop()
        daemon.wait_until(lambda: stage.published == len(stage.stock.items), 60)
    return stage.published


def test_the_best_schedule_is_better_than_any_clock() -> None:
    """For the price of a poll that a clock pays, dynamic programming finds a schedule that costs less in all."""
    times, price_s = LogNormal(4.0, 0.25), 1.0
    best = average(best_schedule(times, price_s), times)
    for interval_s in (0.5, 1.0, 2.0, 5.0):
        clock = average([interval_s * number for number in range(1, 60)], times)
        assert best.polls * price_s + best.wait_s < clock.polls * price_s + clock.wait_s


def test_a_schedule_of_one_late_poll_waits_until_it() -> None:
    """Averages are right where they can be reckoned by hand: one poll, at a time when all are done."""
    times = LogNormal(4.0, 0.1)
    point = average([10.0], times)
    assert point.polls == pytest.approx(1.0)
    assert point.wait_s == pytest.approx(10.0 - 4.0, abs=0.1)


def test_polls_are_played_on_our_own_pace(tmp_path: Path) -> None:
    """Cutoutd's schedule is drawn with the frontier and all its rivals."""
    findings = polls.measure(tmp_path, photos=20)
    assert set(findings.series) == {"0.25", "0.5"}
    rivals = {"every 1 s", "every 2 s", "every 5 s", "x1.5 back-off"}
    assert {"best", "cutoutd", "cutoutd's curve", *rivals} == set(findings.series["0.5"])


def test_one_measurement_that_fails_takes_no_other_along(
    tmp_path: Path, kept_apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found before and after it is kept and stands in the table; the exit code says that something failed."""

    def fail(_work: Path, _photos: int) -> Findings:
        raise RuntimeError("a sandbox that does not start")

    def find(_work: Path, photos: int) -> Findings:
        return Findings([Figure("photos", "> 1", str(photos), photos > 1)])

    parts = {"one": find, "two": fail, "three": find}
    measurements = {name: harness.Measurement(measure, 2, 0.1) for name, measure in parts.items()}
    monkeypatch.setattr(harness, "MEASUREMENTS", measurements)
    figures.RESULTS.write_text("{}")
    monkeypatch.setattr(sys, "argv", ["bench", "--work", str(tmp_path / "work")])
    assert harness.main() == 1
    assert list(figures.kept_results()) == ["one", "three"]
    assert (kept_apart / "benchmark.md").read_text().count("| photos | > 1 | 2 | met |") == 2


def test_the_chart_is_drawn_from_what_was_measured(kept_apart: Path) -> None:
    """From all that is kept, and as well from nothing: places say how to fill them."""
    from bench.chart import draw_chart  # noqa: PLC0415  only where matplotlib is

    draw_chart()
    with Image.open(kept_apart / "benchmark.png") as drawn:
        size = drawn.size
    figures.RESULTS.write_text("{}")
    draw_chart()
    with Image.open(kept_apart / "benchmark.png") as drawn:
        assert drawn.size == size


@pytest.fixture
def kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results, tables and chart of their own, where the real ones stay as they are."""
    chart = pytest.importorskip("bench.chart", reason="matplotlib is of the extra bench")
    apart = tmp_path / "apart"
    apart.mkdir()
    for module, name in ((figures, "RESULTS"), (table, "DOCUMENT"), (chart, "CHART")):
        real: Path = getattr(module, name)
        shutil.copy(real, apart)
        monkeypatch.setattr(module, name, apart / real.name)
    return apart


def test_an_empty_run_has_no_ideal() -> None:
    """The ideal is of removals that were made."""
    with pytest.raises(ValueError, match="empty"):
        ideal_s([])
