"""Kills at random moments, while photos keep coming and as many things as possible are under way at once."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from crash.crash_site import CrashSite
from crash.invariants import Kill, faults_in, paid_again
from crash.scenes import picture, put
from cutoutd.core.photo import Photo, State

#: A killed daemon lived for up to this long.
_LONGEST_LIFE_S = 1.5

#: Long enough for any result to be in sight, so nothing is paid for twice; short enough not to be most of the soak.
_LOOK_FOR_S = 10.0

#: One photo in so many is a copy of another one.
_COPIES = 10


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of a soak."""

    photos: Sequence[Photo]
    kills: Sequence[Kill]
    launched_again: int
    faults: Sequence[str]
    took_s: float

    @property
    def summary(self) -> str:
        """One line."""
        reused = sum(photo.cutout.reused_from is not None for photo in self.photos)
        under_way = sum(any(not photo.state.is_terminal for photo in kill.photos) for kill in self.kills)
        return (
            f"{len(self.photos)} photos, {len(self.kills)} kills ({under_way} with photos under way): "
            f"{len(self.photos) - reused} paid for, {reused} reused, "
            f"{self.launched_again} launched again after a lost answer, "
            f"{len(self.faults)} promises broken, {self.took_s:.0f} s"
        )


def soak(ward: CrashSite, *, photos: int, kills: int, chance: random.Random) -> Soaked:
    """Let photos arrive bit by bit, kill the daemon again and again, then let it finish."""
    started_s = time.monotonic()
    ward.clear()
    arriving_count = _pictures(photos)
    killed: list[Kill] = []
    for number in range(kills):
        for path, content in arriving_count[number * photos // kills : (number + 1) * photos // kills]:
            put(ward.place.input / path, content)
        daemon = ward.start(look_for_s=_LOOK_FOR_S)
        time.sleep(chance.uniform(0, _LONGEST_LIFE_S))  # the random moment is what this is about
        daemon.kill()
        killed.append(Kill(ward.photos(), ward.books().uploads, time.time()))
    last = ward.start("--once", look_for_s=_LOOK_FOR_S)
    code = last.wait()
    found, books = ward.photos(), ward.books()
    faults = faults_in(found, ward.place.output, books, killed)
    faults += _faults_of_count([path for path, _ in arriving_count], found, ward)
    if code != 0:
        faults.append(f"the last daemon ended with {code}:\n{last.output}")
    again = sum(paid_again(found, books).values())
    if again:
        faults.append(f"{again} removals were launched again although the lost answer's result was there to be found")
    return Soaked(found, killed, again, faults, time.monotonic() - started_s)


def _pictures(number: int) -> list[tuple[str, bytes]]:
    """Paths and contents; some are copies, some lie on their side, some are in folders of their own."""
    pictures: list[tuple[str, bytes]] = []
    for index in range(number):
        is_copy = index % _COPIES == _COPIES - 1
        content = pictures[-1][1] if is_copy else picture(orientation=6 if index % 3 == 0 else 1)
        pictures.append((f"{index % 7}/{index:04}.jpg", content))
    return pictures


def _faults_of_count(paths: Sequence[str], photos: Sequence[Photo], ward: CrashSite) -> list[str]:
    faults = []
    published = sorted(photo.identity.path for photo in photos if photo.state is State.PUBLISHED)
    if published != sorted(paths):
        faults.append(f"published are {published}")
    wanted = sorted(path.replace(".jpg", ".png") for path in paths)
    if ward.place.outputs() != wanted:
        faults.append(f"in the output tree are {ward.place.outputs()}")
    return faults
