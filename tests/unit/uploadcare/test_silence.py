"""Requests that wait in silence, on a virtual clock: told to the step around them, which then takes no place."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx2
import pytest

from cutoutd.core.errors import UnreachableError
from cutoutd.core.photo import Photo, State
from cutoutd.ledger import PhotoCounts
from cutoutd.pipeline.scheduling.stage_queue import StageQueue
from cutoutd.pipeline.scheduling.stages import Stage
from cutoutd.uploadcare.silence import Silence, telling_of_silence
from cutoutd.uploadcare.transport import Timeouts, ask_again, send_and_read
from simulation.machine.clock import VirtualClock
from simulation.machine.loop import VirtualLoop
from support.ledgers import identity

Told = list[tuple[float, int]]


def played(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Play a scene in which waiting takes no time."""
    loop = VirtualLoop(VirtualClock())
    try:
        loop.run_until_complete(scene())
    finally:
        loop.close()


def told_by(work: Callable[[], Coroutine[Any, Any, object]]) -> Told:
    """What this work tells, with the seconds since its beginning."""
    told: Told = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        with telling_of_silence(lambda by: told.append((round(loop.time() - began_s, 3), by))):
            await work()

    played(scene)
    return told


async def ask(answer_after_s: float, overall_s: float = 30.0) -> None:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        read_s = request.extensions["timeout"]["read"]
        await asyncio.sleep(min(answer_after_s, read_s))
        if answer_after_s > read_s:
            raise httpx2.ReadTimeout("nothing came")
        return httpx2.Response(200)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        await send_and_read(client, client.build_request("GET", "http://service/"), Timeouts(overall_s=overall_s))


@pytest.mark.parametrize(("answer_after_s", "told"), [(0.5, []), (2.9, []), (15.0, [(3.0, 1), (15.0, -1)])])
def test_a_late_answer_is_told(answer_after_s: float, told: Told) -> None:
    """From the third second on, up to the answer."""
    assert told_by(lambda: ask(answer_after_s)) == told


def test_a_silence_that_is_given_up_is_over() -> None:
    """Else its step would take no place for ever."""

    async def give_up() -> None:
        with pytest.raises(UnreachableError):
            await ask(60.0, overall_s=20.0)

    assert told_by(give_up) == [(3.0, 1), (20.0, -1)]


def test_a_slow_line_is_no_silence() -> None:
    """While a body is sent nothing is told; the system may go on sending for as long as it took to take the body."""

    async def send_slowly() -> None:
        silence = Silence()
        with silence.until_answered():
            await asyncio.sleep(1.0)
            silence.on_sending()
            await asyncio.sleep(40.0)
            silence.on_sent()
            await asyncio.sleep(50.0)

    assert told_by(send_slowly) == [(81.0, 1), (91.0, -1)]


def photo(number: int) -> Photo:
    return Photo(id=number, identity=identity(f"{number}.jpg"), state=State.ACCEPTED, state_at_s=0.0)


def test_a_silent_step_takes_no_place() -> None:
    """Three others may begin beside it, and no more: a service that is merely slow is not asked more and more."""
    free: dict[float, int] = {}

    async def scene() -> None:
        queue = StageQueue(Stage("upload", State.ACCEPTED, concurrency=1), PhotoCounts())

        async def take_step(number: int) -> None:
            queue.occupy(photo(number))
            with queue.noting_silence():
                await ask(answer_after_s=15.0)
            queue.release(photo(number))

        async with asyncio.TaskGroup() as steps:
            for number in range(4):
                assert queue.free == 1
                steps.create_task(take_step(number))
                await asyncio.sleep(1.0)
                assert queue.free == 0
                await asyncio.sleep(2.5)
            free[14.0] = queue.free
        free[30.0] = queue.free

    played(scene)
    assert free == {14.0: 0, 30.0: 1}


@pytest.mark.parametrize(
    ("answers_after_s", "asked", "took_s"),
    [([4.0], 1, 4.0), ([20.0, 1.0], 2, 6.0), ([20.0, 20.0, 20.0], 3, 30.0)],
)
def test_a_held_question_is_soon_asked_again(answers_after_s: list[float], asked: int, took_s: float) -> None:
    """The tries before the last one wait for 5 s of silence, the last one as long as ever; none waits for both."""
    times_s = iter(answers_after_s)
    ends_s: list[float] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await ask_again(lambda: ask(next(times_s)), repeats=2)
        ends_s.append(loop.time() - began_s)

    played(scene)
    assert list(times_s) == answers_after_s[asked:]
    assert took_s <= ends_s[0] <= took_s + 1.0  # for the spread between two tries
