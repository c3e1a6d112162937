"""``GET /files/``: one page of the project's files and the links to its neighbours.

Owns the query's parameters and the paging of UPLOADCARE.md section 5: ``from`` is exclusive, ``next`` starts after the
last date shown. It must not change files.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import as_json
from cutoutd.sandbox.clock import as_text, from_text
from cutoutd.sandbox.http.responses import HttpRefusal, rest
from cutoutd.sandbox.storage.database import Listing, Store
from cutoutd.sandbox.storage.rows import StoredFile

LONGEST_PAGE = 1000
_TRUTH = {"true": True, "false": False}


class FileList:
    """Answers file lists."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def show(self, request: Request) -> Response:
        """``GET /files/``."""
        listing = read_query(request.query_params)
        files = self._store.page(listing)
        following, preceding = self._neighbours(listing, files)
        return rest(
            {
                "next": _link(request, listing, {"from": files[-1].uploaded}) if following else None,
                "previous": _link(request, listing, {"to": files[0].uploaded}) if preceding else None,
                "total": self._store.count_files(listing),
                "totals": {
                    "removed": self._store.count_files(Listing(is_removed=True)),
                    "stored": self._store.count_files(Listing(is_stored=True)),
                    "unstored": self._store.count_files(Listing(is_stored=False)),
                },
                "per_page": listing.limit,
                "results": [as_json(file, request) for file in files],
            }
        )

    def _neighbours(self, listing: Listing, files: list[StoredFile]) -> tuple[bool, bool]:
        """Whether there are files after and before a page."""
        if not files:
            return False, False
        one = replace(listing, limit=1, offset=0)
        following = self._store.page(replace(one, after=files[-1].uploaded, before=None))
        preceding = self._store.page(replace(one, after=None, before=files[0].uploaded))
        return bool(following), bool(preceding)


def read_query(query: Mapping[str, str]) -> Listing:
    """Read a list's parameters. Raises ``Refusal``; the words of these refusals are not on record."""
    ordering = query.get("ordering", "datetime_uploaded")
    if ordering.removeprefix("-") != "datetime_uploaded":
        raise HttpRefusal(400, {"ordering": [f'"{ordering}" is not a valid choice.']})
    return Listing(
        is_removed=_truth(query, "removed") or False,
        is_stored=_truth(query, "stored"),
        is_newest_first=ordering.startswith("-"),
        after=_date(query, "from"),
        before=_date(query, "to"),
        offset=_number(query, "offset", 0, 10**9, default=0),
        limit=_number(query, "limit", 1, LONGEST_PAGE, default=100),
    )


def _truth(query: Mapping[str, str], name: str) -> bool | None:
    if name not in query:
        return None
    if query[name].lower() not in _TRUTH:
        raise HttpRefusal(400, {name: ["Must be a valid boolean."]})
    return _TRUTH[query[name].lower()]


def _date(query: Mapping[str, str], name: str) -> str | None:
    if name not in query:
        return None
    try:
        return as_text(from_text(query[name].replace(" ", "+")))  # an unescaped plus arrives as a space
    except ValueError as error:
        raise HttpRefusal(400, {name: ["Must be an ISO 8601 date."]}) from error


def _number(query: Mapping[str, str], name: str, least: int, most: int, *, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise HttpRefusal(400, {name: [f"Must be a whole number from {least} to {most}."]})
    return int(text)


def _link(request: Request, listing: Listing, place: Mapping[str, str]) -> str:
    """A neighbour's address: the same query from another place, the date with ``+00:00`` instead of ``Z``."""
    kept = {name: text for name, text in request.query_params.items() if name not in {"limit", "from", "to", "offset"}}
    dates = {name: date.removesuffix("Z") + "+00:00" for name, date in place.items()}
    query = urlencode({**kept, "limit": listing.limit, **dates, "offset": 0})
    return f"{request.base_url}files/?{query}"
