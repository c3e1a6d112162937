"""Nothing that stands still holds up what can go on (B): each fault with its edit and its weather."""

from simulation.plants.plant import Edit, Plant

PLANTS: tuple[Plant, ...] = (
    Plant(
        item="B1 a search for nothing",
        edits=(
            Edit(
                "pipeline/steps/recover_launch.py",
                "    return not traces.may_have_run and search.locked_for_s is None",
                "    return False",
            ),
        ),
        profile="unsent",
        shows=r"told as lost",
    ),
    Plant(
        item="B8 the launch rate does not recover",
        edits=(
            Edit(
                "pipeline/budget/launch_rate.py",
                "        while self._per_minute < self._ceiling and now_s - self._risen_at_s >= _MINUTE_S:",
                "        while self._count(now_s) >= 0.9 * self._per_minute and self._per_minute < self._ceiling:",
            ),
        ),
        profile="throttles",
        shows=r"uploaded",
    ),
    Plant(
        item="B5 a refusal of one file halts all",
        edits=(
            Edit(
                "pipeline/scheduling/refusals.py",
                "    DeliveryRefusedError: RefusalScope.UNSURE,",
                "    DeliveryRefusedError: RefusalScope.PROJECT,",
            ),
        ),
        profile="one file",
        shows=r"a halt goes on|uploaded|accepted",
    ),
    Plant(
        item="B5 a rule of the project fails every photo",
        edits=(
            Edit(
                "uploadcare/error_mapping.py",
                "        case HTTPStatus.BAD_REQUEST if _TYPES_MESSAGE.search(response.text):",
                "        case HTTPStatus.BAD_REQUEST if False:",
            ),
        ),
        profile="types",
        shows=r"failed",
    ),
    Plant(
        item="B6 a twin waits for a payer that cannot finish",
        edits=(
            Edit(
                "core/photo/wait.py",
                "UNBOUNDED = frozenset({WaitKind.UNAVAILABLE, WaitKind.UNAPPROVED, WaitKind.PLACE, WaitKind.HELD})",
                "UNBOUNDED = frozenset({WaitKind.UNAPPROVED})",
            ),
        ),
        profile="leavers",
        shows=r"duplicate",
    ),
    Plant(
        item="B2 hung removals stop all launches",
        edits=(
            Edit(
                "pipeline/scheduling/next_photos.py",
                "    return 1 if is_trial_due else room",
                "    return room",
            ),
        ),
        profile="removals",
        shows=r"uploaded",
    ),
    Plant(
        item="B3 folders are not served in turn",
        edits=(
            Edit(
                "ledger/queries/picking.py",
                "        .order_by(turns.c.turn, turns.c.range, is_before_turn, turns.c.folder)",
                "        .order_by(turns.c.folder, turns.c.turn, turns.c.range)",
            ),
        ),
        profile="turns",
        shows=r"not done by then: b/single",
    ),
    Plant(
        item="B1 one lost answer stops every launch",
        edits=(
            Edit(
                "pipeline/scheduling/next_photos.py",
                "        picked = picking.pick(ledger, self.pick)",
                """        from cutoutd.core.photo import State as S
        lost = self.stage.state is S.UPLOADED and any(
            each.launch.unclear_since_s for each in photo_queries.at_state(ledger, {S.REMOVAL_INTENDED}, 20)
        )
        picked = picking.Picked([], None, True) if lost else picking.pick(ledger, self.pick)""",
            ),
        ),
        profile="lost answers",
        shows=r"a lost answer of another photo holds up",
    ),
    Plant(
        item="B2 removals that hang count for ever",
        edits=(
            Edit(
                "ledger/queries/picking.py",
                "_IS_PLACED = ~and_(_IS_LATE, _IS_PASSED)",
                "_IS_PLACED = ~and_(_IS_LATE, _IS_PASSED, photos.c.id < 0)",
            ),
        ),
        profile="stuck",
        shows=r"\(?uploaded, none",
    ),
)
