"""Which file is the configuration."""

from pathlib import Path

import pytest

from cutoutd import config
from cutoutd.core.errors import ConfigurationError


@pytest.fixture
def system_wide(tmp_path: Path) -> Path:
    """A stand-in for /etc/cutoutd/config.yaml, not there yet."""
    return tmp_path / "etc.yaml"


def test_the_order(tmp_path: Path, system_wide: Path) -> None:
    """The flag wins over the variable, the variable over the working directory, that over /etc."""
    environ = {"CUTOUTD_CONFIG": "var.yaml"}
    system_wide.touch()
    assert config.find(None, {}, tmp_path, system_wide=system_wide) == system_wide
    (tmp_path / "config.yaml").touch()
    assert config.find(None, {"CUTOUTD_CONFIG": ""}, tmp_path, system_wide=system_wide) == tmp_path / "config.yaml"
    assert config.find(None, environ, tmp_path, system_wide=system_wide) == tmp_path / "var.yaml"
    assert config.find(Path("flag.yaml"), environ, tmp_path, system_wide=system_wide) == tmp_path / "flag.yaml"
    assert config.find(Path("/abs.yaml"), environ, tmp_path, system_wide=system_wide) == Path("/abs.yaml")


def test_a_folder_that_may_not_be_looked_into_is_passed_over(tmp_path: Path, system_wide: Path) -> None:
    """As after ``sudo -u cutoutd`` in one's own home: the next place counts."""
    system_wide.touch()
    home = tmp_path / "home"
    home.mkdir(mode=0)
    assert config.find(None, {}, home, system_wide=system_wide) == system_wide
    too_long = "a name that no kernel takes" * 20
    assert config.find(None, {}, tmp_path / too_long, system_wide=system_wide) == system_wide


def test_none_found(tmp_path: Path, system_wide: Path) -> None:
    """Where there is none, the places looked at and the ways to name one are told."""
    with pytest.raises(ConfigurationError) as refusal:
        config.find(None, {}, tmp_path, system_wide=system_wide)
    (fault,) = refusal.value.faults
    for part in (str(tmp_path / "config.yaml"), str(system_wide), "--config", "$CUTOUTD_CONFIG"):
        assert part in fault
