"""A machine with a real systemd for tests: ``bed.sh`` boots it, in namespaces of its own, over this machine's files.

The program lies in it as an installation would lay it: /opt/cutoutd/bin/cutoutd, run by this interpreter with this
source. A sandbox runs beside it, as Uploadcare. Nothing of it reaches this machine, and it has no network.
"""

import json
import os
import site
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from support.processes.daemon_process import eventually
from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY

BED = Path(__file__).parents[2] / "systemd" / "bed.sh"
SOURCE = Path(__file__).parents[3]
SANDBOX = "http://127.0.0.1:8800/"
INPUT, OUTPUT = "/srv/photos/in", "/srv/photos/out"

#: Starting a process on a busy machine, several times over.
PATIENCE_S = 60.0

_PROGRAM = f"""#!/bin/sh
export LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/cutoutd/daemon:/opt/site-packages
exec /opt/python/bin/python3.{sys.version_info.minor} -B -m cutoutd "$@"
"""

#: The sandbox instead of Uploadcare, and less patience than people have.
SANDBOX_ENVIRONMENT = " ".join(f"UPLOADCARE_{base}_BASE={SANDBOX}" for base in ("API", "UPLOAD", "CDN"))

_TEST_ONLY = f"""[Service]
Environment={SANDBOX_ENVIRONMENT}
RestartSec=200ms
WatchdogSec=8s
"""


class Machine:
    """One booted machine; a context manager that shuts it down."""

    def __init__(self, name: str, scratch: Path) -> None:
        self._scratch = scratch
        shown = {sys.base_prefix: "/opt/python", site.getsitepackages()[0]: "/opt/site-packages", SOURCE: "/opt/source"}
        shows = " ".join(f"{there}:{here}" for there, here in shown.items())
        self._environ = {**os.environ, "BED_NAME": name, "BED_SHOW": shows}

    def __enter__(self) -> Self:
        self._bed("up")
        return self

    def __exit__(self, *_: object) -> None:
        self._bed("down")

    def run(self, *arguments: str, is_expected_to_work: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in it as root, to its end."""
        done = self._bed("exec", *arguments, check=False)
        if is_expected_to_work:
            assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def shell(self, script: str) -> str:
        """Run a shell script in it as root; what it wrote."""
        return self.run("sh", "-ec", script).stdout

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Make a file in it, with all folders above; it takes its name when it is whole, mode included."""
        draft = self._scratch / "draft"
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
        draft.chmod(mode)
        folder, _, name = path.rpartition("/")
        self._bed("copy", str(draft), f"{folder}/.{name}.part")
        self.run("mv", f"{folder}/.{name}.part", path)

    def has(self, path: str) -> bool:
        """Whether something is there."""
        return self.run("test", "-e", path, is_expected_to_work=False).returncode == 0

    def await_file(self, path: str) -> None:
        """Return when it is there; else say what the service wrote."""
        try:
            eventually(lambda: self.has(path), within_s=PATIENCE_S)
        except TimeoutError:
            raise AssertionError(f"{path} never came:\n{self.journal()}") from None

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit."""
        lines = self.run("systemctl", "show", unit, f"--property={','.join(names)}").stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def journal(self, unit: str = "cutoutd") -> str:
        """What it said so far."""
        return self.shell(f"journalctl --sync; journalctl -o cat --no-pager -u {unit}")

    def entries(self, *matches: str) -> list[dict[str, Any]]:
        """The journal's entries with their fields."""
        self.run("journalctl", "--sync")
        lines = self.run("journalctl", "-o", "json", "--no-pager", *matches).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def prepare(self) -> None:
        """Lay the program and a sandbox into it, as if installed before."""
        self.write("/opt/cutoutd/bin/cutoutd", _PROGRAM, 0o755)
        # Compiled, as an installation is: the service may not, and would do it anew at every start.
        compiler = "LD_LIBRARY_PATH=/opt/python/lib /opt/python/bin/python3 -m compileall -q"
        self.shell(f"cp -r /opt/source/daemon /opt/cutoutd/; {compiler} /opt/cutoutd/daemon")
        self.write("/etc/systemd/system/cutoutd.service.d/test.conf", _TEST_ONLY)
        self.write("/etc/systemd/system/cutoutd@.service.d/test.conf", _TEST_ONLY)
        self.write("/root/key", f"{SECRET_KEY}\n", 0o600)
        options = (
            "--port",
            "8800",
            "--state-dir",
            "/var/lib/sandbox",
            "--engine",
            "border",
            "--processing-time",
            "0.3",
        )
        unit = ("systemd-run", "--quiet", "--unit=sandbox", "--property=Type=exec")
        self.run(*unit, "/opt/cutoutd/bin/cutoutd", "sandbox", *options)

    def install(self, *options: str) -> str:
        """Run the installer as a person would, but for the program, which is there; what it said."""
        done = self.try_install("--group", "photos", *options)
        assert done.returncode == 0, f"{options}: {done.stdout}{done.stderr}"
        return done.stdout

    def try_install(self, *options: str, service: str = SANDBOX) -> subprocess.CompletedProcess[str]:
        """Run the installer, whatever comes of it; ``service`` stands in Uploadcare's place for its check."""
        bases = (f"UPLOADCARE_{base}_BASE={service}" for base in ("API", "UPLOAD", "CDN"))
        keys = ("--public-key", PUBLIC_KEY, "--secret-key-file", "/root/key")
        installer = ("env", *bases, "/opt/source/systemd/install.sh", "--without-program")
        return self.run(*installer, *keys, *options, is_expected_to_work=False)

    def hurry(self) -> None:
        """Look at the trees every second, so that tests are about what happens and not about when."""
        self.shell("sed -i 's/rescan_interval: 60s/rescan_interval: 1s/' /etc/cutoutd/config.yaml")
        self.run("systemctl", "restart", "cutoutd")

    def purge(self) -> None:
        """Take everything away again but the program and the sandbox."""
        self.run("/opt/source/systemd/install.sh", "purge", "--without-program")
        self.shell("systemctl reset-failed; rm -rf /srv/photos")

    def counters(self) -> dict[str, Any]:
        """What the sandbox counted."""
        counters: dict[str, Any] = json.loads(self._control("GET", "counters"))
        return counters

    def set_faults(self, *faults: dict[str, object]) -> None:
        """What goes wrong at the sandbox from now on; none ends it."""
        self._control("DELETE", "faults")
        if faults:
            self._control("POST", "faults", json.dumps(faults))

    def _control(self, method: str, name: str, body: str = "") -> str:
        request = (
            f"urllib.request.Request({SANDBOX + '_sandbox/' + name!r}, {body.encode() or None!r}, method={method!r})"
        )
        code = f"import urllib.request; print(urllib.request.urlopen({request}).read().decode())"
        return self.run("python3", "-c", code).stdout

    def _bed(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [BED, *arguments], env=self._environ, capture_output=True, text=True, check=False, timeout=3 * PATIENCE_S
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done
