"""The check of the plans of all statements finds those that grow with the ledger, and no others."""

from pathlib import Path

import pytest

from support.query_plans import PlanCheck

_CODE = "def ask(check, sql, *values): check.look(sql, values)"


def plan(folder: Path, module: str, sql: str, *values: object) -> list[str]:
    """Return what the check says of a statement that a function of this module puts."""
    names: dict[str, object] = {"__name__": module}
    exec(_CODE, names)  # noqa: S102  a function in a module of the ledger
    check = PlanCheck(folder)
    names["ask"](check, sql, *values)  # type: ignore[operator]
    check.close()
    return check.take_faults()


@pytest.mark.parametrize(
    ("sql", "is_growing"),
    [
        ("UPDATE photos SET note = 'x' WHERE kept_uuid = 'y'", True),
        ("SELECT max(at_s) FROM events", True),
        ("SELECT * FROM photos WHERE state = 'published' ORDER BY state_at_s", True),
        ("SELECT path FROM photos WHERE state = 'published'", True),
        ("SELECT count(*) FROM targets", True),
        ("UPDATE photos SET note = 'x' WHERE result_uuid = 'y'", False),
        ("UPDATE photos SET unclear_since_s = 1 WHERE unclear_since_s > 2", False),
        ("SELECT * FROM photos WHERE id > 5 AND id < 10", False),
    ],
)
def test_a_statement_that_grows_is_found(tmp_path: Path, sql: str, *, is_growing: bool) -> None:
    """Reads of whole tables, of all published photos, and sorts of them are found; those by an index are not."""
    assert bool(plan(tmp_path, "cutoutd.ledger.queries.fake", sql)) is is_growing


def test_a_test_may_ask_for_anything(tmp_path: Path) -> None:
    """A statement that no code of the ledger puts is not looked at."""
    assert plan(tmp_path, "tests", "SELECT max(at_s) FROM events") == []
