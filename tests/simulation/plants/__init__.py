"""The table of planted faults."""

from simulation.plants import loss, mistakes, money, standstills
from simulation.plants.plant import Edit, Plant
from simulation.plants.unproven import UNPROVEN

__all__ = ["PLANTS", "UNPROVEN", "Edit", "Plant"]

PLANTS: tuple[Plant, ...] = (*standstills.PLANTS, *money.PLANTS, *loss.PLANTS, *mistakes.PLANTS)
