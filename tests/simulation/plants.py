"""The table of planted faults: the edit that brings each back, and the weather that shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A fault to plant.

    Args:
        item: the number of the mended fault, or a name for a plausible mistake.
        file: below ``daemon/cutoutd``.
        old: the text as it is; it occurs once.
        new: the text with the fault.
        profile: the weather that finds it.
        first_seed: where the hunt begins.
    """

    item: str
    file: str
    old: str
    new: str
    profile: str = "all"
    first_seed: int = 0


PLANTS: tuple[Plant, ...] = (
    Plant(
        item="copies are paid for again",
        file="pipeline/photo_pipeline.py",
        old="if info.is_superseded_by_newer or info.has_cutout:",
        new="if info.is_superseded_by_newer:",
        profile="calm",
    ),
    Plant(
        item="an older version takes the place of a newer one",
        file="ledger/queries/duplicates.py",
        old="is_superseded_by_newer=photo_queries.has_newer_publication(transaction, photo),",
        new="is_superseded_by_newer=False,",
        profile="network",
    ),
    Plant(
        item="a lost launch is taken for one that was never sent",
        file="uploadcare/client.py",
        old="raise ResponseLostError(msg + trace_note(head)) from error",
        new="raise NeverSentError(msg) from error",
        profile="lost",
    ),
    Plant(
        item="a halt never ends",
        file="pipeline/scheduling/halt.py",
        old="            and not after.wait.is_delayed\n",
        new="            and after.wait.is_delayed\n",
        profile="halts",
    ),
    Plant(
        item="B1 a search for nothing",
        file="pipeline/steps/recover_launch.py",
        old="    return not traces.may_have_run and search.locked_for_s is None",
        new="    return False",
        profile="network",
    ),
    Plant(
        item="B8 the launch rate does not recover",
        file="pipeline/budget/launch_rate.py",
        old="        while self._per_minute < self._ceiling and now_s - self._risen_at_s >= _MINUTE_S:",
        new="        while self._count(now_s) >= 0.9 * self._per_minute and self._per_minute < self._ceiling:",
        profile="throttles",
    ),
)
