"""What goes wrong, when, and how often.

Owns the table of fault kinds, reading them from JSON or the command line, and the plan that decides whether a request
or a removal is struck. It must not play a fault: requests are spoilt by ``effects``, removals by ``mishaps``.

A fault is ``{"kind": ..., "on": ..., "times": ..., "skip": ..., <the kind's own fields>}``. ``on`` is a kind of request
or ``any``; left out, the kind's usual place. ``times`` left out or null means always; ``skip`` lets that many matching
requests pass first. One request is struck by one fault at most, the first in the list that matches.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from cutoutd.sandbox.faults import removal_effects
from cutoutd.sandbox.faults.http_effects import (
    PORTAL,
    AlterJson,
    AnswerInstead,
    CutBody,
    Effect,
    Exchange,
    LateAnswer,
    LoseResponse,
    Overlong,
    PauseBody,
    Refuse,
    Reset,
    Stall,
)
from cutoutd.sandbox.faults.removal_effects import RemovalEffect
from cutoutd.sandbox.http.request_kinds import EndpointKind
from cutoutd.sandbox.storage.rows import RemovalError

ANY = "any"
REMOVAL = "removal"  # not a request: the work behind an accepted execute


class FaultError(ValueError):
    """A fault that does not exist or was given wrong fields."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """Where a kind strikes unless told otherwise, what it does, and which field a bare ``KIND=VALUE`` sets."""

    on: str
    make: Callable[..., Effect | RemovalEffect]
    value: str = ""


FAULT_KINDS: Mapping[str, FaultKind] = {
    # instead of an answer
    "status": FaultKind(ANY, Refuse, "status"),
    "lock_409": FaultKind(EndpointKind.EXECUTE, partial(Refuse, 409)),
    "disabled": FaultKind(EndpointKind.EXECUTE, partial(Refuse, 403)),
    "unknown": FaultKind(EndpointKind.STATUS, partial(AnswerInstead, '{"status": "unknown"}')),
    "html_portal": FaultKind(ANY, partial(AnswerInstead, PORTAL, content_type="text/html")),
    "bad_json": FaultKind(ANY, partial(AnswerInstead, '{"request_id": "')),
    "wrong_type": FaultKind(ANY, partial(AnswerInstead, '["not", "an", "object"]')),
    "body": FaultKind(ANY, AnswerInstead, "body"),
    # with the answer
    "alter": FaultKind(ANY, AlterJson),
    "not_ready": FaultKind(EndpointKind.FILE, partial(AlterJson, {"is_ready": False})),
    "overlong": FaultKind(EndpointKind.CDN, Overlong, "extra_bytes"),
    "truncate": FaultKind(EndpointKind.CDN, partial(CutBody, Exchange.hang_up), "after_bytes"),
    "reset_body": FaultKind(EndpointKind.CDN, partial(CutBody, Exchange.reset), "after_bytes"),
    # with time and the connection
    "stall": FaultKind(ANY, Stall, "seconds"),
    "stall_body": FaultKind(EndpointKind.CDN, PauseBody, "seconds"),
    "late_answer": FaultKind(ANY, LateAnswer, "seconds"),
    "lose_response": FaultKind(ANY, LoseResponse),
    "reset": FaultKind(ANY, Reset, "after_request_bytes"),
    # with the removal
    "error_details": FaultKind(REMOVAL, removal_effects.fail, "code"),
    "engine_error": FaultKind(REMOVAL, partial(RemovalEffect, error=RemovalError())),
    "endless": FaultKind(REMOVAL, partial(RemovalEffect, is_endless=True)),
    "expired_result": FaultKind(REMOVAL, partial(RemovalEffect, is_result_expired=True)),
    "ignore_exif": FaultKind(REMOVAL, partial(RemovalEffect, is_exif_honoured=False)),
    "not_png": FaultKind(REMOVAL, partial(RemovalEffect, spoil=removal_effects.write_text)),
    "jpeg_result": FaultKind(REMOVAL, partial(RemovalEffect, spoil=removal_effects.write_jpeg)),
    "opaque": FaultKind(REMOVAL, partial(RemovalEffect, spoil=removal_effects.write_opaque)),
    "downscale": FaultKind(REMOVAL, partial(RemovalEffect, spoil=removal_effects.write_smaller)),
    "half_png": FaultKind(REMOVAL, partial(RemovalEffect, spoil=removal_effects.write_truncated)),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: Its name in the table.
        on: Kind of request, ``any``, or ``removal``.
        action: What it does there.
        times: How often; null means always.
        skip: Matches that pass unharmed first.
    """

    kind: str
    on: str
    action: Effect | RemovalEffect
    times: int | None = None
    skip: int = 0

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> "Fault":
        """Make a fault from its JSON object. Raises FaultError with a sentence."""
        own = dict(fields)
        name, times, skip = str(own.pop("kind", "")), own.pop("times", None), own.pop("skip", 0)
        if name not in FAULT_KINDS:
            raise FaultError(f"there is no fault {name!r}; there are: {', '.join(FAULT_KINDS)}")
        kind = FAULT_KINDS[name]
        on = str(own.pop("on", kind.on))
        if (kind.on == REMOVAL) != (on == REMOVAL) or on not in {ANY, REMOVAL, *EndpointKind}:
            raise FaultError(f"{name} cannot strike {on!r}")
        if not (times is None or isinstance(times, int)) or not isinstance(skip, int):
            raise FaultError("times and skip are whole numbers")
        try:
            return cls(name, on, kind.make(**own), times, skip)
        except TypeError as error:
            raise FaultError(f"{name}: {error}") from error

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read ``KIND[=VALUE][,FIELD=VALUE...]`` from the command line. Raises FaultError."""
        first, *more = text.split(",")
        name, equals, value = first.partition("=")
        fields: dict[str, object] = {"kind": name}
        if equals and name in FAULT_KINDS:
            if not FAULT_KINDS[name].value:
                raise FaultError(f"{name} takes no value")
            fields[FAULT_KINDS[name].value] = _number_or_text(value)
        for part in more:
            field, _, value = part.partition("=")
            fields[field] = _number_or_text(value)
        return cls.read(fields)


def _number_or_text(text: str) -> int | float | str:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


class FaultPlan:
    """The faults in force and how much of each is left. Forgotten when the sandbox stops."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._armed: list[_Armed] = []
        self.add(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Put more faults in force, behind those there are."""
        self._armed += [_Armed(fault) for fault in faults]

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._armed.clear()

    def as_json(self) -> list[dict[str, object]]:
        """The faults in force, for a look."""
        return [
            {"kind": armed.fault.kind, "on": armed.fault.on, "times_left": armed.times_left, "struck": armed.struck}
            for armed in self._armed
        ]

    def effect_on(self, kind: EndpointKind) -> Effect | None:
        """The fault that strikes this request, used up by one; null when none does."""
        action = self._draw({kind, ANY})
        return None if isinstance(action, RemovalEffect) else action

    def next_removal_effect(self) -> RemovalEffect:
        """What happens to the removal that was just accepted."""
        action = self._draw({REMOVAL})
        return action if isinstance(action, RemovalEffect) else RemovalEffect()

    def _draw(self, places: set[str]) -> Effect | RemovalEffect | None:
        for armed in self._armed:
            if armed.fault.on in places and armed.is_striking():
                return armed.fault.action
        return None


class _Armed:
    """A fault in force, counting down."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skip_left = fault.skip
        self.times_left = fault.times
        self.struck = 0

    def is_striking(self) -> bool:
        """Whether this match is struck; each call uses up one match."""
        if self.times_left == 0:
            return False
        if self.skip_left:
            self.skip_left -= 1
            return False
        if self.times_left is not None:
            self.times_left -= 1
        self.struck += 1
        return True
