"""The limit: the same HTTP exchange with the same library, and nothing else.

No watching, no validation, no hash, no ledger, no verification, no fsync: upload, look whether it is ready, execute,
ask until done, download to a file, sixteen photos at a time over one pool. Prints ``ready`` and waits for a line before
it begins, and ``done`` at the end, so that its CPU can be read between the two.

    python bare_loop.py ADDRESS INPUT OUTPUT
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
from pyuploadcare.api.auth import UploadcareAuth

PUBLIC_KEY, SECRET_KEY = "sandboxpublickey", "sandboxsecretkey"
AT_ONCE = 16
FIRST_POLL_S = 0.1
POLL_S = 0.1


async def upload(client: httpx2.AsyncClient, photo: Path) -> str:
    form = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY, "UPLOADCARE_STORE": "0"}
    with photo.open("rb") as content:
        sent = await client.post("base/", data=form, files={"file": (photo.name, content)})
    return str(sent.json()["file"])


async def launch(client: httpx2.AsyncClient, auth: httpx2.Auth, source: str) -> str:
    (await client.get(f"files/{source}/?include=appdata", auth=auth)).raise_for_status()
    launched = await client.post("addons/remove_bg/execute/", json={"target": source, "params": {}}, auth=auth)
    return str(launched.json()["request_id"])


async def ask_until_done(client: httpx2.AsyncClient, auth: httpx2.Auth, request_id: str) -> str:
    await asyncio.sleep(FIRST_POLL_S)
    while True:
        answer = await client.get(f"addons/remove_bg/execute/status/?request_id={request_id}", auth=auth)
        if answer.json()["status"] == "done":
            return str(answer.json()["result"]["file_id"])
        await asyncio.sleep(POLL_S)


async def fetch(client: httpx2.AsyncClient, result: str, place: Path) -> None:
    async with client.stream("GET", f"{result}/") as response:
        with place.open("wb") as file:
            async for piece in response.aiter_bytes():
                file.write(piece)


async def work(client: httpx2.AsyncClient, auth: httpx2.Auth, photos: Iterator[Path], output: Path) -> None:
    for photo in photos:
        source = await upload(client, photo)
        result = await ask_until_done(client, auth, await launch(client, auth, source))
        await fetch(client, result, output / f"{photo.stem}.png")


async def main(address: str, source: Path, output: Path) -> None:
    auth = UploadcareAuth(PUBLIC_KEY, SECRET_KEY, "0.7")
    photos = iter(sorted(source.iterdir()))  # noqa: ASYNC240  before anything runs beside it
    async with httpx2.AsyncClient(base_url=address, timeout=60) as client:
        print("ready", flush=True)  # noqa: T201  read by the harness
        sys.stdin.readline()
        await asyncio.gather(*(work(client, auth, photos, output) for _ in range(AT_ONCE)))
        print("done", flush=True)  # noqa: T201  as above
        sys.stdin.readline()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
