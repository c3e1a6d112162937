"""Nothing is paid for twice, and nothing is kept that is not needed (C): each fault with its edit and its weather."""

from simulation.plants.plant import Edit, Plant

PLANTS: tuple[Plant, ...] = (
    Plant(
        item="C12 a paid answer is dropped when the ledger is away",
        edits=(
            Edit(
                "ledger/ledger.py",
                "        return await self.paid_facts.store(photo, fact, wait)",
                "        return await self.record(photo, fact, wait)",
            ),
        ),
        profile="ledger",
        shows=r"was paid for \d+ times",
    ),
    Plant(
        item="C13 a renamed photo with a lost answer is paid for again",
        edits=(
            Edit(
                "pipeline/steps/launching/find_result.py",
                "own = _likeness_of_any(first, folders)",
                "own = _likeness_of_any(first[:1], folders)",
            ),
        ),
        profile="lost",
        shows=r"was paid for \d+ times",
    ),
    Plant(
        item="C11 a reload cuts a paid call off",
        edits=(
            Edit(
                "app/process.py",
                "        paid_s -= _LOOK_EVERY_S if must_end() else 0.0",
                "        paid_s -= 15 * _LOOK_EVERY_S",
            ),
            Edit("app/service.py", "        await finish_launches(workers.pool, stop)", "        pass"),
        ),
        profile="late answers",
        shows=r"a paid call was cut off",
    ),
    Plant(
        item="C12 an answer is dropped when the ledger fails",
        edits=(
            Edit(
                "ledger/recovery/paid_facts.py",
                "            except (DiskError, LedgerError) as error:",
                "            except DiskError as error:",
            ),
        ),
        profile="ledger away",
        shows=r"was paid for \d+ times",
    ),
    Plant(
        item="C12 an answer that was not stored at the end is forgotten",
        edits=(Edit("ledger/recovery/unstored_facts.py", "        return list(self._read())", "        return []"),),
        profile="ledger away",
        shows=r"was paid for \d+ times",
    ),
    Plant(
        item="C17 cleanup knows only the files of the present round",
        edits=(
            Edit(
                "ledger/writes/remote_files.py",
                "        case Reprocessed():",
                "        case Reprocessed() if False:",
            ),
        ),
        profile="made again",
        shows=r"the service still has",
    ),
    Plant(
        item="C17 an upload of a photo that changed meanwhile stays",
        edits=(Edit("pipeline/steps/upload.py", "        await note_unwanted(sent.uuid)", "        pass"),),
        profile="changing photos",
        shows=r"nothing will ever delete",
    ),
    Plant(
        item="C18 uploads in vain go on at full pace",
        edits=(
            Edit("pipeline/steps/launching/launch.py", "        if uploads < _UPLOADS_AT_PACE:", "        if True:"),
        ),
        profile="vanishing uploads",
        shows=r"upload was asked for \d+ times",
    ),
    Plant(
        item="C16 a scan that saw nothing proves that a photo is gone",
        edits=(
            Edit(
                "watch/availability/monitor.py",
                "                if is_complete and not reason:",
                "                if True:",
            ),
        ),
        profile="movers",
        shows=r"is gone, though its photo is on a share that cannot be seen",
    ),
    Plant(
        item="C18 an upload is asked for again after each refused launch",
        edits=(
            Edit(
                "pipeline/steps/launching/launch.py",
                "        return is_recent and source_uuid is not None and source_uuid == photo.upload.source_uuid",
                "        return False",
            ),
        ),
        profile="busy service",
        shows=r"file was asked for \d+ times",
    ),
)
