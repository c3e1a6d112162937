"""Figure 5: bad weather between cutoutd and the service, as times of the calm run beside it, and what it cost.

Photos come all at once. Time counts until the last cutout is in place, and until no removal is looked for any more.
"""

import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from bench.figures import Figure, Findings
from bench.program import Program
from bench.progress import say
from bench.stage import Stage, open_stage, realistic
from bench.stock import Stock, make_varied_stock
from bench.storm import Storm, Trouble, Weather
from cutoutd.ledger.sqlite.database import LEDGER_NAME

SIZE = (800, 600)
_KILL_EVERY_S = 3.0
#: On a machine that is busy, a daemon needs longer to start; it is to have done something before the next kill.
_AWAKE_S = 1.0
#: A run is given up after so many times its goal, and reported with what it had not done.
_PATIENCE = 1.5
_CALM_WITHIN_S = 600.0
_NOTHING = Weather(0.0)
_MANY_STUMBLES = 12
#: Runs with one kind of trouble mostly wait, so two at a time hardly disturb each other; and not the goals, if they do.
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of weather, with its goal in times of the calm run."""

    key: str  #: how it is chosen
    name: str
    weather: Weather
    goal: float
    is_killed: bool = False

    @property
    def may_run_beside_others(self) -> bool:
        """Whether it mostly waits."""
        return len(self.weather.troubles) == 1 and not self.is_killed


CASES: Sequence[Case] = (
    Case("0.1", "all kinds, 0.1", Weather(0.1), 2.5),
    Case("0.3", "all kinds, 0.3", Weather(0.3), 6.0),
    *(Case(trouble, f"{trouble} alone, 0.3", Weather(0.3, (trouble,)), 6.0) for trouble in Trouble),
    Case("kills", "all kinds, 0.2, a kill every 3 s", Weather(0.2), 8.0, is_killed=True),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the photos, by the sandbox's counters, the files and the log."""

    photos: int
    wall_s: float
    published: int
    wrong: int
    failed: int
    second_launches: int
    told_double: int
    kills: int
    doubtful_launches: int
    struck: Mapping[Trouble, int]
    slowest: Sequence[float]
    said: Mapping[str, int] = field(default_factory=dict)
    dwelt: Mapping[str, tuple[float, float]] = field(default_factory=dict)  #: mean and longest seconds in a state

    @property
    def is_sound(self) -> bool:
        """Whether all is published right, nothing failed or paid twice, and doubts were told only where there are."""
        is_whole = self.published == self.photos and not self.wrong and not self.failed
        return is_whole and not self.second_launches and self.told_double <= self.doubtful_launches

    @property
    def summary(self) -> str:
        """In words."""
        kills = f" and {self.kills} kills" if self.kills else ""
        half_s, most_s = self.slowest
        return (
            f"{self.wall_s:.0f} s with {sum(self.struck.values())} requests struck{kills};"
            f" {self.published} of {self.photos} published, half after {half_s:.0f} s, 95 % after {most_s:.0f} s;"
            f" {self.wrong} wrong, {self.failed} failed, {self.second_launches} paid twice;"
            f" possible double charges told: {self.told_double}, launches in doubt: {self.doubtful_launches};"
            f" longest on average: {self._longest_states}"
        )

    @property
    def _longest_states(self) -> str:
        ordered = sorted(self.dwelt.items(), key=lambda item: item[1][0], reverse=True)
        return ", ".join(f"{state} {mean:.0f} s (at most {most:.0f} s)" for state, (mean, most) in ordered[:2])


def measure(work: Path, photos: int = 200, size: tuple[int, int] = SIZE, cases: Sequence[Case] = CASES) -> Findings:
    """A calm run through the same proxy, then every kind of weather."""
    stock = make_varied_stock(work / "stock", photos, size)
    say(f"calm weather, with {photos} photos")
    calm = play(work / "calm", stock, Case("calm", "calm", _NOTHING, 1.0), _CALM_WITHIN_S)
    figures, outcomes = [Figure("calm weather", "", calm.summary, calm.is_sound)], {"calm": calm}
    say(f"calm weather: {calm.summary}")

    def play_one(case: Case) -> Outcome:
        say(f"{case.name}: at most {_PATIENCE * case.goal * calm.wall_s / 60:.0f} minutes")
        outcome = play(work / case.key, stock, case, _PATIENCE * case.goal * calm.wall_s)
        say(f"{case.name}: {figure_of(case, outcome, calm).result}")
        return outcome

    for batch in _batches(cases):
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as runs:
            outcomes |= zip((case.name for case in batch), runs.map(play_one, batch), strict=True)
    figures += [figure_of(case, outcomes[case.name], calm) for case in cases]
    return Findings(figures, {name: asdict(outcome) for name, outcome in outcomes.items()})


