"""The installer under a real systemd: what it makes, what it says, and what it leaves behind."""

import pytest

from support.images.drawn_photos import jpeg
from support.processes.systemd_machine import INPUT, OUTPUT, Machine

INSTALLER = "/opt/source/systemd/install.sh"
EVERYTHING = (
    "cat /etc/cutoutd/config.yaml /etc/cutoutd/secret-key; find /etc/systemd/system/cutoutd* -printf '%p %s %m\\n'"
)

#: All places of an installation, with the folders of photos.
TRACES = (
    "find /etc/cutoutd /etc/systemd/system/cutoutd* /etc/sysusers.d /etc/tmpfiles.d /srv /var/lib/cutoutd* /var/backups"
    " 2>/dev/null | sort; getent passwd cutoutd || true; getent group cutoutd photos || true"
)


def test_it_may_run_twice_and_leaves_no_trace(bare: Machine) -> None:
    """Again, it keeps configuration and key; uninstalled, only photos, cutouts and the configuration stay."""
    bare.install()
    before = bare.shell(EVERYTHING)
    said = bare.install()
    assert "kept /etc/cutoutd/config.yaml" in said
    assert before == bare.shell(EVERYTHING)
    bare.write(f"{INPUT}/kept.jpg", jpeg())
    bare.await_file(f"{OUTPUT}/kept.png")
    bare.run(INSTALLER, "uninstall", "--without-program")
    assert bare.run("systemctl", "cat", "cutoutd", is_expected_to_work=False).returncode != 0
    assert bare.shell("stat -c '%a %U' /var/backups/cutoutd/ledger-*").splitlines() == ["600 root"]
    for kept in ("/etc/cutoutd/config.yaml", "/var/lib/cutoutd", f"{OUTPUT}/kept.png", f"{INPUT}/kept.jpg"):
        assert bare.has(kept)


def test_it_ends_with_a_check_and_the_first_status(bare: Machine) -> None:
    """The end shows both as the service sees it; a check that finds a fault is a failure that says what to type."""
    well = bare.try_install("--group", "photos")
    assert well.returncode == 0, well.stdout + well.stderr
    assert "ok  keys: " in well.stdout
    assert "No photo has been found yet." in well.stdout
    refused = bare.try_install("--group", "photos", service="http://127.0.0.1:9/")
    assert refused.returncode == 1, refused.stdout
    assert "not all is well" in refused.stderr
    assert "cutoutd check --user cutoutd --config /etc/cutoutd/config.yaml" in refused.stderr
    assert bare.show("cutoutd", "ActiveState")["ActiveState"] == "active"


@pytest.mark.parametrize("at", ["key", "units"])
def test_a_failure_half_way_leaves_nothing(bare: Machine, at: str) -> None:
    """Without a key, or where a unit cannot be written, all that was made is taken back, with user and group."""
    bare.shell("groupdel photos 2>/dev/null || true; rm -rf /var/backups/cutoutd")
    obstacle = "/etc/systemd/system/cutoutd-failure@.service"
    before = bare.shell(TRACES)
    if at == "units":
        bare.shell(f"mkdir {obstacle}")
    failed = bare.try_install(*(("--secret-key-file", "/root/no-such-key") if at == "key" else ()))
    bare.shell(f"! test -d {obstacle} || rmdir {obstacle}")
    assert failed.returncode != 0, failed.stdout
    assert "taken back" in failed.stderr
    assert bare.shell(TRACES) == before


def test_a_group_that_exists_is_asked_about(bare: Machine) -> None:
    """Where the group was made for something else, it is shared only with consent, or when it is named."""
    bare.shell("getent group photos || groupadd photos; useradd -M -G photos stranger")
    try:
        refused = bare.try_install()
        assert refused.returncode == 1
        assert "the group photos exists already (members: stranger)" in refused.stderr
        assert not bare.has("/etc/cutoutd/config.yaml")
        assert bare.try_install("--group", "photos", "--without-start").returncode == 0
        assert bare.try_install("--without-start").returncode == 0  # the second time, the answer is known
    finally:
        bare.shell("userdel stranger")


