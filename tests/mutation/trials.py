"""``python -m mutation.trials JOBS MOST_S``, in the copy: try each mutant with the tests that reach its function.

The tests are collected once. A first child runs all of them, and tells which functions each reaches. Then a child for
each mutant runs those tests, and ends with the first that fails. Forks make this fast: nothing is imported twice.
"""

import gc
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from mutmut.state import state

from mutation.children import Tell, forked, lines_from
from mutation.outcomes import NO_TESTS, SURVIVED, TESTS, TIMEOUT, Outcome, function_of, hashes_of, left_in, note_outcome

#: The unit tests that may reach a package; the ones of the whole would take days.
_TESTS = {
    "cutoutd.pipeline": ("tests/unit/pipeline",),
    "cutoutd.ledger": ("tests/unit/ledger", "tests/unit/pipeline"),
}
_ALL_TESTS = ("tests/unit",)

#: Longer tests are left out: they reach nearly everything, so that each survivor would wait for them.
_LONGEST_TEST_S = 4.0

#: Those that would take minutes to be found so.
_SURELY_LONG = (
    "tests/unit/ledger/test_ledger_machine.py",
    "tests/unit/pipeline/test_request_budget.py::test_what_costs_nothing_goes_on_at_its_pace",
    "tests/unit/pipeline/test_remote_cleanup.py::test_files_are_deleted_in_batches",
)

#: A mutant hangs if a test takes so many times as long as without it, and so many seconds more.
_LIMIT_TIMES, _LIMIT_MORE_S = 10.0, 20.0

#: No test takes so long.
_LIMIT_OF_LOOK_S = 600.0

#: After so many tests what they reach is kept, because a run may be stopped.
_KEPT_AT_ONCE = 50

#: Read by the code of mutmut in each changed function.
_ACTIVE = "MUTANT_UNDER_TEST"


def main() -> int:
    """Collect the tests, and let the plugin below do the rest."""
    work = Path.cwd().parent
    packages = {".".join(function.split(".")[:2]) for function in hashes_of(work)}
    folders = sorted({folder for package in packages for folder in _TESTS.get(package, _ALL_TESTS)})
    os.environ[_ACTIVE] = ""
    options = ["-q", "-s", "-p", "no:cacheprovider", "--rootdir=.", "--tb=no"]
    options += [f"--deselect={test}" for test in _SURELY_LONG]
    return int(pytest.main([*options, *folders], plugins=[_Trials(work, int(sys.argv[1]), float(sys.argv[2]))]))


