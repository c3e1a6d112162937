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
                "pipeline/steps/recover_launch.py",
                "_likeness_of_any((first, *copies), folders)",
                "_likeness_of_any((first,), folders)",
            ),
        ),
        profile="lost",
        shows=r"was paid for \d+ times",
    ),
)
