"""The table of fault kinds, and the plan that decides which request or removal is struck.

The effects themselves belong in ``http_effects`` and ``removal_effects``.

A fault is ``{"kind": ..., "on": ..., "times": ..., "skip": ..., <the kind's own fields>}``. ``on`` is a kind of request
or ``any``; without it the kind strikes at its usual place. Without ``times`` a fault strikes always; ``skip`` is the
number of matching requests that pass first. A request is struck by the first fault in the list that matches, and by no
other.
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
REMOVAL = "removal"  # not a request, but the work behind an accepted execution


class FaultError(ValueError):
    """A fault has an unknown kind or wrong fields."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: its usual place, its effect, and the field that a bare ``KIND=VALUE`` sets."""

    on: str
    make: Callable[..., Effect | RemovalEffect]
    value: str = ""


FAULT_KINDS: Mapping[str, FaultKind] = {
    # instead of a response
    "status": FaultKind(ANY, Refuse, "status"),
    "lock_409": FaultKind(EndpointKind.EXECUTE, partial(Refuse, 409)),
    "disabled": FaultKind(EndpointKind.EXECUTE, partial(Refuse, 403)),
    "unknown": FaultKind(EndpointKind.STATUS, partial(AnswerInstead, '{"status": "unknown"}')),
    "html_portal": FaultKind(ANY, partial(AnswerInstead, PORTAL, content_type="text/html")),
    "bad_json": FaultKind(ANY, partial(AnswerInstead, '{"request_id": "')),
    "wrong_type": FaultKind(ANY, partial(AnswerInstead, '["not", "an", "object"]')),
    "body": FaultKind(ANY, AnswerInstead, "body"),
    # with the response
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
    """A fault.

    Attributes:
        kind: Its name in the table.
        on: Kind of request, ``any``, or ``removal``.
        effect: Its effect there.
        times: Number of strikes; null means always.
        skip: Number of matches that pass first.
    """

    kind: str
    on: str
    effect: Effect | RemovalEffect
    times: int | None = None
    skip: int = 0

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> "Fault":
        """Return the fault of a JSON object, or raise FaultError with a sentence."""
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
        """Return the fault of ``KIND[=VALUE][,FIELD=VALUE...]``, or raise FaultError with a sentence."""
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
    """The faults in force, until the sandbox stops."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._active: list[_ActiveFault] = []
        self.add(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Add faults after the others."""
        self._active += [_ActiveFault(fault) for fault in faults]

    def clear(self) -> None:
        """Remove all faults."""
        self._active.clear()

    def as_json(self) -> list[dict[str, object]]:
        """Return the faults in force."""
        return [
            {"kind": active.fault.kind, "on": active.fault.on, "times_left": active.times_left, "struck": active.struck}
            for active in self._active
        ]

    def effect_on(self, kind: EndpointKind) -> Effect | None:
        """Return the effect that strikes this request, or None; it counts as a strike."""
        effect = self._first_striking({kind, ANY})
        return None if isinstance(effect, RemovalEffect) else effect

    def next_removal_effect(self) -> RemovalEffect:
        """Return the effect on the removal that was just accepted."""
        effect = self._first_striking({REMOVAL})
        return effect if isinstance(effect, RemovalEffect) else RemovalEffect()

    def _first_striking(self, places: set[str]) -> Effect | RemovalEffect | None:
        for active in self._active:
            if active.fault.on in places and active.strike():
                return active.fault.effect
        return None


class _ActiveFault:
    """A fault in force, with its remaining strikes."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skip_left = fault.skip
        self.times_left = fault.times
        self.struck = 0

    def strike(self) -> bool:
        """Return True if the fault strikes this match; each call counts as a match."""
        if self.times_left == 0:
            return False
        if self.skip_left:
            self.skip_left -= 1
            return False
        if self.times_left is not None:
            self.times_left -= 1
        self.struck += 1
        return True
