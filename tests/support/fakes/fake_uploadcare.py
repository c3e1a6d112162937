"""Uploadcare's client as an object in memory, for tests of what is built on it: no HTTP, no clock.

Every call is written down. A call may be held up until the test lets it go, and may be made to fail.
"""

import asyncio
import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from io import BufferedIOBase

from cutoutd.uploadcare.files import UploadResult
from cutoutd.uploadcare.responses import Progress, RemoteFile, RemovalStatus
from support.images.photographs import png


class FakeUploadcare:
    """Gives a photo's upload, removal and result the photo's own name, so that each can be told apart."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.sent: dict[str, bytes] = {}
        self.at_once: Counter[str] = Counter()  #: per photo, the most calls that were under way at the same time
        self.cutout = png(mode="RGBA")
        self.polls_before_done = 0
        self._errors: dict[str, deque[Exception]] = defaultdict(deque)
        self._own_errors: dict[tuple[str, str], Exception] = {}
        self._gates: dict[str, asyncio.Event] = {}
        self._called: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def fail(self, method: str, *errors: Exception) -> None:
        """The next calls of this method raise these."""
        self._errors[method].extend(errors)

    def fail_for(self, what: str, method: str, error: Exception) -> None:
        """All calls of this method for this photo raise this."""
        self._own_errors[method, what] = error

    def hold(self, method: str) -> asyncio.Event:
        """Calls of this method stand still until the event is set."""
        return self._gates.setdefault(method, asyncio.Event())

    async def called(self, method: str, times: int = 1) -> None:
        """Return when a method has been called so often."""
        while self.count(method) < times:
            self._called[method].clear()
            await self._called[method].wait()

    def count(self, method: str) -> int:
        return sum(name == method for name, _ in self.calls)

    @property
    def files(self) -> "FakeUploadcare":
        """The API of files, which is this object as well."""
        return self

    async def upload_source(
        self, content: BufferedIOBase, *, name: str, size_bytes: int, **_calls: object
    ) -> UploadResult:
        async with self._call("upload_source", name):
            self.sent[name] = content.read()
            assert len(self.sent[name]) == size_bytes
            return UploadResult(uuid=name, sha256=hashlib.sha256(self.sent[name]).hexdigest())

    async def require_ready(self, source_uuid: str) -> bool:
        async with self._call("require_ready", source_uuid):
            return False

    async def start_removal(self, source_uuid: str, parameters: str) -> str:
        async with self._call("start_removal", source_uuid):
            assert parameters.startswith("{")
            return source_uuid

    async def get_removal_status(self, request_id: str) -> RemovalStatus:
        async with self._call("get_removal_status", request_id):
            if self.calls.count(("get_removal_status", request_id)) <= self.polls_before_done:
                return RemovalStatus(Progress.IN_PROGRESS)
            return RemovalStatus(Progress.DONE, result_uuid=request_id)

    async def fetch_cutout(self, result_uuid: str, sink: Callable[[bytes], Awaitable[None]]) -> int:
        async with self._call("fetch_cutout", result_uuid):
            await sink(self.cutout)
            return len(self.cutout)

    async def store(self, uuids: Sequence[str]) -> set[str]:
        async with self._call("store_files", " ".join(uuids)):
            return set()

    async def get(self, uuid: str, **_repeats: int) -> None:
        """Nothing is known of any file."""
        async with self._call("get_file", uuid):
            return

    async def list_since(self, _since: datetime, **_repeats: int) -> list[RemoteFile]:
        """The project has no files."""
        async with self._call("list_since", ""):
            return []

    async def delete(self, uuids: Sequence[str]) -> None:
        async with self._call("delete_files", " ".join(uuids)):
            return

    @asynccontextmanager
    async def _call(self, method: str, what: str) -> AsyncIterator[None]:
        self.calls.append((method, what))
        for counted, most in ((method, self.most), (what, self.at_once)):
            self.under_way[counted] += 1
            most[counted] = max(most[counted], self.under_way[counted])
        self._called[method].set()
        try:
            if method in self._gates:
                await self._gates[method].wait()
            if error := self._own_errors.get((method, what)):
                raise error
            if self._errors[method]:
                raise self._errors[method].popleft()
            yield
        finally:
            self.under_way.subtract((method, what))
