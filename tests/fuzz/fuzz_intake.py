"""A fuzzing run of the whole local intake: hostile files from the scan to their verdict.

    PYTHONPATH=daemon nice python tests/fuzz/fuzz_intake.py --inputs 1000000 --seed 1 --workers 2

Every input is written into an input tree, found by a scan, settled, and examined; an accepted one that lies is turned,
and every fourth number's is shrunk.
It must end accepted, rejected, superseded or delayed: within the time and memory allowed, with a sentence that is safe
to show, no other exception, no warning, and no file opened outside of the trees. One line sums up; inputs that failed
lie in the folder ``--failures``, and the exit code is 1 then.
"""

import argparse
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

import mutations

from cutoutd.config.settings import FolderSettings
from cutoutd.core.errors import DiskError, RejectedError, SupersededError
from cutoutd.core.photo import Identity
from cutoutd.files.input_tree import Sighting, open_beneath
from cutoutd.files.name_filters import Exclusions
from cutoutd.images.copies.orientation import make_upright
from cutoutd.images.copies.shrink import make_smaller
from cutoutd.images.structure.completeness import is_whole
from cutoutd.images.validation import validate
from cutoutd.pipeline.steps.validate import validate_photo
from cutoutd.watch.scanner import Scan
from cutoutd.watch.stability import FileLook, StabilityCheck

BATCH = 250
TIME_S = 5.0
MEMORY_BYTES = 1 << 30
MOST_TURNED_MEGAPIXELS = 1.0  #: turning and shrinking decode; whoever measures that should not fuzz
SHRUNK_SHARE = 4  #: one input in so many
SHRUNK_TO_BYTES = 600  #: less than most of the pictures have, more than some of their copies
LONGEST_SENTENCE = 300
_DELAY_S = 2.0


class OutOfTimeError(BaseException):
    """Past every ``except Exception`` on the way."""


class BrokenPromiseError(Exception):
    """The input was judged, but not as it should be."""


@dataclass
class Tally:
    """What became of some inputs."""

    ends: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    peak_bytes: int = 0

    def add(self, other: "Tally") -> None:
        """Count these as well."""
        self.ends += other.ends
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)


class Fence:
    """Notes every file that is opened outside of the trees while it is watched; there is no taking it down."""

    def __init__(self) -> None:
        self._trees: str | None = None
        self._outside: list[str] = []
        sys.addaudithook(self._hear)

    @contextmanager
    def around(self, trees: Path) -> Iterator[None]:
        """Raise BrokenPromiseError in the end if something else was opened meanwhile."""
        self._trees, self._outside = f"{trees}/", []
        try:
            yield
        finally:
            self._trees = None
        if self._outside:
            raise BrokenPromiseError(f"opened {self._outside}")

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._trees is None or event != "open" or isinstance(arguments[0], int):
            return
        path = os.fsdecode(str(arguments[0]))
        # A name alone is opened relative to a descriptor, which an earlier opening vouches for.
        if "/" in path and not f"{path}/".startswith(self._trees):
            self._outside.append(path)


FENCE: Fence


def prepare_worker() -> None:
    """Bound what one input may cost, and let nothing pass quietly."""
    global FENCE  # noqa: PLW0603  one for each process, as the audit hook behind it is
    FENCE = Fence()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _out_of_time)
    warnings.simplefilter("error")


def fuzz_batch(numbers: range, *, seed: int, home: Path, failures: Path) -> Tally:
    """Drop these inputs into a tree and take each to its end; what is left in ``home`` was not survived."""
    place = home / str(numbers.start)
    folder = _folder_in(place)
    written = {os.fsdecode(mutations.name(seed, number)): number for number in numbers}
    for name, number in written.items():
        (folder.input / name).write_bytes(mutations.make(seed, number))
    found = list(Scan(folder.input, Exclusions(())).sightings())
    if {sighting.path for sighting in found} != written.keys():
        raise BrokenPromiseError(f"the scan of {place} missed files")
    tally = Tally()
    for sighting in found:
        _judge_one(sighting, folder, tally, failures / str(written[sighting.path]))
    tally.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    shutil.rmtree(place)
    return tally


def _judge_one(sighting: Sighting, folder: FolderSettings, tally: Tally, failure: Path) -> None:
    number = int(failure.name)
    started_s = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, TIME_S)
    try:
        with FENCE.around(folder.input.parent):
            end = _end_of(sighting, folder, is_shrunk=number % SHRUNK_SHARE == 0)
    except (Exception, OutOfTimeError):  # noqa: BLE001  whatever it is: finding it is what this program is for
        signal.setitimer(signal.ITIMER_REAL, 0)
        end = "FAILED"
        shutil.copyfile(folder.input / sighting.path, failure)
        failure.with_suffix(".txt").write_text(f"{sighting!r}\n{traceback.format_exc()}")
    signal.setitimer(signal.ITIMER_REAL, 0)
    tally.ends[end] += 1
    tally.slowest_s = max(tally.slowest_s, time.monotonic() - started_s)


