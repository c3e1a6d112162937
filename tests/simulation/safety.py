"""The promises that no weather may break: nothing paid twice, nothing wrong, nothing of others touched."""

from simulation.books import service_books
from simulation.events import Scene
from simulation.promises import cutouts, files, money


def faults_in(scene: Scene) -> list[str]:
    """Return the broken promises at the end of a world."""
    books = service_books(scene.world.root / "sandbox")
    return [*money.faults_in(scene.world, books), *cutouts.faults_in(scene.world, books), *files.faults_in(scene)]
