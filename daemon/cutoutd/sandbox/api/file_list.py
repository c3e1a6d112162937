"""The route ``GET /files/``: one page of the project's files, and the links to its neighbours.

Paging is as in docs/uploadcare.md 5: ``from`` is exclusive, and ``next`` starts after the last date shown.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import as_json
from cutoutd.sandbox.clock import as_text, from_text
from cutoutd.sandbox.http.responses import HttpRefusal, rest
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.file_table import FileQuery
from cutoutd.sandbox.storage.rows import StoredFile

LONGEST_PAGE = 1000
_TRUTH = {"true": True, "false": False}


class FileList:
    """The handler of file lists."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def show(self, request: Request) -> Response:
        """``GET /files/``."""
        query = read_query(request.query_params)
        files = self._store.files.page(query)
        following, preceding = self._neighbours(query, files)
        return rest(
            {
                "next": _link(request, query, {"from": files[-1].uploaded}) if following else None,
                "previous": _link(request, query, {"to": files[0].uploaded}) if preceding else None,
                "total": self._store.files.count(query),
                "totals": {
                    "removed": self._store.files.count(FileQuery(is_removed=True)),
                    "stored": self._store.files.count(FileQuery(is_stored=True)),
                    "unstored": self._store.files.count(FileQuery(is_stored=False)),
                },
                "per_page": query.limit,
                "results": [as_json(file, request) for file in files],
            }
        )

    def _neighbours(self, query: FileQuery, files: list[StoredFile]) -> tuple[bool, bool]:
        """Return True for each side, after and before a page, on which there are more files."""
        if not files:
            return False, False
        one = replace(query, limit=1, offset=0)
        following = self._store.files.page(replace(one, after=files[-1].uploaded, before=None))
        preceding = self._store.files.page(replace(one, after=None, before=files[0].uploaded))
        return bool(following), bool(preceding)


def read_query(given: Mapping[str, str]) -> FileQuery:
    """Read the parameters of a list, or raise a refusal; the texts of these refusals are not on record."""
    ordering = given.get("ordering", "datetime_uploaded")
    if ordering.removeprefix("-") != "datetime_uploaded":
        raise HttpRefusal(400, {"ordering": [f'"{ordering}" is not a valid choice.']})
    return FileQuery(
        is_removed=_truth(given, "removed") or False,
        is_stored=_truth(given, "stored"),
        is_newest_first=ordering.startswith("-"),
        after=_date(given, "from"),
        before=_date(given, "to"),
        offset=_number(given, "offset", 0, 10**9, default=0),
        limit=_number(given, "limit", 1, LONGEST_PAGE, default=100),
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


def _link(request: Request, query: FileQuery, place: Mapping[str, str]) -> str:
    """Return the address of a neighbour page; its date ends with ``+00:00`` instead of ``Z``."""
    kept = {name: text for name, text in request.query_params.items() if name not in {"limit", "from", "to", "offset"}}
    dates = {name: date.removesuffix("Z") + "+00:00" for name, date in place.items()}
    text = urlencode({**kept, "limit": query.limit, **dates, "offset": 0})
    return f"{request.base_url}files/?{text}"