def _end_of(sighting: Sighting, folder: FolderSettings, *, is_shrunk: bool) -> str:
    _settle(sighting, folder)
    identity = Identity("fuzz", *sighting.version)
    try:
        fact = validate_photo(identity, folder).fact
        if fact.orientation != 1 and fact.width * fact.height <= MOST_TURNED_MEGAPIXELS * 1e6:
            _turn(sighting, folder)
        if is_shrunk and fact.width * fact.height <= MOST_TURNED_MEGAPIXELS * 1e6:
            _shrink(sighting, folder)
    except RejectedError as error:
        _require_showable(error.sentence)
        return str(error.code)
    except (SupersededError, DiskError) as error:
        _require_showable(error.sentence)
        return type(error).__name__
    return "accepted"


def _settle(sighting: Sighting, folder: FolderSettings) -> None:
    """A whole file is finished at the first look, any other at the second."""
    clock_s = [0.0]
    settling = StabilityCheck(
        _DELAY_S, now_s=lambda: clock_s[-1], wall_ns=lambda: sighting.ctime_ns + int(_DELAY_S * 1e9)
    )
    with open_beneath(folder.input, sighting.path) as file:
        whole = is_whole(file)
    is_finished = settling.is_finished(sighting, FileLook(is_whole=whole))
    clock_s.append(_DELAY_S)
    if is_finished != whole or not (is_finished or settling.is_finished(sighting, FileLook(is_whole=whole))):
        raise BrokenPromiseError("never settled")


def _turn(sighting: Sighting, folder: FolderSettings) -> None:
    content = (folder.input / sighting.path).read_bytes()
    upright = make_upright(content, validate(content, sighting.path), len(content) * 100 + 1_000_000).content
    if validate(upright, sighting.path).orientation != 1:
        raise BrokenPromiseError("turned, and still lying")


def _shrink(sighting: Sighting, folder: FolderSettings) -> None:
    """Either there is an upright copy within the limit, or a rejection that says why there is none."""
    content = (folder.input / sighting.path).read_bytes()
    copy = make_smaller(content, validate(content, sighting.path), SHRUNK_TO_BYTES)
    judged = validate(copy.content, "copy")
    if (judged.width, judged.height, judged.orientation) != (copy.width, copy.height, 1):
        raise BrokenPromiseError(f"shrunk to {judged}, not {copy.description}")
    if len(copy.content) > SHRUNK_TO_BYTES:
        raise BrokenPromiseError(f"shrunk to {len(copy.content)} bytes")


def _require_showable(sentence: str) -> None:
    if not sentence.isprintable() or len(sentence) > LONGEST_SENTENCE or "MemoryError" in sentence:
        raise BrokenPromiseError(f"said {sentence!r}")


def _folder_in(place: Path) -> FolderSettings:
    trees = {"input": place / "in", "output": place / "out"}
    for tree in trees.values():
        tree.mkdir(parents=True)
    return FolderSettings.model_validate({"name": "fuzz", **trees})


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTimeError


def _gather(batches: list[Future[Tally]]) -> tuple[Tally, bool]:
    total = Tally()
    try:
        for batch in batches:
            total.add(batch.result())
    except BrokenProcessPool:
        return total, True
    return total, False


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"))
    return parser.parse_args()


def main() -> int:
    """Run, and say in one line what came of it."""
    options = _options()
    options.failures.mkdir(parents=True, exist_ok=True)
    started_s = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="fuzz-intake-"))
    work = partial(fuzz_batch, seed=options.seed, home=home, failures=options.failures.resolve())
    numbers = [range(at, min(at + BATCH, options.inputs)) for at in range(0, options.inputs, BATCH)]
    with ProcessPoolExecutor(options.workers, get_context("spawn"), initializer=prepare_worker) as workers:
        total, has_died = _gather([workers.submit(work, batch) for batch in numbers])
    if has_died:
        shutil.move(home, options.failures / home.name)
    else:
        shutil.rmtree(home)
    _say(total, options, has_died, time.monotonic() - started_s)
    return 1 if has_died or total.ends["FAILED"] or total.ends.total() != options.inputs else 0


def _say(total: Tally, options: argparse.Namespace, has_died: bool, took_s: float) -> None:  # noqa: FBT001  a word of the line
    ends = ", ".join(f"{count:,} {end}" for end, count in total.ends.most_common() if end != "FAILED")
    died = "A WORKER DIED; " if has_died else ""
    sys.stdout.write(
        f"{died}{total.ends.total():,} inputs of seed {options.seed}: {ends}; {total.ends['FAILED']} failures; "
        f"slowest {total.slowest_s:.2f} s, peak memory {total.peak_bytes / 1e6:.0f} MB, {took_s:.0f} s in all\n"
    )


if __name__ == "__main__":
    sys.exit(main())
