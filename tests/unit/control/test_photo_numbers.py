"""Commands go by photos' numbers in the ledger: named by the page or found, a page at a time."""

from dataclasses import replace
from pathlib import Path

from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import MESSAGES, Command, ReprocessCommand, RetryCommand
from cutoutd.control.result import ResultBuilder
from cutoutd.control.retry import RetryHandler
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import selection
from support.folders import folder_in
from support.images.drawn_photos import put
from support.ledgers import identity_of, photo_at, with_ledger


def ordered(
    place: Path, command: Command, page_size: int | None = None
) -> tuple[tuple[str, ...], tuple[str, ...], list[State]]:
    """What came of it, with a failed photo for number 1, a rejected one for 2 and a published one for 3."""
    folder = folder_in(place)

    async def scene(ledger: Ledger) -> tuple[tuple[str, ...], tuple[str, ...], list[State]]:
        for name, state in (("a[1].jpg", State.FAILED), ("b.jpg", State.REJECTED), ("c.jpg", State.PUBLISHED)):
            put(folder.input / name)
            await photo_at(ledger, state, replace(identity_of(folder.input, name), input=str(folder.input)))
        executor = CommandExecutor(ledger, [folder], lambda _photo: None)
        if page_size is not None and isinstance(command, RetryCommand):
            result = await RetryHandler(ledger, {folder.name: folder}, lambda _photo: None, page_size).execute(command)
        else:
            result = await executor.execute(command)
        return (
            result.done,
            result.refused,
            [photo.state for photo in await ledger.query(selection.photos_with_ids, [1, 2, 3])],
        )

    return with_ledger(place / "state", scene)


def test_photos_are_retried_by_their_numbers(tmp_path: Path) -> None:
    """Each of them and no other, whatever it is called; one with nothing to retry says so."""
    (tmp_path / "state").mkdir()
    done, refused, states = ordered(tmp_path, RetryCommand(photo_ids=(1, 2, 3, 99)))
    assert done == ("1 photo is checked again", "1 photo is sent again")
    assert len(refused) == 1
    assert "products/c.jpg: it is published" in refused[0]
    assert states == [State.ACCEPTED, State.DISCOVERED, State.PUBLISHED]


def test_photos_are_made_anew_by_their_numbers(tmp_path: Path) -> None:
    """Unless more would have to be paid for than was agreed to."""
    (tmp_path / "state").mkdir()
    done, refused, states = ordered(tmp_path, ReprocessCommand(photo_ids=(1, 3), max_removals=0))
    assert done == ("1 photo is to be made again; 1 removal may have to be paid for",)
    assert len(refused) == 1
    assert states == [State.FAILED, State.REJECTED, State.PUBLISHED]


def test_a_number_costs_what_was_agreed_to(tmp_path: Path) -> None:
    """One removal was agreed to, and one it is."""
    (tmp_path / "state").mkdir()
    assert ordered(tmp_path, ReprocessCommand(photo_ids=(3,), max_removals=1))[2][2] is State.ACCEPTED


def test_a_command_may_be_about_more_than_a_page(tmp_path: Path) -> None:
    """Each photo is done once, however many are in memory together."""
    (tmp_path / "state").mkdir()
    done, refused, states = ordered(tmp_path, RetryCommand(paths=("products",), photo_ids=()), page_size=1)
    assert (sorted(done), refused) == (["1 photo is checked again", "1 photo is sent again"], ())
    assert states == [State.ACCEPTED, State.DISCOVERED, State.PUBLISHED]


def test_many_refusals_are_a_number() -> None:
    """The first twenty are told; a copy goes on for itself."""
    report = ResultBuilder()
    for number in range(22):
        report.refuse_all(f"{number}")
    copy = report.copy()
    copy.refuse_all("22")
    assert report.build(lambda _: [], "").refused == (*map(str, range(20)), "and 2 more")
    assert copy.build(lambda _: [], "").refused[-1] == "and 3 more"


def test_numbers_arrive_as_they_were_given() -> None:
    """Over the control socket too."""
    for order in (RetryCommand(photo_ids=(1, 2)), ReprocessCommand(photo_ids=(3,))):
        assert MESSAGES.validate_json(MESSAGES.dump_json(order)) == order
