"""The page of a running daemon, as a browser or a forger sees it: its link, its cookie, its forms' secret."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from support.processes.daemon_process import DaemonProcess, Place

#: What a browser says of a request that our own page made.
OWN = {"Sec-Fetch-Site": "same-origin"}


@contextmanager
def shown(place: Place, **sections: object) -> Iterator[tuple[DaemonProcess, str]]:
    """A daemon with a page on a free port, and the link to it; ``sections`` change its configuration."""
    place.configure(**{"web": {"listen": "127.0.0.1:0"}, **sections})
    with place.start() as daemon:
        daemon.wait_for("started")
        yield daemon, link_to(place)


def link_to(place: Place) -> str:
    """What ``cutoutd page`` prints."""
    answer = place.command("page")
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def address_of(link: str) -> str:
    """The page's address without the token."""
    return link.partition("/?")[0]


def is_on_page(url: str, address: str) -> bool:
    """Whether a URL is one of the page at this address, or at the page's own host name on the same port."""
    own = re.match(r"http://cutoutd-[0-9a-f]{12}\.localhost:(\d+)/", url)
    return url.startswith(f"{address}/") or (own is not None and address.endswith(f":{own[1]}"))


@contextmanager
def visitor(link: str) -> Iterator[httpx2.Client]:
    """A client that has followed the link and holds the cookie."""
    with httpx2.Client(base_url=address_of(link), timeout=30, trust_env=False) as client:
        assert client.get(link).status_code == 303
        yield client


def secret_in(page: str) -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found, page
    return found[1]