def test_instances_are_installed_upgraded_and_taken_away(bare: Machine) -> None:
    """Beside the service, each has configuration, key, ledger and folders of its own, and goes with all of them."""
    bare.install()
    for name in ("north", "south"):
        bare.install("--instance", name)
        bare.shell(f"sed -i 's/rescan_interval: 60s/rescan_interval: 1s/' /etc/cutoutd/{name}.yaml")
        bare.write(f"/srv/photos/{name}/in/{name}.jpg", jpeg())
        bare.await_file(f"/srv/photos/{name}/out/{name}.png")
    units = ("cutoutd", "cutoutd@north", "cutoutd@south")
    ports = bare.shell("grep -h '^  listen:' /etc/cutoutd/*.yaml").split()
    assert len({port for port in ports if port != "listen:"}) == len(units)
    bare.run(INSTALLER, "uninstall", "--without-program", "--instance", "north")
    states = [bare.show(unit, "ActiveState")["ActiveState"] for unit in units]
    assert states == ["active", "inactive", "active"]
    assert bare.has("/var/lib/cutoutd-north/ledger.sqlite")
    bare.run(INSTALLER, "purge", "--without-program")
    assert bare.shell("systemctl list-units --all --plain --no-legend 'cutoutd*' | grep -c active || true") == "0\n"
    for gone in ("/etc/cutoutd", "/var/lib/cutoutd", "/var/lib/cutoutd-north", "/var/lib/cutoutd-south"):
        assert not bare.has(gone)
    assert bare.has("/srv/photos/south/out/south.png")


def test_an_upgrade_stops_and_copies_every_instance(bare: Machine) -> None:
    """A new program finds no service running; each ledger was copied, and what ran before runs again."""
    bare.install()
    bare.install("--instance", "north")
    # The program as an installation has it, without a network: its pip does nothing.
    bare.write("/opt/cutoutd/bin/python", "#!/bin/sh\n", 0o755)
    bare.write("/opt/cutoutd/bin/pip", "#!/bin/sh\nsystemctl is-active cutoutd cutoutd@north >/root/seen\n", 0o755)
    try:
        # The upgrade itself fails: both run again as before.
        bare.run("env", INSTALLER, is_expected_to_work=False)
        assert bare.shell("cat /root/seen").split() == ["inactive", "inactive"]
    finally:
        bare.shell("rm /opt/cutoutd/bin/python /opt/cutoutd/bin/pip")
    for unit, copies in (("cutoutd", "/var/backups/cutoutd"), ("cutoutd@north", "/var/backups/cutoutd/north")):
        assert bare.show(unit, "ActiveState")["ActiveState"] == "active"
        assert bare.shell(f"ls {copies}/ledger-*.sqlite")


@pytest.mark.parametrize("name", [".", "..", ".hidden", "-x", "a b", "../x", "config"])
def test_a_name_that_leads_elsewhere_is_refused(bare: Machine, name: str) -> None:
    """An instance whose name would be hidden, or lead out of its folder, is a slip of the hand; nothing is made."""
    before = bare.shell(TRACES)
    refused = bare.try_install("--instance", name)
    assert (refused.returncode, "--instance takes small letters" in refused.stderr) == (2, True)
    assert bare.shell(TRACES) == before


def test_an_instance_with_a_user_for_the_time_it_runs(bare: Machine) -> None:
    """With an encrypted key and no permanent user, the check looks from inside the service and finds all well."""
    bare.install("--instance", "north", "--dynamic-user", "--encrypt")
    assert bare.has("/var/lib/private/cutoutd-north/ledger.sqlite")
    bare.shell("/opt/source/systemd/install.sh purge --without-program --instance north")
    assert not bare.has("/var/lib/private/cutoutd-north")
    unknown = bare.run("/opt/source/systemd/install.sh", "purge", "--instance", "noth", is_expected_to_work=False)
    assert (unknown.returncode, "there is no instance noth" in unknown.stderr) == (1, True)


def test_what_runs_with_an_earlier_configuration_is_left_running(bare: Machine) -> None:
    """A configuration that was broken since its start would not start again, so nothing is stopped; it is named."""
    bare.install()
    bare.shell("cp /etc/cutoutd/config.yaml /root/good.yaml; echo 'nonsense: [' >>/etc/cutoutd/config.yaml")
    refused = bare.try_install("--group", "photos")
    assert (refused.returncode, "cutoutd runs, but would not start again" in refused.stderr) == (1, True)
    assert bare.show("cutoutd", "ActiveState")["ActiveState"] == "active"
    bare.shell("mv /root/good.yaml /etc/cutoutd/config.yaml")


def test_a_key_outlives_a_failure_while_its_form_changes(bare: Machine) -> None:
    """Half-way from a plain key to an encrypted one, a failure leaves the plain key and its configuration."""
    bare.install("--instance", "north", "--without-start")
    obstacle = "/etc/systemd/system/cutoutd-failure@.service"
    bare.shell(f"rm {obstacle}; mkdir {obstacle}")
    failed = bare.try_install("--group", "photos", "--instance", "north", "--encrypt", "--without-start")
    bare.shell(f"rmdir {obstacle}")
    assert failed.returncode == 1, failed.stdout
    assert bare.shell("ls /etc/cutoutd | grep secret").split() == ["north.secret-key"]
    assert bare.shell("grep -c '^  secret_key_file:' /etc/cutoutd/north.yaml").strip() == "1"
    assert (
        bare.try_install("--instance", "north", "--without-start").returncode == 0
    )  # nor is the group asked about that it shares