def _batches(cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
    """Cases that run alone, each by itself, then those that may run beside each other."""
    yield from ([case] for case in cases if not case.may_run_beside_others)
    yield [case for case in cases if case.may_run_beside_others]


def figure_of(case: Case, outcome: Outcome, calm: Outcome) -> Figure:
    """A line of the table."""
    times = outcome.wall_s / calm.wall_s
    goal = f"<= {case.goal:g} times the calm run, none wrong, failed or paid twice"
    is_met = outcome.is_sound and times <= case.goal
    return Figure(f"weather: {case.name}", goal, f"{times:.1f} times; {outcome.summary}", is_met)


def play(home: Path, stock: Stock, case: Case, within_s: float) -> Outcome:
    """One daemon, its photos and the weather, until all is published or ``within_s`` are over."""
    with (
        open_stage(home, stock, *realistic()) as stage,
        Storm(stage.sandbox.url, case.weather) as storm,
    ):
        bases = dict.fromkeys(("api_base", "upload_base", "cdn_base"), storm.url)
        stage.configure(uploadcare={"remote_cleanup": "delete", **bases})
        watch = _Watch(stage, within_s)
        said: Counter[str] = Counter()
        kills = 0
        daemon = stage.start_daemon()
        with _Killed(daemon):
            watch.begin()
            if not case.is_killed:
                watch.until_over()
        said += _said(daemon.log)
        while case.is_killed and not watch.is_over:
            kills += 1
            with _Killed(_restarted(stage)) as daemon:
                watch.for_seconds(_KILL_EVERY_S)
            said += _said(daemon.log)
        return _judged(stage, watch, said, kills, storm)


class _Watch:
    """The output as it fills."""

    def __init__(self, stage: Stage, within_s: float) -> None:
        self._stage = stage
        self._within_s = within_s
        self._began_s = 0.0
        self.at_s: list[float] = []  #: when each cutout was seen, from the drop

    def begin(self) -> None:
        """Drop the photos; the clock runs from here."""
        self._began_s = time.monotonic()
        self._stage.drop()

    @property
    def gone_s(self) -> float:
        """Since the drop."""
        return time.monotonic() - self._began_s

    @property
    def is_over(self) -> bool:
        """Whether all is published, or patience is."""
        return len(self.at_s) >= len(self._stage.stock.items) or self.gone_s > self._within_s

    def look(self) -> None:
        """See what has come."""
        here = sum(place.suffix == ".png" and place.name[0] != "." for place in self._places())
        self.at_s += [self.gone_s] * (here - len(self.at_s))
        time.sleep(0.1)

    def _places(self) -> list[Path]:
        output = self._stage.place.output
        return list(output.iterdir()) if output.is_dir() else []

    def until_over(self) -> None:
        """Look until nothing more is to come."""
        while not self.is_over:
            self.look()

    def for_seconds(self, span_s: float) -> None:
        """Look for so long."""
        until_s = self.gone_s + span_s
        while not self.is_over and self.gone_s < until_s:
            self.look()


class _Killed:
    """A daemon that is killed at the end."""

    def __init__(self, daemon: Program) -> None:
        self._daemon = daemon

    def __enter__(self) -> Program:
        return self._daemon

    def __exit__(self, *error: object) -> None:
        self._daemon.__exit__(None, None, None)


def _restarted(stage: Stage) -> Program:
    """A daemon that was started again, and is awake for at least a second of its short life."""
    daemon = Program(("-m", "cutoutd", "run", "--config", str(stage.place.config)), stage.home / "daemon.log")
    with suppress(TimeoutError):
        daemon.wait_until_said('"started"', 60)
    return daemon


def _said(log: Path) -> Counter[str]:
    """How often each warning and each kind of wait was logged."""
    said: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        with suppress(ValueError):
            said[str(json.loads(line).get("action", ""))] += 1
    return said


def _judged(stage: Stage, watch: _Watch, said: Counter[str], kills: int, storm: Storm) -> Outcome:
    launches = stage.sandbox.counters()["executes_by_sha256"]
    status = stage.place.status()
    ends = sorted(watch.at_s) + [watch.gone_s] * (len(stage.stock.items) - len(watch.at_s))
    return Outcome(
        photos=len(stage.stock.items),
        wall_s=ends[-1],
        published=len(watch.at_s),
        wrong=sum(_is_wrong(stage, item.cutout_name, item.cutout_sha256) for item in stage.stock.items),
        failed=len(status["troubled"]),
        second_launches=sum(count - 1 for count in launches.values()),
        told_double=said["possible_double_charge"],
        kills=kills,
        doubtful_launches=storm.doubtful_launches,
        struck=storm.struck,
        slowest=(ends[len(ends) // 2], ends[int(len(ends) * 0.95)]),
        said=dict(said.most_common(_MANY_STUMBLES)),
        dwelt=_dwelt(stage.place.state / LEDGER_NAME),
    )


def _dwelt(ledger: Path) -> dict[str, tuple[float, float]]:
    """Return for each state how long a photo stood in it, on average over those that did, and at most."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        facts = database.execute("SELECT photo_id, at_s, to_state FROM events ORDER BY photo_id, id").fetchall()
    spans: dict[str, Counter[int]] = {}
    for (photo, since_s, state), (next_photo, until_s, _) in pairwise(facts):
        if photo == next_photo:
            spans.setdefault(state, Counter())[photo] += until_s - since_s
    return {state: (sum(each.values()) / len(each), max(each.values())) for state, each in spans.items()}


def _is_wrong(stage: Stage, name: str, sha256: str) -> bool:
    place = stage.place.output / name
    return place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() != sha256