class _Trials:
    """Tries the mutants in place of running the tests."""

    def __init__(self, work: Path, jobs: int, most_s: float) -> None:
        self._work = work
        self._jobs = jobs
        self._most_s = most_s
        self._codes = hashes_of(work)
        self._killers: dict[str, list[str]] = defaultdict(list)  # by function: the tests that noticed a mutant of it

    def pytest_configure(self) -> None:
        """Do not shrink an example: that it fails is enough."""
        settings.register_profile("mutation", deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
        settings.load_profile("mutation")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find the tests that reach each function, then try the mutants, in several processes at once."""
        if session.testsfailed:
            return False
        tests = self._look(session)
        left = left_in(self._work)
        _say(f"{len(left):,} mutants are tried, with {len(tests):,} tests")
        gc.freeze()  # because the children would else copy what their collector touches
        items = {item.nodeid: item for item in session.items if item.nodeid in tests}
        parent = os.getpid()

        def try_share(number: int) -> None:
            for name in left[number :: self._jobs]:
                if os.getppid() != parent:
                    return  # because the run was stopped
                self._try(session, name, [items[test] for test in self._in_turn(name, tests)], tests)

        children = [forked(lambda number=number: try_share(number)) for number in range(self._jobs)]
        return not any([os.waitpid(child, 0)[1] for child in children])  # noqa: C419  each is waited for

    def _look(self, session: pytest.Session) -> dict[str, dict[str, Any]]:
        """Return for each test the functions that it reaches, and its seconds; not of long and failing ones."""
        kept = self._work / "reached.json"
        hashes = {item.nodeid: _hash_of(item.path) for item in session.items}
        known: dict[str, dict[str, Any]] = json.loads(kept.read_text()) if kept.exists() else {}
        known = {test: found for test, found in known.items() if found["hash"] == hashes.get(test)}
        new = [item for item in session.items if item.nodeid not in known]
        for line in lines_from(lambda tell: _look_at(session, new, tell), lambda _: _LIMIT_OF_LOOK_S):
            test, found = json.loads(line)
            known[test] = {**found, "hash": hashes[test]}
            if len(known) % _KEPT_AT_ONCE == 0:
                kept.write_text(json.dumps(known))
        kept.write_text(json.dumps(known))
        for test in (test for test, found in known.items() if found["has_failed"]):
            _say(f"left out, because it fails without a mutant: {test}")
        return {test: f for test, f in known.items() if not f["has_failed"] and f["seconds"] <= _LONGEST_TEST_S}

    def _in_turn(self, mutant: str, tests: dict[str, dict[str, Any]]) -> list[str]:
        """Return the tests that noticed another mutant of the function first, then those that reach least beside it."""
        function = function_of(mutant)
        reaching = [test for test, found in tests.items() if function in found["functions"]]
        killers = [test for test in self._killers[function] if test in reaching]
        rest = sorted(set(reaching) - set(killers), key=lambda test: (len(tests[test]["functions"]), test))
        in_turn = [*killers, *rest]
        ends_s = accumulate(tests[test]["seconds"] for test in in_turn)
        return [test for test, end_s in zip(in_turn, ends_s, strict=True) if end_s <= self._most_s]

    def _try(
        self, session: pytest.Session, name: str, items: Sequence[pytest.Item], tests: dict[str, dict[str, Any]]
    ) -> None:
        def limit_s(line: str) -> float:
            return _LIMIT_MORE_S + _LIMIT_TIMES * tests[line]["wall_s"] if line in tests else _LIMIT_MORE_S

        status, by, last = SURVIVED if items else NO_TESTS, "", ""
        try:
            for line in lines_from(lambda tell: _run(session, name, items, tell), limit_s) if items else ():
                last = line
                by = line.removeprefix("failed ") if line.startswith("failed ") else by
        except TimeoutError:
            status, by = TIMEOUT, last
        if status is SURVIVED and (by or last != "done"):  # without a last word the child died of the mutant
            status, by = TESTS, by or last
        if by:
            killers = self._killers[function_of(name)]
            killers[:] = [by, *(test for test in killers if test != by)]
        note_outcome(self._work, Outcome(name, status, by, self._codes[function_of(name)]))


def _look_at(session: pytest.Session, items: Sequence[pytest.Item], tell: Tell) -> None:
    os.environ[_ACTIVE] = "stats"
    for item, following in zip(items, [*items[1:], None], strict=False):
        state()._stats.clear()
        failed, begin_s, cpu_s = session.testsfailed, time.monotonic(), _cpu_s()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        found = {
            "functions": sorted(state()._stats),
            "seconds": round(_cpu_s() - cpu_s, 3),
            "wall_s": round(time.monotonic() - begin_s, 3),
            "has_failed": session.testsfailed > failed,
        }
        tell(json.dumps([item.nodeid, found]))


def _run(session: pytest.Session, mutant: str, items: Sequence[pytest.Item], tell: Tell) -> None:
    os.environ[_ACTIVE] = mutant
    for item, following in zip(items, [*items[1:], None], strict=False):
        tell(item.nodeid)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            tell(f"failed {item.nodeid}")
            session._setupstate.teardown_exact(None)  # because fixtures of the session hold processes
            break
    tell("done")


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _hash_of(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()[:12]


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
