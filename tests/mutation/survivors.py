"""The survivors: which change each is, and which of them are explained in ``survivors.toml``."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from mutmut.mutation.diff_apply import find_mutant, get_diff_for_mutant

from mutation.copies import current
from mutation.outcomes import Outcome, function_of

#: The function, as ``cutoutd.pipeline.backoff.x_backoff``, and the changed lines. The numbers of mutants change with
#: every edit, so they name nothing.
Change = tuple[str, str]


def changes_of(work: Path, names: Sequence[str]) -> dict[str, Change]:
    """Return the change of each of these mutants."""
    with current(work):  # because mutmut reads its configuration there
        return {
            name: (function_of(name), _change(get_diff_for_mutant(name, path=find_mutant(name).path))) for name in names
        }


def explained() -> dict[Change, str]:
    """Return the survivors that change nothing anyone can see, each with its reason."""
    entries = tomllib.loads((Path(__file__).parent / "survivors.toml").read_text())["survivors"]
    return {(entry["function"], entry["change"].strip()): entry["because"] for entry in entries if entry["because"]}


def unused(known: Mapping[Change, str], survivors: Mapping[str, Change], outcomes: Sequence[Outcome]) -> list[Change]:
    """Return the explained changes of these modules that do not survive any more."""
    functions = {function_of(outcome.name) for outcome in outcomes}
    return [change for change in known if change[0] in functions and change not in survivors.values()]


def _change(diff: str) -> str:
    """Return the added lines; if there are none, the removed ones behind a minus sign."""
    lines = [line for line in diff.splitlines() if not line.startswith(("+++", "---"))]
    added = [line[1:].strip() for line in lines if line.startswith("+")]
    return "\n".join(added) or "\n".join(f"- {line[1:].strip()}" for line in lines if line.startswith("-"))
