"""The command line of the simulator, and the processes that run its worlds."""

import argparse
import ctypes
import gc
import json
import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cache

from simulation.planted import hunt
from simulation.plants import PLANTS, UNPROVEN
from simulation.profiles import NARROW
from simulation.run import Verdict, run
from simulation.shrink import shrink
from simulation.story import Story
from simulation.weather import PROFILES, draw

#: Seconds of the processor after which a world is taken for hung: real time would make a busy machine fail.
_MOST_CPU_S = 120

#: The child ends with its parent (prctl(2)).
_PR_SET_PDEATHSIG = 1


def main(words: Sequence[str]) -> int:
    """Run the command line; return 1 if a world failed."""
    parser = argparse.ArgumentParser(prog="simulation")
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument("--seeds", default="0:50", help="FROM:TO")
    parser.add_argument("--profile", choices=(*PROFILES, *NARROW), default="all")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no world after this time")
    parser.add_argument("-j", type=int, default=1, help="processes at once")
    parser.add_argument("-v", action="store_true", help="show everything that happens")
    parser.add_argument("--first", action="store_true", help="end at the first failure")
    parser.add_argument("--until", metavar="REGEX", help="end at the first failure with such a fault")
    parser.add_argument("--shrink", action="store_true", help="shrink the story of a failing seed")
    parser.add_argument("--planted", nargs="*", metavar="ITEM", help="hunt planted faults; without a name, all")
    parser.add_argument("--most", type=int, default=2_000, help="worlds for each planted fault")
    given = parser.parse_args(words)
    if given.planted is not None:
        return _hunt(given.planted, given.most, given.j)
    if given.seed is not None and given.shrink:
        return _shrink(draw(given.seed, given.profile))
    if given.seed is not None:
        return _replay(draw(given.seed, given.profile), is_verbose=given.v)
    first, _, end = given.seeds.partition(":")
    began_s, failed, number = time.monotonic(), 0, 0
    stories = (draw(seed, given.profile) for seed in range(int(first), int(end)))
    until_s = began_s + given.seconds
    for verdict in run_all((story for story in stories if time.monotonic() < until_s), given.j):
        number += 1
        failed += bool(verdict.faults)
        if verdict.faults or given.v:
            _print(verdict)
        if verdict.faults and (given.first or (given.until and _has(verdict, given.until))):
            return 1
    print(f"{number} worlds, {failed} failed, {time.monotonic() - began_s:.1f} s")  # noqa: T201
    return int(failed > 0)


def _has(verdict: Verdict, words: str) -> bool:
    return any(re.search(words, fault) for fault in verdict.faults)


def _hunt(names: Sequence[str], most: int, processes: int) -> int:
    known = (*PLANTS, *UNPROVEN)
    plants = [plant for plant in known if any(name in plant.item for name in names)] if names else PLANTS
    missed = 0
    for found in hunt(plants, most_seeds=most, processes=processes):
        missed += found.seed is None
        where = "NOT FOUND" if found.seed is None else f"seed {found.seed}"
        print(f"{found.plant.item}: {where}, {found.seconds:.0f} s: {found.fault}", flush=True)  # noqa: T201
    return int(missed > 0)


def _shrink(story: Story) -> int:
    def run_one(each: Story) -> Verdict:
        return next(iter(run_all([each], 1)))

    shorter, verdict = shrink(story, run_one, lambda text: print(text, flush=True))  # noqa: T201
    for event in shorter.events:
        print(f"{event.at_s:9.3f} {event}")  # noqa: T201
    _print(verdict)
    return int(bool(verdict.faults))


def _replay(story: Story, *, is_verbose: bool) -> int:
    for event in story.events:
        print(f"{event.at_s:9.3f} {event}")  # noqa: T201
    (verdict,) = run_all([story], 1, is_verbose=is_verbose)
    _print(verdict)
    return int(bool(verdict.faults))


def _print(verdict: Verdict) -> None:
    state = "FAILED" if verdict.faults else "ok"
    numbers = f"{verdict.photos} photos, {verdict.paid} paid, {verdict.elapsed_s:.0f} s, trace {verdict.trace[:16]}"
    print(f"seed {verdict.seed}: {state} ({numbers})")  # noqa: T201
    for fault in verdict.faults:
        print(f"    {fault}")  # noqa: T201
    sys.stdout.flush()


def run_all(
    stories: "Iterator[Story] | Sequence[Story]", processes: int, *, is_verbose: bool = False
) -> Iterator[Verdict]:
    """Run each story in a process of its own, which begins as a copy of this one."""
    warm_up()
    running: dict[int, tuple[Story, int]] = {}
    for story in stories:
        if len(running) >= processes:
            yield _finished(running)
        reader, writer = os.pipe()
        sys.stdout.flush()
        if (child := os.fork()) == 0:
            os.close(reader)
            _run_in_child(story, writer, is_verbose=is_verbose)
        os.close(writer)
        running[child] = story, reader
    while running:
        yield _finished(running)


@cache
def warm_up() -> None:
    """Run a calm world in this process, so that those to come find imports, SQL texts and the like ready."""
    gc.disable()
    with suppress(Exception):  # because a fault of the product belongs to the worlds that show it
        run(draw(0, "calm"))
    gc.freeze()


def _run_in_child(story: Story, writer: int, *, is_verbose: bool) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    gc.disable()
    try:
        verdict = asdict(run(story, is_verbose=is_verbose))
    except BaseException:  # noqa: BLE001  the parent tells of it
        verdict = asdict(Verdict(story.seed, (traceback.format_exc(),), "", 0.0, 0, 0))
    with os.fdopen(writer, "w") as pipe:
        json.dump(verdict, pipe)
    sys.stdout.flush()
    os._exit(0)


def _finished(running: dict[int, tuple[Story, int]]) -> Verdict:
    child, status = os.wait()
    story, reader = running.pop(child)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    if not text:
        return Verdict(story.seed, (f"the world did not end: status {status}",), "", 0.0, 0, 0)
    found = json.loads(text)
    return Verdict(**{**found, "faults": tuple(found["faults"])})
