"""Any order of facts, commands, messages and crashes, on a real ledger: what holds of it after every step."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from cutoutd.control import reprocess, retry
from cutoutd.control.messages import Scope
from cutoutd.core.errors import DuplicateInProgressError, LedgerError
from cutoutd.core.photo import (
    INTERNAL_FAULT,
    NO_WAIT,
    TERMINAL,
    TRANSITIONS,
    UNPAID,
    Fact,
    Failed,
    LaunchOutcomeUnknown,
    LaunchRefused,
    LaunchResponseLost,
    Photo,
    Published,
    RemovalFinished,
    RemovalIntended,
    RemovalLocked,
    RemovalStarted,
    ReprocessCancelled,
    ResultFound,
    ResultFromWebhook,
    ResultLost,
    Retry,
    State,
    UploadAbandoned,
    Uploaded,
    UploadExpired,
    Wait,
    WaitKind,
)
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger import Ledger, ReadTransaction, open_ledger
from cutoutd.ledger.queries import duplicates
from cutoutd.ledger.schema import tables
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.writes import remote_files, webhook_results
from cutoutd.ledger.writes.webhook_results import Receipt
from support.ledgers import ACCEPTED, REJECTED, SUPERSEDED, identity
from support.nightly import IS_NIGHTLY

T = TypeVar("T")

#: Few, so that photos of the same content meet.
PATHS = ("a.jpg", "b.jpg", "sub/c.jpg")
CONTENTS = ("1" * 64, "2" * 64, "3" * 64)

#: The first two are one picture with other metadata.
PICTURES = {CONTENTS[0]: "a" * 64, CONTENTS[1]: "a" * 64, CONTENTS[2]: "b" * 64}
PARAMETERS = ("{}", '{"crop":true}')

#: Between the intent and the cutout in place, only one photo of a content and its parameters may stand.
PAID_FOR = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})
ANSWERS = (
    "accepted",
    "accepted",
    "refused",
    "locked",
    "lost",
    "lost, and nothing made",
    "killed before",
    "killed after",
)
LONG = Wait(WaitKind.POLL, 4e9)

#: Kills are played on copies of the files, so that no disk has to be waited for.
_MEMORY = Path("/dev/shm")  # noqa: S108  a place, not a name


@dataclass
class Service:
    """The removals that Uploadcare made, each of them paid for."""

    removals: list[WebhookResult] = field(default_factory=list)

    def remove(self, source_uuid: str, number: int) -> WebhookResult:
        made = WebhookResult(f"result-{number}", source_uuid, f"request-{number}")
        self.removals.append(made)
        return made

    def made_of(self, source_uuid: str | None) -> list[WebhookResult]:
        return [made for made in self.removals if made.source_uuid == source_uuid]


@dataclass(frozen=True)
class Content:
    """All rows of the ledger, as SQLite holds them."""

    photos: list[Photo]
    ways: dict[int, list[tuple[str | None, str]]]  #: of each photo, the events in order
    launches: list[tuple[int, bool]]  #: photo, and whether it is given back
    announced: set[str]  #: uploads

    @classmethod
    def read(cls, connection: ReadTransaction) -> "Content":
        ways: dict[int, list[tuple[str | None, str]]] = {}
        for row in connection.execute(select(tables.events).order_by(tables.events.c.id)).mappings():
            ways.setdefault(row["photo_id"], []).append((row["from_state"], row["to_state"]))
        return cls(
            photos=[photo_from(row) for row in connection.execute(select(tables.photos))],
            ways=ways,
            launches=[
                (row["photo_id"], row["is_returned"]) for row in connection.execute(select(tables.launches)).mappings()
            ],
            announced=set(connection.scalars(select(tables.announcements.c.source_uuid))),
        )


def at(*states: State) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The rule applies while a photo stands at one of these states."""
    return precondition(lambda machine: bool(machine.standing_at(states)))


