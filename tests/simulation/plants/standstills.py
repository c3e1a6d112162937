"""Nothing that stands still holds up what can go on (B): each fault with its edit and its weather."""

from simulation.plants.plant import Edit, Plant

PLANTS: tuple[Plant, ...] = (
    Plant(
        item="B1 a search for nothing",
        edits=(
            Edit(
                "pipeline/steps/launching/recover_launch.py",
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
            Edit(
                "pipeline/scheduling/stage_queue.py",
                "            self._by_folder[folder] = photos\n",
                """            self._by_folder[folder] = photos
            self._by_folder.move_to_end(folder, last=False)
""",
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
                "            if room <= 0:",
                """            is_open = self.stage.state is State.UPLOADED and any(
                each.launch.unclear_since_s for each in photo_queries.at_state(ledger, {State.REMOVAL_INTENDED}, 20)
            )
            room = 0 if is_open else room
            if room <= 0:""",
            ),
            Edit(
                "pipeline/scheduling/stage_queue.py",
                "        if self.is_asking:",
                "        if self.is_asking or self.stage.state.value == 'uploaded':",
            ),
        ),
        profile="lost answers",
        shows=r"a lost answer of another photo holds up",
    ),
    Plant(
        item="B2 results without a place take places",
        edits=(
            Edit(
                "ledger/queries/picking.py",
                "    photos.c.wait_kind.not_in(sorted(_STANDING_STILL)),",
                "    photos.c.wait_kind != WaitKind.UNAPPROVED.value,",
            ),
        ),
        profile="placeless",
        shows=r"not done by then: b/later",
    ),
    Plant(
        item="B2 a hung removal cannot be given up",
        edits=(
            Edit(
                "control/give_up.py",
                "                failed = await self._ledger.record(photo, _GIVEN_UP)",
                "                failed = photo",
            ),
        ),
        profile="given up",
        shows=r"not done by then: b/copy",
    ),
    Plant(
        item="B4 photos without a place keep an allowance",
        edits=(
            Edit(
                "ledger/writes/launches.py",
                "_CLAIM_NONE = [WaitKind.UNAPPROVED, WaitKind.UNAVAILABLE, WaitKind.PLACE, WaitKind.DUPLICATE]",
                "_CLAIM_NONE = [WaitKind.UNAPPROVED]",
            ),
        ),
        profile="kept back",
        shows=r"b/b\d+.jpg.* held",
    ),
    Plant(
        item="B1 the same picture with other parameters is launched while an outcome is open",
        edits=(
            Edit(
                "ledger/queries/duplicates.py",
                "    or_(photos.c.unclear_since_s.is_not(None), photos.c.locked_since_s.is_not(None)),",
                "    photos.c.unclear_since_s < 0,",
            ),
            Edit(
                "ledger/ledger.py",
                "            if not is_unique and duplicates.is_called_for_otherwise(transaction, photo):",
                "            if False:",
            ),
        ),
        profile="two parameters",
        shows=r"was paid for \d+ times",
    ),
    Plant(
        item="B8 a damaged result is fetched for ever",
        edits=(
            Edit(
                "pipeline/steps/delivery/damage.py",
                "    if fetches < MOST_FETCHES:",
                "    if True:",
            ),
            Edit("pipeline/backoff.py", "    if isinstance(error, ResultDamagedError):", "    if False:"),
        ),
        profile="spoilt",
        shows=r"cdn was asked for \d+ times",
    ),
    Plant(
        item="B8 a twin pays for a damaged result",
        edits=(
            Edit(
                "ledger/queries/duplicates.py",
                """    photos.c.result_uuid.is_not(None),
    bindparam("is_anew").is_(False),""",
                """    photos.c.result_uuid.is_not(None),
    bindparam("is_anew").is_(None),""",
            ),
        ),
        profile="spoilt",
        shows=r"was paid for \d+ times",
    ),
)
