"""The screens of the command line, each against its golden file.

The screens say what other tests prove; here their words and their layout are held, so that a rewording is one diff.
"""

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import typer
import yaml
from rich.console import Console
from typer.testing import CliRunner

from cutoutd.cli import app
from cutoutd.cli.terminal.plan_view import show_plan
from cutoutd.cli.terminal.status_view import show_history, show_status, summary_of
from cutoutd.config.settings import Limits, Price
from cutoutd.core.photo import (
    LaunchOutcomeUnknown,
    LaunchResponseLost,
    RemovalIntended,
    RemovalStarted,
    State,
    Wait,
    WaitKind,
)
from cutoutd.ledger import LaunchCounts, Ledger, hold_ledger
from cutoutd.ledger.writes.approvals import Batch
from cutoutd.pipeline.scheduling.pause import Pause
from cutoutd.status.costs import price_batch
from cutoutd.status.live_state import (
    LiveHalt,
    LiveState,
    LiveUnavailableFolder,
    SettlingFile,
    WatchedMount,
    write_live_state,
)
from cutoutd.status.plan import FolderDraft, Plan, PlannedOutcome, price_plan
from cutoutd.status.status import Status, event_as_json, read_history, read_status, status_as_json
from cutoutd.watch.passed_over.passed_over import PassedOver, PassedOverReason
from support.golden import assert_golden, shape_of
from support.ledgers import identity, photo_at, with_ledger

GOLDEN = Path(__file__).parent / "golden"
LIMITS = Limits(per_day=100)
PRICE = Price.model_validate({"operations_per_removal": 60, "per_1000_operations": "0.5"})
LIVE = LiveState(
    pid=7,
    started_at_s=0.0,
    watched=(WatchedMount(folder="products", path="", kind="polling", reason="nfs raises no events"),),
    settling=(SettlingFile(folder="products", path="new.jpg", since_s=1.0, reason="it is still growing"),),
    settling_count=1,
    ignored=4,
    passed_over=(
        PassedOver("products", PassedOverReason.UNREADABLE, 1, ("set",), "Permission denied"),
        PassedOver("products", PassedOverReason.CONFLICT_COPY, 5, ("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")),
    ),
    halt=LiveHalt(title="Uploadcare refused the keys", sentence="401"),
    unavailable=(LiveUnavailableFolder(folder="people", reason="its mount is gone", since_s=1.0),),
    source_troubles={"products": "the archive is full"},
    throttled_until={"downloads": 0.0},
    launches_per_minute=19.0,
    launch_reason="refused (429)",
)


async def fill(ledger: Ledger) -> None:
    """A photo of each kind that a screen tells of."""
    waiting = await photo_at(ledger, State.ACCEPTED, identity("waiting.jpg"))
    await ledger.postpone(waiting, Wait(WaitKind.RETRY, 50.0, 1, "Uploadcare is away"))
    held = await photo_at(ledger, State.ACCEPTED, identity("held.jpg"))
    await ledger.postpone(held, Wait(WaitKind.HELD, 9e9, 0, "limits.per_day allows 100 removals"))
    again = await photo_at(ledger, State.REMOVAL_INTENDED, identity("again.jpg"))
    lost = LaunchResponseLost(1.0, "api.test is in trouble: it answered 502 (HTTP 502)")
    for fact in (lost, LaunchOutcomeUnknown(1.0), RemovalIntended(), RemovalStarted("request-2")):
        again = await ledger.record(again, fact)
    await photo_at(ledger, State.REJECTED, identity("empty.jpg"))
    await photo_at(ledger, State.FAILED, identity("wall.jpg"))
    await photo_at(ledger, State.PUBLISHED, identity("done.jpg", folder="people"))


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    with_ledger(folder, fill)
    write_live_state(folder, LIVE)
    return folder


@pytest.fixture(scope="module")
def status(state_dir: Path) -> Status:
    """The status of a running cutoutd with something in every section."""
    with hold_ledger(state_dir):
        found = read_status(state_dir, LIMITS, PRICE)
    batch = price_batch(Batch(folder="products", photos=600, uploaded=0, held=600), PRICE)
    return replace(found, batches=(batch,), pause=Pause("the studio moves", 0.0))


