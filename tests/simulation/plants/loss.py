"""Nothing is lost, and no result is wrong (D): each fault with its edit and its weather."""

from simulation.plants.plant import Edit, Plant

PLANTS: tuple[Plant, ...] = (
    Plant(
        item="D21 pixels are not looked at",
        edits=(
            Edit(
                "images/structure/png_check.py",
                "                self._pixels.take(taken)",
                "                pass",
            ),
        ),
        profile="junk",
        shows=r"is not the service",
    ),
)
