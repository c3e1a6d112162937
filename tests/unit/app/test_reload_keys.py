"""Where a reload finds another secret key: in the file, in systemd's credential; and which of them wins."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cutoutd import config
from cutoutd.app.reload import Reloader
from cutoutd.config.settings import Settings
from cutoutd.core.logs import redact, redaction, register_secret

OLD, NEW = "theoldsecretkey01234", "thenewsecretkey56789"


@pytest.fixture(autouse=True)
def _nothing_concealed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "registered_secrets", set())


def keep(file: Path, key: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(f"{key}\n")
    return file


def configured(home: Path) -> Path:
    """A configuration whose secret key is in the file ``key`` beside it."""
    (home / "in").mkdir()
    text = (
        "uploadcare: {public_key: demopublickey, secret_key_file: key}\nfolders: [{name: a, input: in, output: out}]\n"
    )
    (home / "config.yaml").write_text(text)
    keep(home / "key", OLD)
    return home / "config.yaml"


def conceal_key(settings: Settings) -> None:
    register_secret(settings.uploadcare.secret_key.get_secret_value())


def reloaded(file: Path, environ: dict[str, str], change: Callable[[], object]) -> Settings:
    """The settings in force after a change and a reload."""

    async def play() -> Settings:
        reloading = Reloader(config.load(file, environ), lambda: config.load(file, environ), conceal_key)
        reloading.confirm(reloading.next_settings())
        change()
        asking = asyncio.create_task(reloading.reload())
        wanted = asyncio.create_task(reloading.reload_requested.wait())
        await asyncio.wait({asking, wanted}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
        wanted.cancel()
        reloading.confirm(reloading.next_settings())
        await asking
        return reloading.settings

    return asyncio.run(play())


def key_of(settings: Settings) -> str:
    return settings.uploadcare.secret_key.get_secret_value()


def test_another_key_in_the_file_is_taken_up(tmp_path: Path) -> None:
    """The file's name stays, its content does not; from then on no line shows either key."""
    settings = reloaded(configured(tmp_path), {}, lambda: keep(tmp_path / "key", NEW))
    assert key_of(settings) == NEW
    assert redact(f"{OLD} and {NEW}") == "[hidden] and [hidden]"


def test_another_key_in_systemds_credential_is_taken_up(tmp_path: Path) -> None:
    """It goes before the file, at a reload as at the start."""
    credential = keep(tmp_path / "uploadcare-secret-key", OLD)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert key_of(reloaded(configured(tmp_path), environ, lambda: keep(credential, NEW))) == NEW
    assert redact(f"{OLD} and {NEW}") == "[hidden] and [hidden]"


def test_the_environments_key_stays_until_the_next_start(tmp_path: Path) -> None:
    """A process's environment is that of its start, and wins over a file that changed."""
    environ = {"UPLOADCARE_SECRET_KEY": OLD}
    assert key_of(reloaded(configured(tmp_path), environ, lambda: keep(tmp_path / "key", NEW))) == OLD