def drawn(show: object, *values: object) -> str:
    console = Console(file=io.StringIO(), width=120)
    show(console, *values)  # type: ignore[operator]
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_help() -> None:
    """Every command with its help, its arguments and its options, in the order of ``--help``."""
    assert_golden(GOLDEN / "help.txt", "\n".join(help_of("cutoutd", typer.main.get_command(app))))


def help_of(name: str, command: typer.core.TyperCommand | typer.core.TyperGroup) -> list[str]:
    lines = [name, f"    {command.help}"]
    for parameter in command.params:
        names = ", ".join((*parameter.opts, *parameter.secondary_opts))
        if getattr(parameter, "help", None) and "completion" not in names:  # those are Typer's own
            lines.append(f"    {names}: {parameter.help}")
    lines.append("")
    for child, below in getattr(command, "commands", {}).items():
        lines += help_of(f"{name} {child}", below)
    return lines


def test_status_screen(status: Status) -> None:
    """Every section of ``status`` while cutoutd runs."""
    assert_golden(GOLDEN / "status.txt", drawn(show_status, status))


def test_status_screen_of_a_stopped_daemon(state_dir: Path) -> None:
    """The same ledger while cutoutd does not run."""
    assert_golden(GOLDEN / "status_stopped.txt", drawn(show_status, read_status(state_dir, Limits())))


def test_live_summary(status: Status) -> None:
    """The lines at the bottom of a terminal, below the log of ``run``."""
    assert_golden(GOLDEN / "summary.txt", drawn(Console.print, summary_of(status)))


def test_status_json(status: Status) -> None:
    """The keys of ``status --json`` and the types of their values: programs rely on them."""
    assert_golden(
        GOLDEN / "status.json", json.dumps(shape_of(json.loads(json.dumps(status_as_json(status)))), indent=2)
    )


def test_history(state_dir: Path) -> None:
    """Every event of the ledger as a line, and the keys of its JSON."""
    events = read_history(state_dir, None, 100)
    shapes = json.dumps(shape_of(json.loads(json.dumps(event_as_json(events[0])))), indent=2)
    assert_golden(GOLDEN / "history.txt", drawn(show_history, events) + shapes)


def test_plan() -> None:
    """A plan of two folders, with limits, a batch to approve, and reasons of rejection."""
    products, people = FolderDraft("products"), FolderDraft("people")
    for outcome, number in ((PlannedOutcome.SEND, 120), (PlannedOutcome.REUSE, 7), (PlannedOutcome.PUBLISHED, 30)):
        for _ in range(number):
            products.note(outcome, is_new=outcome is PlannedOutcome.SEND)
    products.note(PlannedOutcome.REJECT)
    products.passed_over = LIVE.passed_over
    people.note(PlannedOutcome.SEND)
    folders = (products.finish(), people.finish())
    limits = Limits(per_day=100, confirm_over=100)
    spent = LaunchCounts(day=date(2026, 11, 22), today=10, this_month=25, ahead=0)
    plan = Plan(folders, price_plan(folders, PRICE), limits, spent, launches_per_minute=10.0)
    assert_golden(GOLDEN / "plan.txt", drawn(show_plan, plan))


def test_check(tmp_path: Path) -> None:
    """``check --offline`` where one folder is missing; lines about this machine's kernel and disks are left out."""
    (tmp_path / "out").mkdir()
    (tmp_path / "key").write_text("key\n")
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "cutoutd.yaml").write_text(
        yaml.safe_dump(
            {
                "uploadcare": {"public_key": "demopublickey", "secret_key_file": str(tmp_path / "key")},
                "state_dir": str(tmp_path / "state"),
                "web": {"listen": None},
                "folders": [{"name": "shop", "input": str(tmp_path / "in"), "output": str(tmp_path / "out")}],
            }
        )
    )
    ended = CliRunner().invoke(
        app, ["check", "--offline", "--config", str(tmp_path / "cutoutd.yaml")], env={"COLUMNS": "120"}
    )
    assert ended.exit_code == 1
    lines = [line for line in ended.stdout.splitlines() if ".watch:" not in line and " room:" not in line]
    assert_golden(GOLDEN / "check.txt", "\n".join(lines), {str(tmp_path): "<folder>"})
