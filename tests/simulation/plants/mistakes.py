"""Plausible mistakes that were never made: each fault with its edit and its weather."""

from simulation.plants.plant import Edit, Plant

PLANTS: tuple[Plant, ...] = (
    Plant(
        item="mistake: copies are paid for again",
        edits=(
            Edit(
                "pipeline/photo_pipeline.py",
                "if info.is_superseded_by_newer or info.has_cutout:",
                "if info.is_superseded_by_newer:",
            ),
        ),
        profile="calm",
        shows=r"was paid for \d+ times",
    ),
    Plant(
        item="mistake: an older version takes the place of a newer one",
        edits=(
            Edit(
                "ledger/queries/duplicates.py",
                "is_superseded_by_newer=photo_queries.has_newer_publication(transaction, photo),",
                "is_superseded_by_newer=False,",
            ),
        ),
        profile="network",
        shows=r"is not the service|is not there",
    ),
    Plant(
        item="mistake: a foreign file is replaced",
        edits=(
            Edit(
                "core/linux_calls.py",
                "_NO_REPLACE = 1",
                "_NO_REPLACE = 0",
            ),
        ),
        profile="calm",
        shows=r"foreign file",
    ),
    Plant(
        item="mistake: a lost launch is launched again at once",
        edits=(
            Edit(
                "pipeline/steps/launching/recover_launch.py",
                "    if traces.result_uuid is not None:\n        return RecoveryAction.ADOPT\n",
                "    if traces.result_uuid is not None:\n        return RecoveryAction.LAUNCH_AGAIN\n",
            ),
        ),
        profile="lost",
        shows=r"was paid for \d+ times",
    ),
)
