"""Which file is the configuration."""

import os
from collections.abc import Mapping
from pathlib import Path

from cutoutd.core.errors import ConfigurationError

SYSTEM_WIDE = Path("/etc/cutoutd/config.yaml")


def find(explicit: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """The file that was named, else $CUTOUTD_CONFIG, else config.yaml in ``cwd``, else /etc/cutoutd/config.yaml.

    What was named is taken at its word: reading it says what is wrong with it.

    Raises:
        ConfigurationError: none was named and neither of the two places holds one.
    """
    named = explicit or (Path(environ["CUTOUTD_CONFIG"]) if environ.get("CUTOUTD_CONFIG") else None)
    if named is not None:
        return cwd / named
    places = (cwd / "config.yaml", SYSTEM_WIDE)
    # Not Path.is_file(), which raises where this user may not look: in another one's home, say, after sudo -u.
    found = next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113  see above
    if found is None:
        looked = " and ".join(str(place) for place in places)
        raise ConfigurationError(
            (f"there is no configuration: looked at {looked}; name one with --config FILE or $CUTOUTD_CONFIG",)
        )
    return found
