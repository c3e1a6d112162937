"""Trouble with disks at every write, on small real ones: nothing lost, nothing paid twice, on again by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.images.drawn_photos import is_cutout, put
from support.processes.daemon_process import DaemonProcess, Place, eventually
from support.processes.sandbox_process import SandboxProcess
from support.small_disks import SmallDisk, quota_disk, small_disk

PHOTOS = tuple(f"{number}.jpg" for number in range(3))


@pytest.fixture(scope="module")
def patient_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One whose removals leave time to do something to a disk."""
    with SandboxProcess(tmp_path_factory.mktemp("patient"), "--processing-time", "2") as sandbox:
        yield sandbox


@pytest.fixture
def shop(tmp_path: Path, patient_sandbox: SandboxProcess) -> Place:
    """A place that pays however little room there is, and says all."""
    patient_sandbox.clear_counters()
    place = Place(tmp_path / "shop", patient_sandbox.url)
    place.configure(limits={"min_free_space": 1}, log={"format": "json", "level": "debug"})
    return place


def drop(place: Place, folder: str = "") -> None:
    for path in PHOTOS:
        put(place.input / folder / path)


def wait_for_words(daemon: DaemonProcess, words: str, times: int = 1) -> None:
    daemon.wait_until(lambda lines: sum(words in line.message for line in lines) >= times)


def require_paid_once(place: Place, sandbox: SandboxProcess, folder: str = "") -> None:
    """Every cutout whole, no leftovers, each photo uploaded and launched once."""
    names = [str(Path(folder, path).with_suffix(".png")) for path in PHOTOS]
    assert [name for name in place.outputs() if not name.endswith(".ballast")] == names
    assert all(is_cutout(place.output / name) for name in names)
    counters = sandbox.counters()
    assert sorted(counters["uploads_by_sha256"].values()) == [1] * len(PHOTOS)
    assert sorted(counters["executes_by_sha256"].values()) == [1] * len(PHOTOS)


def fill_until_told(disk: SmallDisk, daemon: DaemonProcess) -> None:
    """Fill the ledger's disk again and again, because the ledger gives the room of its log back."""

    def is_told() -> bool:
        disk.fill()
        return daemon.count("ledger_trouble") > 0

    eventually(is_told)


def turn_read_only(disk: SmallDisk) -> None:
    disk.remount("ro")


def turn_writable(disk: SmallDisk) -> None:
    disk.remount("rw")


@pytest.mark.parametrize(
    ("spoil", "mend", "words"),
    [
        (SmallDisk.fill, SmallDisk.relieve, "No space left on device"),
        (SmallDisk.use_up_inodes, SmallDisk.give_inodes_back, "No space left on device"),
        (turn_read_only, turn_writable, "Read-only file system"),
    ],
)
def test_an_output_in_trouble_is_waited_for(
    shop: Place,
    patient_sandbox: SandboxProcess,
    spoil: Callable[[SmallDisk], None],
    mend: Callable[[SmallDisk], None],
    words: str,
) -> None:
    """Full, out of inodes for folders, drafts and names, or read-only, when paid cutouts come: they wait, unharmed."""
    with small_disk(shop.output) as disk, shop.start() as daemon:
        drop(shop, "new")
        daemon.wait_for("removal_started", *(f"new/{path}" for path in PHOTOS))
        spoil(disk)
        wait_for_words(daemon, words, len(PHOTOS))
        assert daemon.count("failed") == 0
        mend(disk)
        daemon.wait_for("published", *(f"new/{path}" for path in PHOTOS), within_s=90)
        require_paid_once(shop, patient_sandbox, "new")


def test_nothing_is_paid_for_that_may_find_no_room(shop: Place, patient_sandbox: SandboxProcess) -> None:
    """limits.min_free_space is looked at before anything is sent; with room again, photos go on by themselves."""
    shop.configure(limits={"min_free_space": "5 MB"}, log={"format": "json", "level": "debug"})
    with small_disk(shop.output) as disk, shop.start() as daemon:
        drop(shop)
        wait_for_words(daemon, "limits.min_free_space", len(PHOTOS))
        assert patient_sandbox.counters()["requests"] == {}
        disk.remount("size=40m")
        daemon.wait_for("published", *PHOTOS, within_s=90)
        require_paid_once(shop, patient_sandbox)


def test_nothing_is_paid_for_that_finds_no_inode(shop: Place, patient_sandbox: SandboxProcess) -> None:
    """The disk has free bytes, and takes no file: nothing is sent, `status` says why; with inodes again all goes on."""
    with small_disk(shop.output) as disk, shop.start() as daemon:
        daemon.wait_for("started")
        disk.use_up_inodes()
        drop(shop, "new")
        wait_for_words(daemon, "no inodes left", len(PHOTOS))
        assert patient_sandbox.counters()["requests"] == {}
        assert "df -i" in shop.status()["waiting"][0]["reason"]
        disk.give_inodes_back()
        daemon.wait_for("published", *(f"new/{path}" for path in PHOTOS), within_s=90)
        require_paid_once(shop, patient_sandbox, "new")


