"""No foreign text commands the terminal: words of the service and names are escaped where they are shown."""

import asyncio
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from cutoutd.cli.options import say
from cutoutd.cli.terminal import output_console
from support.servers.scripted_server import Script, answer, served_by

DAEMON = Path(__file__).parents[3] / "daemon"
EVIL = "\x1b[2J\x1b]0;owned\x07\u202e\r\x9b31m"

CONFIGURATION = """
uploadcare: {{public_key: demopublickey, secret_key_file: {root}/key, api_base: '{url}', upload_base: '{url}'}}
state_dir: {root}/state
folders: [{{name: shop, input: {root}/in, output: {root}/out}}]
"""

ANSWERS = {
    "list": answer(200, json.dumps([{"id": 1, "event": EVIL, "target_url": f"https://x/{EVIL}", "is_active": True}])),
    "refused": answer(401, json.dumps({"detail": EVIL})),
    "strange type": answer(200, "x", kind=f"text/{EVIL[:4]}x".replace("\x1b", "\x9b")),
    "project": answer(200, json.dumps({"name": EVIL, "pub_key": "demopublickey"})),
}


async def shown(root: Path, name: str, *words: str) -> str:
    """What a command writes while Uploadcare answers like this."""
    async with served_by(Script([ANSWERS[name]])) as url:
        (root / "key").write_text("demosecretkey\n")
        (root / "config.yaml").write_text(CONFIGURATION.format(root=root, url=url))
        (root / "in").mkdir()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cutoutd", *words, "--config", str(root / "config.yaml")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": str(DAEMON)},
        )
        output, _ = await process.communicate()
    return output.decode()


@pytest.mark.parametrize(
    ("name", "words"),
    [("list", ("webhook", "list")), ("refused", ("webhook", "list")), ("strange type", ("webhook", "list")),
     ("project", ("check",)), ("refused", ("check",))],
)  # fmt: skip  # one list
def test_the_services_words_command_no_terminal(tmp_path: Path, name: str, words: tuple[str, ...]) -> None:
    """Every line is printable, and the words are still there, escaped."""
    output = asyncio.run(shown(tmp_path, name, *words))
    assert output
    assert all(line.isprintable() for line in output.splitlines()), output


def test_what_is_said_and_drawn_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    """Also texts that no edge has looked at: in a sentence, a table and a style."""
    say(f"one\n{EVIL}two")
    console = output_console()
    console.file = io.StringIO()
    table = Table()
    table.add_column(EVIL)
    table.add_row(Text(EVIL, style="bold"))
    console.print(table)
    console.print(Text(f"a{EVIL}"), soft_wrap=True)
    for output in (capsys.readouterr().out, console.file.getvalue()):
        assert all(line.isprintable() for line in output.split("\n")), output


def test_no_command_draws_on_a_console_of_its_own() -> None:
    """Only the one that escapes is used, else a name in the live view of `run` would command the terminal."""
    commands = DAEMON / "cutoutd" / "cli"
    own = [file.name for file in commands.rglob("*.py") if re.search(r"\bConsole\(\w*=?\w*\)", file.read_text())]
    assert own == []
