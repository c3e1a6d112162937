"""What a reload finds different, in the words of the configuration."""

from pathlib import Path

from pydantic import SecretStr

from cutoutd.app.reload import ConfigurationChanges, differences
from cutoutd.config.remove_bg import RemoveBg
from cutoutd.config.settings import FolderSettings, Limits, Settings, WatchSettings
from support.folders import folder_in, settings_in


def settings(home: Path, *folders: FolderSettings, **others: object) -> Settings:
    return settings_in(home, "http://127.0.0.1:9/", *folders).model_copy(update=others)


def test_the_same_configuration_has_no_differences(tmp_path: Path) -> None:
    """Read twice, nothing is different."""
    assert differences(settings(tmp_path, folder_in(tmp_path)), settings(tmp_path, folder_in(tmp_path))).is_empty


def test_folders_come_and_go_by_name(tmp_path: Path) -> None:
    """A folder of another name is one that came and one that went; their order says nothing."""
    one, other = (folder_in(tmp_path).model_copy(update={"name": name}) for name in ("one", "other"))
    assert differences(settings(tmp_path, one), settings(tmp_path, other)) == ConfigurationChanges(
        added=("other",), removed=("one",)
    )
    assert differences(settings(tmp_path, one, other), settings(tmp_path, other, one)).is_empty


def test_changes_are_told_by_the_keys_that_users_write(tmp_path: Path) -> None:
    """Sections and folders in full, parameters as one, and never a value."""
    folder = folder_in(tmp_path)
    changed = folder.model_copy(update={"parameters": RemoveBg(type="product"), "max_upload_bytes": 5})
    new = settings(
        tmp_path, changed, limits=Limits(per_day=7), watch=WatchSettings(rescan_interval_s=9.0, stability_delay_s=0.1)
    )
    found = differences(settings(tmp_path, folder), new).changed
    assert set(found) == {
        f"folders.{folder.name}.remove_bg",
        f"folders.{folder.name}.max_size",
        "limits.per_day",
        "watch.rescan_interval",
    }


def test_another_secret_key_is_told_in_words(tmp_path: Path) -> None:
    """Wherever it comes from, there is no key of the configuration that holds it; what it is stays untold."""
    old = settings(tmp_path, folder_in(tmp_path))
    account = old.uploadcare.model_copy(update={"secret_key": SecretStr("another")})
    assert differences(old, old.model_copy(update={"uploadcare": account})).changed == ("the secret key",)
