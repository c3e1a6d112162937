"""Faults with a profile that no hunt has shown yet: a hunt takes them only by name."""

from simulation.plants.plant import Edit, Plant

UNPROVEN: tuple[Plant, ...] = (
    Plant(
        item="B4 folders that left keep an allowance",
        edits=(
            Edit(
                "ledger/writes/launches.py",
                'values = {"sending": list(sending), "closed_folders": list(closed_folders)}',
                'values = {"sending": list(sending), "closed_folders": []}',
            ),
        ),
        profile="kept back",
        shows=r"b/b\d+.jpg.* held",
    ),
    Plant(
        item="B8 slow deletions are never recorded",
        edits=(
            Edit(
                "pipeline/maintenance/remote_cleanup.py",
                "            await self._uploadcare.files.delete(uuids)",
                """            from cutoutd.core.errors import UnreachableError

            try:
                async with asyncio.timeout(4):
                    await self._uploadcare.files.delete(uuids)
            except TimeoutError as error:
                raise UnreachableError("it took too long") from error""",
            ),
        ),
        profile="slow deletions",
        shows=r"a deletion was not recorded",
    ),
    Plant(
        item="B8 a disk with room again is tried late",
        edits=(
            Edit(
                "app/service.py",
                "        loops.append(tasks.create_task(workers.held_releaser.release_placeless()))",
                "        pass",
            ),
            Edit("pipeline/backoff.py", "    (DiskError, 30.0),", "    (DiskError, 900.0),"),
        ),
        profile="full disk",
        shows=r"not done by then: a/.*place",
    ),
    Plant(
        item="C18 a result that the CDN never has is asked for at full pace",
        edits=(
            Edit(
                "pipeline/backoff.py",
                "growing_s(_LONGEST_WAIT_S, longest_s, late) * (1 + jitter()) / 2",
                "0.0",
            ),
        ),
        profile="not delivered",
        shows=r"cdn was asked for \d+ times",
    ),
    Plant(
        item="D21 the name of a folder approves every doubtful cutout below it",
        edits=(
            Edit(
                "control/approve.py",
                "            if selected.photo_ids and not selected.is_exact:",
                "            if False:",
            ),
        ),
        profile="doubtful",
        shows=r"is gone, though its cutout is doubtful",
    ),
)
