"""The alternative: the script an integrator writes in an afternoon, with watchdog and Uploadcare's own Python client.

It does what that client's documentation shows: upload, execute, ask every two seconds, download. It does not check
what it is given, forgets everything when it ends, and takes a second photo only after the first, or as many at a time
as it has threads.

    python integrator.py ADDRESS INPUT OUTPUT THREADS
"""

import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyuploadcare import Uploadcare
from pyuploadcare.api.addon_entities import AddonLabels
from pyuploadcare.api.responses import AddonStatus
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

POLL_INTERVAL_S = 2


class CutOut(FileSystemEventHandler):
    """Has the background of every photo that appears removed."""

    def __init__(self, uploadcare: Uploadcare, output: Path, pool: ThreadPoolExecutor) -> None:
        self.uploadcare = uploadcare
        self.output = output
        self.pool = pool

    def on_created(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self.pool.submit(self.process, Path(str(event.src_path)))

    def process(self, photo: Path) -> None:
        with photo.open("rb") as stream:
            file = self.uploadcare.upload(stream)
        execution = self.uploadcare.addons_api.execute(file.uuid, AddonLabels.REMOVE_BG)
        while True:
            time.sleep(POLL_INTERVAL_S)
            answer = self.uploadcare.addons_api.status(execution.request_id, AddonLabels.REMOVE_BG)
            if answer.status == AddonStatus.DONE:
                break
            if answer.status == AddonStatus.ERROR:
                print("failed:", photo)  # noqa: T201  as such scripts do
                return
        result = self.uploadcare.file(answer.result["file_id"])
        with urllib.request.urlopen(result.info["original_file_url"]) as response:  # noqa: S310  the service's own URL
            (self.output / f"{photo.stem}.png").write_bytes(response.read())


def main(address: str, source: Path, output: Path, threads: int) -> None:
    uploadcare = Uploadcare(
        public_key="sandboxpublickey",
        secret_key="sandboxsecretkey",  # noqa: S106  the sandbox's published default
        api_base=address,
        upload_base=address,
        cdn_base=address,
    )
    output.mkdir(exist_ok=True)
    with ThreadPoolExecutor(threads) as pool:
        observer = Observer()
        observer.schedule(CutOut(uploadcare, output, pool), str(source))
        observer.start()
        print("watching", flush=True)  # noqa: T201  as such scripts do
        observer.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
