"""Money: nothing is paid twice outside the documented windows, and no limit is overrun."""

import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from simulation.books import Row, ServiceBooks, lost_launches_in, photos_in
from simulation.pictures import name_of
from simulation.world import World

#: A kill so soon after a response may have come before it was stored.
STORED_WITHIN_S = 5.0

#: The operations of a photo and day at most, as docs/operations.md says; those of removals are not among them.
_MOST_OPERATIONS = 500

#: A launch is sent so soon after the last look at a pause, if nothing delays the question before it.
_SENT_WITHIN_S = 3.0


def unknown_answers(world: World) -> set[str]:
    """Return the removals with answers that cutoutd cannot know: lost, or gone with the process."""
    return {
        each.request_id
        for each in world.internet.executions
        if each.answered_at_s is None or any(0 <= at_s - each.answered_at_s < STORED_WITHIN_S for at_s in world.kills)
    }


def faults_in(world: World, books: ServiceBooks) -> Iterator[str]:
    """Yield the broken promises about money."""
    if world.is_unsent and (number := lost_launches_in(world.root / "state")):
        yield f"{number} launches are told as lost, though the service shows that none was made"
    yield from _paid_twice(world, books)
    yield from _paid_for_cutouts(books)
    yield from _limits(world)
    yield from _launched_in_pauses(world)
    yield from _operations(world, books)


def _paid_twice(world: World, books: ServiceBooks) -> Iterator[str]:
    """Yield the pictures with more removals than lost responses, failures and orders explain."""
    paid = Counter((removal.sha256, removal.parameters) for removal in books.removals)
    excused: Counter[tuple[str, str]] = Counter()
    lost = set() if world.is_search_easy else unknown_answers(world)
    for removal in books.removals:
        is_spoilt = removal.result is not None and books.hashes[removal.result] in world.spoilt
        is_over = removal.request_id in lost or removal.status != "done" or is_spoilt
        excused[removal.sha256, removal.parameters] += is_over
    for row in replaced(photos_in(world.root / "state")):  # a cutout that is gone cannot be reused
        excused[row["sha256"], row["parameters"]] += 1
    excused.update(world.ordered)
    for key, number in paid.items():
        if number > 1 + excused[key]:
            yield f"{name_of(key[0])} was paid for {number} times; {excused[key]} of them are explained"


def replaced(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with a paid cutout that a newer version of the photo took the place of."""
    newest = {(row["output"], row["target"]): row["id"] for row in rows if row["state"] == "published"}
    for row in rows:
        is_published = row["state"] == "published"
        if (is_published and newest[row["output"], row["target"]] != row["id"]) or (
            row["state"] == "superseded" and row["request_id"] is not None
        ):
            yield row


def _paid_for_cutouts(books: ServiceBooks) -> Iterator[str]:
    """Yield the cutouts that were taken for photos."""
    made = {books.hashes[removal.result] for removal in books.removals if removal.result is not None}
    for removal in books.removals:
        if removal.sha256 in made:
            yield f"a cutout came back into an input and was paid for: removal {removal.request_id}"


def _limits(world: World) -> Iterator[str]:
    """Yield the days, months and minutes with more launches than the configuration allows."""
    assert world.settings is not None
    sent = [datetime.fromtimestamp(world.first_wall_s + each.sent_at_s, UTC) for each in world.internet.executions]
    for word, form in (("day", "%Y-%m-%d"), ("month", "%Y-%m")):
        limit = getattr(world.settings.limits, f"per_{word}")
        for period, number in Counter(moment.strftime(form) for moment in sent).items():
            if limit is not None and number > limit:
                yield f"{number} launches on {period}, although limits.per_{word} is {limit}"
    most = world.settings.rate_limit.launches_per_minute
    times_s = sorted(world.internet.launches_at_s)
    for index, at_s in enumerate(times_s):
        number = bisect.bisect_left(times_s, at_s + 60.0) - index
        if number > most and not world.is_slow:
            yield f"{number} launches in the minute from {at_s:.0f} s, although {most} are allowed"
            return


def _launched_in_pauses(world: World) -> Iterator[str]:
    for since_s, until_s in world.pauses:
        for at_s in world.internet.launches_at_s:
            if since_s + _SENT_WITHIN_S < at_s < until_s and not world.is_slow:
                yield f"a launch at {at_s:.0f} s, in the pause since {since_s:.0f} s"


def _operations(world: World, books: ServiceBooks) -> Iterator[str]:
    versions = max(1, len(photos_in(world.root / "state")))
    if books.questions > _MOST_OPERATIONS * versions:
        yield f"{books.questions} operations for {versions} photos, of which each may cost {_MOST_OPERATIONS} a day"
