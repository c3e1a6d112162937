"""Why nothing is announced any more, in words."""

import asyncio
from pathlib import Path

import pytest

from cutoutd.core.errors import UnreachableError
from cutoutd.core.photo import Photo, State
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.completion.webhook_monitor import WebhookMonitor, missing_webhook_reason
from cutoutd.uploadcare.webhooks import RemoteWebhook
from support.ledgers import identity

URL = "https://hooks.example.com/hooks/uploadcare"


def webhook(url: str = URL, *, is_active: bool = True) -> RemoteWebhook:
    return RemoteWebhook(id=1, event="file.uploaded", target_url=url, is_active=is_active)


async def known_url() -> str:
    """The URL of our webhook."""
    return URL


@pytest.mark.parametrize(
    ("webhooks", "words"),
    [
        ([], "knows no webhook"),
        ([webhook("https://example.com/theirs")], "knows no webhook"),
        ([webhook(is_active=False)], "switched the webhook off"),
        ([webhook("https://example.com/theirs"), webhook()], "see whether its messages get through"),
    ],
)
def test_silence_has_a_reason_and_advice(webhooks: list[RemoteWebhook], words: str) -> None:
    """Gone, switched off, or lost on the way."""
    assert words in missing_webhook_reason(URL, webhooks)


def test_the_reason_is_asked_for_once_an_hour(tmp_path: Path) -> None:
    """Messages may stop and return all day, and each list of the webhooks is billed."""
    asked: list[int] = []

    class Listing:
        @property
        def webhooks(self) -> "Listing":
            return self

        async def list_all(self) -> list[RemoteWebhook]:
            asked.append(1)
            return []

    async def scene() -> None:
        async with open_ledger(tmp_path) as ledger:
            pace = PollSchedule()
            monitor = WebhookMonitor(ledger, Listing(), pace, lambda: None)  # type: ignore[arg-type]  # all that is asked of it
            for _ in range(5):
                pace.webhook_trust.expect(1.0)
                await monitor._look(known_url)
                for number in range(3):
                    pace.on_poll_success(Photo(number, identity(), State.REMOVAL_STARTED, 4e9), 4e9)
                await monitor._look(known_url)

    asyncio.run(scene())
    assert len(asked) == 1


class Absent:
    """An Uploadcare that cannot be asked either."""

    @property
    def webhooks(self) -> "Absent":
        return self

    async def show(self) -> list[RemoteWebhook]:
        raise UnreachableError("no connection to anybody")


async def hearing_of(ledger: Ledger, pace: PollSchedule, told: list[str]) -> None:
    """Heard at first; then three removals finish unannounced while Uploadcare cannot be asked."""
    hearing = WebhookMonitor(ledger, Absent(), pace, lambda: told.append("photos may be asked about"))  # type: ignore[arg-type]  # all that is asked of it
    task = asyncio.create_task(hearing.run(known_url))
    async with asyncio.timeout(60):
        while not pace.webhook_trust.is_trusted:  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.01)
        for number in range(3):
            pace.on_poll_success(Photo(number, identity(), State.REMOVAL_STARTED, 4e9), 4e9)
        while not told:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.01)
    task.cancel()


def test_silence_is_met_even_when_nobody_can_say_why(tmp_path: Path) -> None:
    """Removals under way are asked about at once, and the loop goes on."""
    told: list[str] = []

    async def play() -> None:
        async with open_ledger(tmp_path) as ledger:
            await hearing_of(ledger, PollSchedule([1.0] * 5), told)

    asyncio.run(play())
    assert told == ["photos may be asked about"]
