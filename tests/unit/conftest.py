"""Every unit test also checks the plans of the statements that it puts to a ledger."""

import os
from collections.abc import Iterator

import pytest

from support.query_plans import PlanCheck, checked_plans


@pytest.fixture(scope="session")
def plan_check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlanCheck]:
    """The statements of this worker process."""
    check = PlanCheck(tmp_path_factory.mktemp("plans"))
    with checked_plans(check):
        yield check
    check.close()


@pytest.fixture(autouse=True)
def _no_statement_grows(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that puts a statement which reads a whole table: give it an index, or a reason in `plan_reasons`."""
    if "MUTANT_UNDER_TEST" in os.environ:  # because the functions of a mutation run have other names
        yield
        return
    check: PlanCheck = request.getfixturevalue("plan_check")
    yield
    assert not check.take_faults()
