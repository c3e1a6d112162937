import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.core.blocking import BlockingCalls, calls_to, local_calls
from cutoutd.core.errors import TreeUnavailableError

SOON_S = 0.05


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A named pipe without a writer: whatever opens it hangs in the kernel, as a call to a dead share does."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    yield path
    for _ in range(40):
        let_go(path)
        time.sleep(0.001)


def let_go(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return


def hang(path: Path) -> str:
    os.close(os.open(path, os.O_RDONLY))
    return "returned"


async def until(is_so: object) -> None:
    assert callable(is_so)
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - a thread sets no event
            await asyncio.sleep(0.005)


async def abandoned(calls: BlockingCalls, pipe: Path) -> str:
    with pytest.raises(TreeUnavailableError) as caught:
        await calls.within(SOON_S, lambda: hang(pipe))
    return caught.value.sentence


def test_hung_call_ends_for_its_caller(pipe: Path, tmp_path: Path) -> None:
    """A call that hangs is abandoned after its time, and its tree is said not to answer."""
    calls = BlockingCalls(tmp_path)

    async def scene() -> str:
        return await abandoned(calls, pipe)

    assert asyncio.run(scene()).startswith(f"{tmp_path} does not answer since ")
    assert calls.hung == 1
    assert calls.silence


def test_silent_tree_gets_no_further_call_until_the_hung_one_returns(pipe: Path, tmp_path: Path) -> None:
    """While a call hangs, no other begins in its tree; when it returns, calls are done again."""
    calls, begun = BlockingCalls(tmp_path), list[int]()

    async def scene() -> None:
        await abandoned(calls, pipe)
        with pytest.raises(TreeUnavailableError):
            await calls.run(begun.append, 1)
        assert not begun
        let_go(pipe)
        await until(lambda: not calls.silence)
        await calls.run(begun.append, 2)

    asyncio.run(scene())
    assert begun == [2]
    assert calls.hung == 0


def test_calls_in_the_queue_of_a_silent_tree_are_refused(pipe: Path, tmp_path: Path) -> None:
    """Calls that wait behind hung ones end with them, and never begin."""
    calls, begun = BlockingCalls(tmp_path, at_once=1), list[int]()

    async def scene() -> None:
        hung = asyncio.create_task(calls.within(SOON_S, lambda: hang(pipe)))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(calls.run(begun.append, 1))
        for task in (hung, waiting):
            with pytest.raises(TreeUnavailableError):
                await task

    asyncio.run(scene())
    let_go(pipe)
    assert not begun


def test_hung_tree_holds_up_no_other_place(pipe: Path, tmp_path: Path) -> None:
    """With more hung calls than a process has threads by default, other trees and this machine answer at once."""
    calls = BlockingCalls(tmp_path)

    async def scene() -> float:
        hung = [asyncio.create_task(calls.run(hang, pipe)) for _ in range(100)]
        await asyncio.sleep(0)
        began_s = time.monotonic()
        assert await calls_to(tmp_path / "other").run(os.getpid) == os.getpid()
        assert await local_calls.run(os.getpid) == os.getpid()
        assert await calls.look(os.getpid) == os.getpid()  # looks have places of their own
        took_s = time.monotonic() - began_s
        for task in hung:
            task.cancel()
        return took_s

    assert asyncio.run(scene()) < SOON_S * 20


def test_call_that_asks_two_trees_ends_with_the_silence_of_either(pipe: Path, tmp_path: Path) -> None:
    """A call to one tree that also asks a silent one is refused."""
    silent, other = BlockingCalls(tmp_path / "silent"), BlockingCalls(tmp_path / "other")

    async def scene() -> None:
        await abandoned(silent, pipe)
        with pytest.raises(TreeUnavailableError, match="silent"):
            await other.within(60, os.getpid, also=silent)
        assert not other.silence

    asyncio.run(scene())


def test_tidying_up_waits_for_the_tree(pipe: Path, tmp_path: Path) -> None:
    """What is to be tidied up in a silent tree is done when it answers again."""
    calls, tidied = BlockingCalls(tmp_path), list[int]()

    async def scene() -> None:
        await abandoned(calls, pipe)
        calls.begin(lambda: tidied.append(1))
        await asyncio.sleep(SOON_S)
        assert not tidied
        let_go(pipe)
        await until(lambda: tidied)

    asyncio.run(scene())


def test_end_of_a_call_is_told_once_whatever_comes_of_it(pipe: Path, tmp_path: Path) -> None:
    """What a call holds is given back when its thread ends, or when it can never begin."""
    calls, ended = BlockingCalls(tmp_path, at_once=1), list[str]()

    async def scene() -> None:
        hung = asyncio.create_task(calls.within(SOON_S, lambda: hang(pipe), on_end=lambda: ended.append("hung")))
        await asyncio.sleep(0)
        left = asyncio.create_task(calls.within(60, os.getpid, on_end=lambda: ended.append("waited")))
        await asyncio.gather(hung, left, return_exceptions=True)
        assert ended == ["waited"]
        with pytest.raises(TreeUnavailableError):
            await calls.within(60, os.getpid, on_end=lambda: ended.append("refused"))
        let_go(pipe)
        await until(lambda: "hung" in ended)

    asyncio.run(scene())
    assert ended == ["waited", "refused", "hung"]


def test_error_and_result_come_from_the_thread(tmp_path: Path) -> None:
    """A call hands over its result or its error."""

    async def scene() -> None:
        with pytest.raises(FileNotFoundError):
            await calls_to(tmp_path).run((tmp_path / "none").stat)
        assert await calls_to(tmp_path).run(int, "7") == 7

    asyncio.run(scene())


def test_program_without_a_loop_waits_no_longer_than_the_limit(pipe: Path, tmp_path: Path) -> None:
    """A blocking caller is let go too, and the tree is silent afterwards."""
    calls = BlockingCalls(tmp_path)
    with pytest.raises(TreeUnavailableError):
        calls.wait(SOON_S, lambda: hang(pipe))
    with pytest.raises(TreeUnavailableError):
        calls.wait(60, os.getpid)
    let_go(pipe)
    assert calls_to(tmp_path).wait(60, lambda: 7) == 7