def test_nothing_is_paid_for_over_a_quota(tmp_path: Path, shop: Place, patient_sandbox: SandboxProcess) -> None:
    """A quota that leaves no room for a cutout, on a disk with plenty of space: nothing is sent until it is raised."""
    with quota_disk(tmp_path / "home", shop.output) as disk, shop.start() as daemon:
        disk.limit("32K")
        drop(shop)
        wait_for_words(daemon, "quota", len(PHOTOS))
        assert patient_sandbox.counters()["requests"] == {}
        disk.limit("none")
        daemon.wait_for("published", *PHOTOS, within_s=90)
        require_paid_once(shop, patient_sandbox)


def test_nothing_new_is_paid_for_once_a_disk_refused_a_cutout(shop: Place, patient_sandbox: SandboxProcess) -> None:
    """Paid cutouts meet a full disk: photos that arrive then are not even sent, and all are published in the end."""
    with small_disk(shop.output) as disk, shop.start() as daemon:
        drop(shop)
        daemon.wait_for("removal_started", *PHOTOS)
        disk.fill()
        wait_for_words(daemon, "No space left on device", len(PHOTOS))
        late = [f"late/{path}" for path in PHOTOS]
        drop(shop, "late")
        daemon.wait_until(lambda lines: {line.path for line in lines if line.action == "waiting"} >= set(late))
        requests = patient_sandbox.counters()["requests"]
        assert (requests["upload"], requests["execute"]) == (len(PHOTOS), len(PHOTOS))
        disk.relieve()
        daemon.wait_for("published", *PHOTOS, *late, within_s=90)
        assert sorted(patient_sandbox.counters()["executes_by_sha256"].values()) == [1] * 2 * len(PHOTOS)


def test_a_full_state_folder_stops_spending(shop: Place, patient_sandbox: SandboxProcess) -> None:
    """Where no fact can be stored nothing is sent; live.json may fail too. With room again all goes on."""
    with small_disk(shop.state) as disk, shop.start() as daemon:
        daemon.wait_for("started")
        disk.fill()
        drop(shop)
        daemon.wait_for("ledger_trouble")
        assert "execute" not in patient_sandbox.counters()["requests"]
        disk.relieve()
        daemon.wait_for("published", *PHOTOS, within_s=90)
        require_paid_once(shop, patient_sandbox)


def test_what_was_paid_for_outlives_a_full_state_folder(shop: Place, patient_sandbox: SandboxProcess) -> None:
    """The disk fills up while removals run: their results are kept in memory until the ledger takes them."""
    with small_disk(shop.state) as disk, shop.start() as daemon:
        drop(shop)
        daemon.wait_for("removal_started", *PHOTOS)
        fill_until_told(disk, daemon)
        disk.relieve()
        daemon.wait_for("published", *PHOTOS, within_s=90)
        require_paid_once(shop, patient_sandbox)


def test_a_kill_on_a_full_disk_pays_for_nothing_twice(shop: Place, patient_sandbox: SandboxProcess) -> None:
    """Killed while nothing could be stored: the next start asks again for what was launched, and fetches it."""
    with small_disk(shop.state) as disk:
        with shop.start() as daemon:
            drop(shop)
            daemon.wait_for("removal_started", *PHOTOS)
            fill_until_told(disk, daemon)
        disk.relieve()
        with shop.start() as daemon:
            daemon.wait_for("published", *PHOTOS, within_s=90)
        require_paid_once(shop, patient_sandbox)


@pytest.mark.parametrize("spoil", [SmallDisk.fill, turn_read_only])
def test_a_start_without_a_disk_is_refused_in_words(shop: Place, spoil: Callable[[SmallDisk], None]) -> None:
    """No ledger can be made on a full or read-only disk: exit code 8, and a start is possible as soon as it can."""
    with small_disk(shop.state) as disk:
        spoil(disk)
        refused = shop.run_once()
        assert refused.returncode == 8, refused.stderr
        assert "The disk cannot be written" in refused.stderr
        disk.remount("rw,size=8m")
        assert shop.run_once().returncode == 0


def test_what_stands_in_the_way_of_a_paid_cutout_is_stepped_around(
    shop: Place, patient_sandbox: SandboxProcess
) -> None:
    """A folder where the cutout should go: beside it. A file where its folder should be: a wait until it is gone."""
    with shop.start() as daemon:
        for path in ("a.jpg", "sub/b.jpg", "x.jpg"):
            put(shop.input / path)
        daemon.wait_for("removal_started", "a.jpg", "sub/b.jpg", "x.jpg")
        (shop.output / "a.png").mkdir()
        (shop.output / "sub").rmdir()  # made before the launch
        (shop.output / "sub").write_text("mine")
        daemon.wait_for("published", "a.jpg", "x.jpg")
        wait_for_words(daemon, "one of its folders is a file")
        put(shop.input / "x.png/y.jpg")
        daemon.wait_for("published", "x.png/y.jpg")
        (shop.output / "sub").unlink()
        daemon.wait_for("published", "sub/b.jpg", within_s=60)
    assert shop.outputs() == ["a.jpg.png", "sub/b.png", "x.png", "x.png-folder/y.png"]
    assert sorted(patient_sandbox.counters()["executes_by_sha256"].values()) == [1] * 4
