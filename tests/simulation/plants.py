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
        item="B1 a search for nothing",
        file="pipeline/steps/recover_launch.py",
        old="    return not traces.may_have_run and search.locked_for_s is None",
        new="    return False",
        profile="unsent",
    ),
    Plant(
        item="B8 the launch rate does not recover",
        file="pipeline/budget/launch_rate.py",
        old="        while self._per_minute < self._ceiling and now_s - self._risen_at_s >= _MINUTE_S:",
        new="        while self._count(now_s) >= 0.9 * self._per_minute and self._per_minute < self._ceiling:",
        profile="throttles",
    ),
    Plant(
        item="B5 a refusal of one file halts all",
        file="pipeline/scheduling/refusals.py",
        old="    DeliveryRefusedError: RefusalScope.UNSURE,",
        new="    DeliveryRefusedError: RefusalScope.PROJECT,",
        profile="one file",
    ),
    Plant(
        item="B5 a rule of the project fails every photo",
        file="uploadcare/error_mapping.py",
        old="        case HTTPStatus.BAD_REQUEST if _TYPES_MESSAGE.search(response.text):",
        new="        case HTTPStatus.BAD_REQUEST if False:",
        profile="types",
    ),
    Plant(
        item="B6 a twin waits for a payer that cannot finish",
        file="core/photo/wait.py",
        old="UNBOUNDED = frozenset({WaitKind.UNAVAILABLE, WaitKind.UNAPPROVED, WaitKind.PLACE, WaitKind.HELD})",
        new="UNBOUNDED = frozenset({WaitKind.UNAPPROVED})",
        profile="leavers",
    ),
    Plant(
        item="B2 hung removals stop all launches",
        file="pipeline/scheduling/next_photos.py",
        old="    return 1 if is_trial_due else room",
        new="    return room",
        profile="removals",
    ),
    Plant(
        item="D21 pixels are not looked at",
        file="images/structure/png_check.py",
        old="                self._pixels.take(taken)",
        new="                pass",
        profile="junk",
    ),
    Plant(
        item="C12 a paid answer is dropped when the ledger is away",
        file="ledger/ledger.py",
        old="        return await self.paid_facts.store(photo, fact, wait)",
        new="        return await self.record(photo, fact, wait)",
        profile="ledger",
    ),
    Plant(
        item="a foreign file is replaced",
        file="core/linux_calls.py",
        old="_NO_REPLACE = 1",
        new="_NO_REPLACE = 0",
        profile="calm",
    ),
    Plant(
        item="a lost launch is launched again at once",
        file="pipeline/steps/recover_launch.py",
        old="    if traces.result_uuid is not None:\n        return RecoveryAction.ADOPT\n",
        new="    if traces.result_uuid is not None:\n        return RecoveryAction.LAUNCH_AGAIN\n",
        profile="lost",
    ),
    Plant(
        item="C13 a renamed photo with a lost answer is paid for again",
        file="pipeline/steps/recover_launch.py",
        old="_likeness_of_any((first, *copies), folders)",
        new="_likeness_of_any((first,), folders)",
        profile="lost",
    ),
)