class LedgerMachine(RuleBasedStateMachine):
    """A pipeline that does the steps in any order, and is killed at any moment.

    ``photos`` are the photos as the ledger returned them: what it acknowledged is what it has to hold.
    """

    def __init__(self) -> None:
        super().__init__()
        self._home = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
        self._runner = asyncio.Runner()
        self._number = count(1)
        self._stack = AsyncExitStack()
        self._state_dir = self._home / "0"
        self._state_dir.mkdir()
        self._ledger: Ledger
        self.photos: dict[int, Photo] = {}
        self._earlier: list[Photo] = []
        self._service = Service()
        self._intents = self._returns = 0
        self._rounds: Counter[int] = Counter()  #: of each photo, how often it was made again
        self._made_in: dict[str, tuple[int, int, str | None]] = {}  #: of each removal: photo, round, parameters
        self._open()

    def teardown(self) -> None:
        self._run(self._stack.aclose())
        self._runner.close()
        shutil.rmtree(self._home)

    # -- the files ------------------------------------------------------------------------------------------------

    @rule(path=st.sampled_from(PATHS), version=st.integers(1, 2))
    def discover(self, path: str, version: int) -> None:
        found = identity(path, mtime_ns=version)
        is_known = any(
            photo.identity.version == found.version and photo.state is not State.SUPERSEDED
            for photo in self.photos.values()
        )
        photo = self._run(self._ledger.discover(found))
        assert (photo is None) is is_known
        if photo is not None:
            self._keep(photo)

    @initialize(beginnings=st.lists(st.tuples(st.sampled_from(CONTENTS), st.integers(0, 5)), max_size=3))
    def begin_anywhere(self, beginnings: list[tuple[str, int]]) -> None:
        """Begin with photos on their way, because most of what can happen happens to them."""
        for path, (content, steps) in zip(PATHS, beginnings, strict=False):
            self.discover(path, 1)
            photo = self._newest()
            self._accept(photo, content, PARAMETERS[0])
            for _ in range(steps):
                self._go_on(self.photos[photo.id], "accepted")

    @at(State.DISCOVERED)
    @rule(data=st.data(), content=st.sampled_from(CONTENTS), parameters=st.sampled_from(PARAMETERS))
    def accept(self, data: st.DataObject, content: str, parameters: str) -> None:
        self._accept(self._draw(data, State.DISCOVERED), content, parameters)

    @at(State.DISCOVERED)
    @rule(data=st.data(), content=st.sampled_from(CONTENTS), parameters=st.sampled_from(PARAMETERS))
    def accept_as_earlier_versions_did(self, data: st.DataObject, content: str, parameters: str) -> None:
        """The hash of the picture is unknown, because an earlier version of cutoutd accepted the photo."""
        self._accept(self._draw(data, State.DISCOVERED), content, parameters, is_picture_known=False)

    @at(State.DISCOVERED)
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        self._record(self._draw(data, State.DISCOVERED), REJECTED)

    @at(*UNPAID, State.REMOVAL_FINISHED, State.PUBLISHED)
    @rule(data=st.data())
    def supersede(self, data: st.DataObject) -> None:
        self._record(self._draw(data, *UNPAID, State.REMOVAL_FINISHED, State.PUBLISHED), SUPERSEDED)

    # -- the pipeline ---------------------------------------------------------------------------------------------

    @at(*(frozenset(State) - TERMINAL))
    @rule(data=st.data(), answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4))
    def go_on(self, data: st.DataObject, answers: list[str]) -> None:
        """Do the steps of one photo, as the pipeline does; each call to Uploadcare ends in one of these ways."""
        photo = self._draw(data, *(frozenset(State) - TERMINAL))
        for answer in answers:
            self._go_on(self.photos[photo.id], answer)
            self.all_promises_hold()

    def _go_on(self, photo: Photo, answer: str) -> None:
        match photo.state:
            case State.DISCOVERED:
                self._accept(photo, CONTENTS[photo.id % 3], PARAMETERS[0])
            case State.ACCEPTED:
                self._send_or_reuse(photo)
            case State.UPLOADED:
                self._launch(photo, answer)
            case State.REMOVAL_INTENDED:
                self._search_outcome(photo, is_upload_of_use=answer != "locked")
            case State.REMOVAL_STARTED:
                self._poll(photo)
            case State.REMOVAL_FINISHED:
                self._publish(photo)

    def _send_or_reuse(self, photo: Photo) -> None:
        """Wait for a payer, take an earlier cutout, or upload."""
        info = self._run(self._ledger.query(duplicates.duplicate_info, photo))
        if info.payer is not None:
            wait = Wait(WaitKind.DUPLICATE, 4e9, 0, "the same picture is under way", for_photo=info.payer.id)
            self._keep(self._run(self._ledger.postpone(photo, wait)))
        elif info.has_cutout:
            earlier = self._run(self._ledger.query(duplicates.published_duplicates, photo, 1))[0]
            self._publish(photo, reused_from=earlier.id)
        else:
            self._record(photo, Uploaded(f"source-{next(self._number)}"))

    def _launch(self, photo: Photo, answer: str) -> None:
        assert photo.launch.result_uuid is None, "a removal is launched although its result is there"
        others = [
            other
            for other in self.standing_at(PAID_FOR)
            if _is_same_picture(other, photo) and other.bound.parameters == photo.bound.parameters
        ]
        try:
            photo = self._run(self._ledger.record_launch_intent(photo, None))
        except DuplicateInProgressError:
            assert others
            return
        assert not others
        self._intents += 1
        self._keep(photo)
        made = None
        if answer in {"accepted", "announced first", "lost", "killed after"}:
            made = self._service.remove(photo.upload.source_uuid or "", next(self._number))
            self._made_in[made.request_id] = (photo.id, self._rounds[photo.id], photo.bound.parameters)
        if answer.startswith("killed"):
            self._crash()
        elif answer in {"accepted", "announced first"} and made:
            if answer == "announced first":
                self._run(self._ledger.waits.store_webhook_result(made))
            self._record(photo, RemovalStarted(made.request_id), LONG)
        elif answer == "refused":
            self._returns += 1
            self._record(photo, LaunchRefused())
        elif answer == "locked":
            self._returns += photo.launch.unclear_since_s is not None
            self._record(photo, RemovalLocked(1.0))
        else:
            self._record(photo, LaunchResponseLost(1.0, "the connection was cut"), LONG)

    def _search_outcome(self, photo: Photo, *, is_upload_of_use: bool) -> None:
        if photo.launch.unclear_since_s is None and photo.launch.locked_since_s is None:
            self._record(photo, LaunchResponseLost(1.0, "cutoutd ended"), LONG)
        elif made := self._service.made_of(photo.upload.source_uuid):
            self._record(photo, ResultFound(made[-1].result_uuid))
        elif is_upload_of_use:
            self._record(photo, LaunchOutcomeUnknown(1.0))
        else:
            self._record(photo, UploadAbandoned())

    def _poll(self, photo: Photo) -> None:
        made = [each for each in self._service.removals if each.request_id == photo.launch.request_id]
        self._record(photo, RemovalFinished(made[0].result_uuid))

    @at(*PAID_FOR)
    @rule(data=st.data())
    def poll_in_vain(self, data: st.DataObject) -> None:
        photo = self._draw(data, *PAID_FOR)
        self._keep(self._run(self._ledger.postpone(photo, replace(LONG, attempts=1))))

    @at(State.REMOVAL_STARTED, State.REMOVAL_FINISHED)
    @rule(data=st.data())
    def lose_result(self, data: st.DataObject) -> None:
        self._record(self._draw(data, State.REMOVAL_STARTED, State.REMOVAL_FINISHED), ResultLost())

    @at(State.UPLOADED)
    @rule(data=st.data())
    def lose_upload(self, data: st.DataObject) -> None:
        self._record(self._draw(data, State.UPLOADED), UploadExpired())

    @at(*(frozenset(State) - TERMINAL))
    @rule(data=st.data(), code=st.sampled_from([INTERNAL_FAULT, "unknown_foreground"]))
    def fail(self, data: st.DataObject, code: str) -> None:
        photo = self._draw(data, *(frozenset(State) - TERMINAL))
        self._record(photo, Failed(code, "it did not work", "Try again."))

    # -- commands, messages, crashes ------------------------------------------------------------------------------

    @at(State.FAILED, State.REJECTED)
    @rule(data=st.data(), parameters=st.sampled_from(PARAMETERS))
    def retry(self, data: st.DataObject, parameters: str) -> None:
        photo = self._draw(data, State.FAILED, State.REJECTED)
        fact = retry.fact_after(photo, parameters)
        if photo.launch.result_uuid is not None:
            assert fact.state is State.REMOVAL_FINISHED, "a retry pays although the result is there"
        self._resume(photo, fact)

    @at(State.PUBLISHED)
    @rule(data=st.data(), parameters=st.sampled_from(PARAMETERS), scope=st.sampled_from(Scope))
    def reprocess(self, data: st.DataObject, parameters: str, scope: Scope) -> None:
        photo = self._draw(data, State.PUBLISHED)
        self._rounds[photo.id] += 1
        self._resume(photo, reprocess.fact_after(photo, parameters, scope, 1.0))

    @precondition(lambda self: any(self._is_made_anew(photo) for photo in self.standing_at({State.ACCEPTED})))
    @rule(data=st.data())
    def cancel_reprocess(self, data: st.DataObject) -> None:
        candidates = [photo for photo in self.standing_at({State.ACCEPTED}) if self._is_made_anew(photo)]
        photo = data.draw(st.sampled_from(candidates))
        previous = photo.cutout.previous_parameters or ""
        self._record(photo, ReprocessCancelled(parameters=previous, note="its source is gone"))

    @precondition(lambda self: self._service.removals)
    @rule(data=st.data())
    def webhook(self, data: st.DataObject) -> None:
        """Before the answer, after it, long after, or again."""
        message = data.draw(st.sampled_from(self._service.removals))
        is_known = message.source_uuid in self._read().announced
        receipt = self._run(self._ledger.waits.store_webhook_result(message))
        assert receipt is Receipt.STORED or is_known
        for photo in self._read().photos:
            if photo.upload.source_uuid == message.source_uuid:
                self._keep(photo)
        foreign = WebhookResult("theirs", "their-source", "their-request")
        assert self._run(self._ledger.waits.store_webhook_result(foreign)) is Receipt.NOT_OURS

    @at(State.ACCEPTED, State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED)
    @rule(data=st.data())
    def take_webhook_result(self, data: st.DataObject) -> None:
        photo = self._draw(data, State.ACCEPTED, State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED)
        found = self._run(self._ledger.query(webhook_results.result_for, photo))
        if found is not None:
            message = found[0]
            assert self._made_in[message.request_id] == (photo.id, self._rounds[photo.id], photo.bound.parameters)
            assert photo.may_be_paid_for or message.source_uuid == photo.upload.source_uuid
            self._record(photo, ResultFromWebhook(message.result_uuid, message.request_id))

    @precondition(lambda self: self._earlier)
    @rule(data=st.data(), state=st.sampled_from(State))
    def write_wrongly(self, data: st.DataObject, state: State) -> None:
        """Neither a fact that may not follow is stored, nor anything from a look that missed a fact."""
        present, earlier = (
            data.draw(st.sampled_from(list(self.photos.values()))),
            data.draw(st.sampled_from(self._earlier)),
        )
        if state not in TRANSITIONS[present.state]:
            with pytest.raises(ValueError, match="may not follow"):
                self._run(self._ledger.record(present, type("Impossible", (Fact,), {"state": state})()))
        if earlier.state is self.photos[earlier.id].state:
            return
        with pytest.raises(LedgerError, match="no longer"):
            self._run(self._ledger.postpone(earlier, LONG))
        for fact in (RemovalIntended(), SUPERSEDED, Failed("a", "b", "c")):
            if fact.state in TRANSITIONS[earlier.state]:
                with pytest.raises(LedgerError, match="no longer"):
                    self._run(self._ledger.record(earlier, fact))

    @rule(is_killed=st.booleans())
    def restart(self, is_killed: bool) -> None:  # noqa: FBT001  drawn by name
        if is_killed:
            self._crash()
        else:
            self._run(self._stack.aclose())
            self._open()

    # -- what holds -----------------------------------------------------------------------------------------------

    @invariant()
    def all_promises_hold(self) -> None:
        content = self._read()
        self._require_what_was_acknowledged(content)
        self._require_ways_in_the_table(content)
        self._require_one_payer(content)
        self._require_counted_launches(content)
        self._require_ended_waits(content)
        self._require_known_files(content)

    def _require_known_files(self, content: Content) -> None:
        """The cleanup knows every upload and every result, and takes none that its photo still needs."""
        uploads = [(photo, photo.upload.source_uuid) for photo in content.photos if photo.upload.source_uuid]
        results = [(photo, photo.launch.result_uuid) for photo in content.photos if photo.launch.result_uuid]
        uuids = [uuid for _, uuid in (*uploads, *results)]
        assert self._run(self._ledger.query(remote_files.claimed, uuids)) == set(uuids)
        due = self._run(self._ledger.query(remote_files.to_clean, 4e9, 1000))
        assert all(uuid not in due for photo, uuid in (*uploads, *results) if photo.state not in TERMINAL)
        due_now = self._run(self._ledger.query(remote_files.to_clean, 1.0, 1000))
        assert all(uuid not in due_now for photo, uuid in results if photo.state is State.FAILED)

    def _require_what_was_acknowledged(self, content: Content) -> None:
        held = {photo.id: replace(photo, wait=NO_WAIT) for photo in content.photos}
        assert held == {photo.id: replace(photo, wait=NO_WAIT) for photo in self.photos.values()}

    def _require_ways_in_the_table(self, content: Content) -> None:
        for photo in content.photos:
            way = content.ways[photo.id]
            assert way[0] == (None, State.DISCOVERED)
            assert [before for before, _ in way[1:]] == [after for _, after in way[:-1]]
            assert all(State(after) in TRANSITIONS[State(before)] for before, after in way[1:] if before)
            assert way[-1][1] == photo.state
            assert photo.state is not State.FAILED or photo.ending.failed_state == way[-1][0]
            assert photo.state is not State.PUBLISHED or photo.cutout.sha256

    def _require_one_payer(self, content: Content) -> None:
        """Never two open launches for the same content and parameters."""
        for key in ("sha256", "identity"):
            open_launches = Counter(
                (getattr(photo.picture, key), photo.bound.parameters)
                for photo in content.photos
                if photo.state in PAID_FOR
            )
            assert all(number == 1 for number in open_launches.values())

    def _require_counted_launches(self, content: Content) -> None:
        """Every intent is counted once until a definite no, and no payment is missing."""
        counted = sum(not is_returned for _, is_returned in content.launches)
        assert counted == self._intents - self._returns
        assert counted >= len(self._service.removals)

    def _require_ended_waits(self, content: Content) -> None:
        """No photo waits for a result that was announced, nor for a duplicate at rest."""
        states = {photo.id: photo.state for photo in content.photos}
        for photo in content.photos:
            if photo.state in {State.REMOVAL_INTENDED, State.REMOVAL_STARTED}:
                assert photo.upload.source_uuid not in content.announced or photo.wait.until_s == 0.0
            assert photo.wait.for_photo is None or states[photo.wait.for_photo] not in TERMINAL

    # -- its own tools --------------------------------------------------------------------------------------------

    def standing_at(self, states: Iterable[State]) -> list[Photo]:
        wanted = frozenset(states)
        return [photo for photo in self.photos.values() if photo.state in wanted]

    def _draw(self, data: st.DataObject, *states: State) -> Photo:
        return data.draw(st.sampled_from(self.standing_at(states)))

    def _newest(self) -> Photo:
        return self.photos[max(self.photos)]

    def _is_made_anew(self, photo: Photo) -> bool:
        return photo.cutout.previous_parameters is not None

    def _accept(self, photo: Photo, content: str, parameters: str, *, is_picture_known: bool = True) -> None:
        picture = PICTURES[content] if is_picture_known else None
        fact = replace(ACCEPTED, sha256=content, parameters=parameters, picture_sha256=picture)
        target = f"{photo.identity.path}.png"
        self._keep(self._run(self._ledger.accept(photo, fact, [target])))
        for held in self._read().photos:  # rows of the same file may have got the hash of the picture
            known = self.photos[held.id]
            assert held.picture.picture_sha256 in {known.picture.picture_sha256, PICTURES.get(known.picture.sha256)}
            self.photos[held.id] = replace(known, picture=held.picture)

    def _publish(self, photo: Photo, reused_from: int | None = None) -> None:
        target = photo.bound.target or ""
        fact = Published(f"{next(self._number):064}", 1000, target, note=None, reused_from=reused_from)
        self._record(photo, fact)

    def _record(self, photo: Photo, fact: Fact, wait: Wait = NO_WAIT) -> None:
        try:
            self._keep(self._run(self._ledger.record(photo, fact, wait)))
        except DuplicateInProgressError:
            assert fact.state in PAID_FOR
            assert photo.state not in PAID_FOR

    def _resume(self, photo: Photo, fact: Retry | Fact) -> None:
        try:
            self._keep(self._run(self._ledger.resume(photo, fact, photo.identity.ctime_ns)))
        except DuplicateInProgressError:
            assert fact.state in PAID_FOR

    def _keep(self, photo: Photo) -> None:
        if photo.id in self.photos:
            self._earlier = [*self._earlier[-9:], self.photos[photo.id]]
        self.photos[photo.id] = photo

    def _read(self) -> Content:
        return self._run(self._ledger.query(Content.read))

    def _open(self) -> None:
        self._stack = AsyncExitStack()
        self._ledger = self._run(self._stack.enter_async_context(open_ledger(self._state_dir)))

    def _crash(self) -> None:
        """Go on with the files as a kill leaves them: neither merged nor marked as closed in order."""
        left = self._home / f"{next(self._number)}"
        shutil.copytree(self._state_dir, left)
        self._run(self._stack.aclose())
        self._state_dir = left
        self._open()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)


def _is_same_picture(photo: Photo, other: Photo) -> bool:
    mine, others = photo.picture, other.picture
    return mine.sha256 == others.sha256 or mine.picture_sha256 == others.picture_sha256 is not None


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    deadline=None,
    max_examples=400 if IS_NIGHTLY else 30,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    print_blob=True,
)
