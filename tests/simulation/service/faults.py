"""Faults of the network and of the service, as they meet one request."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PORTAL = b"<!doctype html><title>Wi-Fi</title><h1>Please accept the terms of use</h1>"
_DEEP = b'{"results": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"


class Effect(StrEnum):
    """The fate of a request."""

    REFUSED = "refused"  #: no connection
    NO_ROUTE = "no_route"  #: the connection is never made
    RESET = "reset"  #: broken off before the service acted
    LOST = "lost"  #: the service acted, and the response was lost
    SILENT = "silent"  #: neither acted nor answered
    DEAF = "deaf"  #: acted, never answered
    SLOW = "slow"  #: acts at once, answers late
    LATE = "late"  #: acts late, maybe after the client gave up
    HELD = "held"  #: broken off, and acts late all the same: a gateway held it
    ANSWER = "answer"  #: answered without acting
    ACTED_ANSWER = "acted_answer"  #: acted, and answered with something else
    CUT = "cut"  #: acted; the body of the response breaks off
    JUNK = "junk"  #: a picture whose pixels are nonsense, with the right checksums
    GIANT = "giant"  #: a sound picture of an absurd size
    ENDLESS = "endless"  #: a page of a list that has always one more
    DOUBLE = "double"  #: carried out twice (webhook messages)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that is none of the service's own."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, value: object, **headers: str) -> Answer:
    """Return an answer in JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


#: Odd answers by name.
ANSWERS: Mapping[str, Answer] = {
    "500": Answer(500, b"Internal Server Error", {"Content-Type": "text/plain"}),
    "502": Answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"}),
    "503": json_answer(503, {"detail": "Service unavailable."}),
    "503_later": json_answer(503, {"detail": "Service unavailable."}, Retry_After="120"),
    "504": Answer(504, b"<html>Gateway Timeout</html>", {"Content-Type": "text/html"}),
    "400_types": json_answer(
        400, {"error": {"status_code": 400, "content": "Uploading of these file types is not allowed."}}
    ),
    "429": json_answer(429, {"detail": "Request was throttled."}, Retry_After="20"),
    "429_short": json_answer(429, {"detail": "Request was throttled."}, Retry_After="1"),
    "429_bare": json_answer(429, {"detail": "Request was throttled."}),
    "401": json_answer(401, {"detail": "Incorrect authentication credentials."}),
    "403": json_answer(403, {"detail": "You do not have permission to perform this action."}),
    "404": json_answer(404, {"detail": "Not found."}),
    "portal": Answer(200, PORTAL, {"Content-Type": "text/html"}),
    "empty": Answer(200, b"", {"Content-Type": "application/json"}),
    "half": Answer(200, b'{"request_id": "', {"Content-Type": "application/json"}),
    "list": json_answer(200, ["not", "an", "object"]),
    "deep": Answer(200, _DEEP, {"Content-Type": "application/json"}),
    "types": json_answer(200, {"file": 7, "request_id": [], "status": {}, "results": "x", "is_ready": "maybe"}),
    "surrogate": Answer(200, b'{"status": "\\ud800", "request_id": "\\udfff"}', {"Content-Type": "application/json"}),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that strikes some requests.

    Args:
        effect: the fate of the request.
        on: the kinds of request that it strikes; empty: all.
        rate: the share of them.
        seconds: of a delay.
        answer: the name of an odd answer.
    """

    effect: Effect
    on: frozenset[str] = frozenset()
    rate: float = 1.0
    seconds: float = 0.0
    answer: str = ""
    only_every: int = 0  #: strikes only this share of the addresses, and those always; 0: all

    def is_about(self, path: str) -> bool:
        """Return True if the fault strikes this address at all."""
        return not self.only_every or zlib.crc32(path.encode()) % self.only_every == 0

    def __str__(self) -> str:
        where = ",".join(sorted(self.on)) or "all"
        detail = self.answer or (f"{self.seconds:.0f} s" if self.seconds else "")
        return f"{self.effect} {detail} on {where} at {self.rate:.0%}".replace("  ", " ")
