"""The outcomes of mutants: kept in the folder of the copy, and counted for each module."""

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

LEAST_KILLED_SHARE = 0.95

#: The mutants that the type checker refuses, and its words; a file in the folder of the copy.
REFUSED_BY_TYPES = Path("types.json")

#: A line for each mutant that was tried; the last one of a mutant counts.
_TRIED = Path("outcomes.jsonl")

TYPES, TESTS, TIMEOUT, SURVIVED, NO_TESTS = "types", "tests", "timeout", "survived", "no tests"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mutant, and what noticed it."""

    name: str  #: as ``cutoutd.pipeline.backoff.x_backoff__mutmut_3``
    status: str  #: TYPES, TESTS, TIMEOUT, SURVIVED or NO_TESTS
    by: str = ""  #: the test that noticed it
    code: str = ""  #: the hash of the function as it was

    @property
    def is_killed(self) -> bool:
        """True if the type checker refuses it, or a test fails on it or hangs in it."""
        return self.status in {TYPES, TESTS, TIMEOUT}

    @property
    def module(self) -> str:
        """The module of the changed function, without the package's name."""
        return self.name.rsplit(".", 1)[0].removeprefix("cutoutd.")


def function_of(mutant: str) -> str:
    """Return the changed function of a mutant."""
    return re.sub(r"__mutmut_(\d+|orig)$", "", mutant)


def names_of(work: Path) -> list[str]:
    """Return all mutants."""
    return [name for meta in _metas(work) for name in meta["exit_code_by_key"]]


def hashes_of(work: Path) -> dict[str, str]:
    """Return a hash of each function that has mutants, by its name."""
    hashes: dict[str, str] = {}
    for meta in _metas(work):
        modules = {name.rsplit(".", 1)[0] for name in meta["exit_code_by_key"]}
        hashes |= {
            f"{module}.{name}": code for module in modules for name, code in meta["hash_by_function_name"].items()
        }
    return hashes


def note_outcome(work: Path, outcome: Outcome) -> None:
    """Keep the outcome of a trial. One write, because several processes append."""
    with (work / _TRIED).open("a", buffering=1 << 16) as file:
        file.write(json.dumps(asdict(outcome)) + "\n")


def read_outcomes(work: Path) -> list[Outcome]:
    """Return the outcomes of all mutants as they are now; one that was not tried has none."""
    refused: dict[str, str] = json.loads((work / REFUSED_BY_TYPES).read_text())
    lines = (work / _TRIED).read_text().splitlines() if (work / _TRIED).exists() else []
    tried = {outcome.name: outcome for outcome in (Outcome(**json.loads(line)) for line in lines)}
    hashes = hashes_of(work)
    found = [Outcome(name, TYPES, words) for name, words in refused.items()]
    for name in set(names_of(work)) - refused.keys():
        outcome = tried.get(name)
        if outcome is not None and outcome.code == hashes[function_of(name)]:
            found.append(outcome)
    return sorted(found, key=lambda outcome: outcome.name)


def left_in(work: Path) -> list[str]:
    """Return the mutants to try: those that neither the type checker refuses nor a test has noticed."""
    done = {outcome.name for outcome in read_outcomes(work) if outcome.is_killed}
    return [name for name in names_of(work) if name not in done]


def _metas(work: Path) -> list[dict[str, dict[str, str]]]:
    return [json.loads(meta.read_text()) for meta in sorted((work / "mutants").rglob("*.py.meta"))]


def killed_share(outcomes: Sequence[Outcome]) -> float:
    """Return the share of these that was noticed."""
    return sum(outcome.is_killed for outcome in outcomes) / max(1, len(outcomes))


def table(outcomes: Sequence[Outcome], explained: Collection[str]) -> str:
    """Return a row for each module and one for all; `explained` names the survivors that may be."""
    modules: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        modules.setdefault(outcome.module, []).append(outcome)
    head = f"{'module':44} mutants   types   tests  timeout  explained  survived  no tests   killed"
    rows = [_row(module, modules[module], explained) for module in sorted(modules)]
    return "\n".join([head, *rows, _row("all", outcomes, explained)])


def _row(name: str, outcomes: Sequence[Outcome], explained: Collection[str]) -> str:
    by = Counter("explained" if outcome.name in explained else outcome.status for outcome in outcomes)
    counts = f"{by[TYPES]:7} {by[TESTS]:7} {by[TIMEOUT]:8} {by['explained']:10} {by[SURVIVED]:9} {by[NO_TESTS]:9}"
    return f"{name:44} {len(outcomes):7} {counts}  {killed_share(outcomes):7.1%}"
