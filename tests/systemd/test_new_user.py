"""The README's commands as a new user types them, on a Debian that has nothing but itself.

A minimal Debian 12 is made for it (mmdebstrap, once) and what its mirror and the package index would hand out is laid
into it beforehand, because the machine has no network. That takes the internet and some minutes, so it is asked for:
``CUTOUTD_CLEAN_DEBIAN=1 pytest tests/systemd/test_new_user.py``, as root.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.images.drawn_photos import jpeg
from support.processes.daemon_process import eventually
from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY
from support.processes.systemd_machine import BED, PATIENCE_S, SANDBOX_ENVIRONMENT, SOURCE

README = (SOURCE / "README.md").read_text()

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("CUTOUTD_CLEAN_DEBIAN") != "1", reason="CUTOUTD_CLEAN_DEBIAN=1 was not asked for"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="booting a systemd needs root"),
    pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="mmdebstrap is not installed"),
]


def commands_of_the_readme() -> list[str]:
    """Those of "Or as a service", without their remarks."""
    section = README.partition("\n### Or as a service\n")[2]
    block = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0]
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


class Debian:
    """A clean machine, and Ana, who may use sudo and has a copy of the source."""

    def __init__(self, place: Path) -> None:
        self._place = place
        shown = {place / "wheels": "/mnt/wheels", place / "source": "/mnt/source"}
        self._environ = {
            **os.environ,
            "BED_NAME": f"clean-{os.getpid()}",
            "BED_ROOT": "clean",
            "BED_CACHE": str(place / "debian"),
            "BED_PKGS": "sudo",
            "BED_SHOW": " ".join(f"{there}:{here}" for there, here in shown.items()),
        }

    def make(self) -> None:
        """Build it with all that will be asked of the mirror and the index, and boot it."""
        (self._place / "wheels").mkdir()
        paths = ("pyproject.toml", "README.md", "LICENSE", "config.example.yaml", "daemon", "systemd")
        for path in paths:
            copy = shutil.copytree if (SOURCE / path).is_dir() else shutil.copy
            (self._place / "source").mkdir(exist_ok=True)
            copy(SOURCE / path, self._place / "source" / path)
        wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(self._place / "wheels")]
        subprocess.run([*wheel, f"{self._place}/source[sandbox]", "hatchling"], check=True)
        self._bed("up")
        self._bed("down")
        root = self._place / "debian" / "rootfs"
        shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
        fetch = "apt-get update -qq && apt-get install -y -qq --download-only --no-install-recommends python3-venv"
        subprocess.run(["chroot", str(root), "sh", "-ec", fetch], check=True)
        self._bed("up")
        index = "printf '[global]\\nno-index = true\\nfind-links = /mnt/wheels\\n' > /etc/pip.conf"
        ana = "useradd -m -s /bin/bash ana; echo 'ana ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ana"
        self.as_root(f"{index}; {ana}; cp -r /mnt/source ~ana/cutoutd; chown -R ana: ~ana; chmod 644 /etc/pip.conf")
        drop_in = "/etc/systemd/system/cutoutd.service.d"
        self.as_root(
            f"mkdir -p {drop_in}; printf '[Service]\\nEnvironment={SANDBOX_ENVIRONMENT}\\n' > {drop_in}/test.conf"
        )

    def as_root(self, script: str) -> str:
        """What the script wrote."""
        return self._bed("exec", "sh", "-ec", script)

    def types(self, line: str, answer: str) -> None:
        """Ana types a line, in a login of its own, and answers what it asks."""
        # On a terminal, as a secret is asked for on none else.
        script = f"cd ~/cutoutd && script -qec {line!r} /dev/null"
        with subprocess.Popen(
            [BED, "exec", "su", "-", "ana", "-c", script],
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            said = b""
            while piece := os.read(process.stdout.fileno(), 4096):
                said += piece
                if answer and b"(not shown): " in said:
                    process.stdin.write(f"{answer}\n".encode())
                    process.stdin.flush()
                    answer = ""
            process.stdin.close()
        assert process.returncode == 0, f"{line}: {said.decode()}"

    def stop(self) -> None:
        """Shut it down."""
        self._bed("down")

    def _bed(self, *arguments: str) -> str:
        done = subprocess.run(
            [BED, *arguments], env=self._environ, capture_output=True, text=True, check=False, timeout=10 * PATIENCE_S
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[Debian]:
    """Booted, with a sandbox in Uploadcare's place."""
    machine = Debian(tmp_path)
    try:
        machine.make()
        yield machine
    finally:
        machine.stop()


def test_from_a_fresh_debian_to_the_first_cutout(debian: Debian, tmp_path: Path) -> None:
    """At most six commands, each as the README has it but for the key; the last one shows the cutout."""
    commands = commands_of_the_readme()
    assert len(commands) <= 6
    (tmp_path / "source" / "photo.jpg").write_bytes(jpeg())
    debian.as_root("cp /mnt/source/photo.jpg ~ana/cutoutd/")
    *before, looking = commands
    for command in before:
        # Without newgrp, because each login is a new one.
        typed = command.replace("YOUR_PUBLIC_KEY", PUBLIC_KEY).replace(" && newgrp photos", "")
        debian.types(typed, SECRET_KEY if "install.sh" in command else "")
    # Ana has the real Uploadcare; we have a sandbox, with an installation of its own.
    debian.as_root(
        "python3 -m venv /opt/sandbox; cp -r /mnt/source /root/source;"
        "/opt/sandbox/bin/pip install -q '/root/source[sandbox]';"
        "systemd-run -q --unit=sandbox /opt/sandbox/bin/cutoutd sandbox --port 8800 --state-dir /var/lib/sandbox"
    )
    eventually(lambda: "photo.png" in debian.as_root(f"su - ana -c '{looking}'"), within_s=PATIENCE_S)
