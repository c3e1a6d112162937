"""The table of planted faults."""

from simulation.plants import loss, mistakes, money, standstills
from simulation.plants.plant import Edit, Plant

__all__ = ["PLANTS", "Edit", "Plant"]

PLANTS: tuple[Plant, ...] = (*standstills.PLANTS, *money.PLANTS, *loss.PLANTS, *mistakes.PLANTS)
