import httpx2
import pytest

from support.processes.sandbox_process import SandboxProcess, Upload


def test_bytes_come_back_unsigned(upload: Upload, plain: httpx2.Client, photo: bytes) -> None:
    """The file is served under its UUID, with or without a name behind it."""
    uuid = upload()
    for path in (f"/{uuid}/", f"/{uuid}/any_name.jpg"):
        answer = plain.get(path)
        assert (answer.status_code, answer.content) == (200, photo)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-length"] == str(len(photo))


def test_head_has_no_body(upload: Upload, plain: httpx2.Client, photo: bytes) -> None:
    """HEAD tells the length and nothing else."""
    answer = plain.head(f"/{upload()}/")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(len(photo)), b"")


@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=10-19", slice(10, 20)), ("bytes=100-", slice(100, None)), ("bytes=-5", slice(-5, None))],
)
def test_ranges_are_honoured(upload: Upload, plain: httpx2.Client, photo: bytes, wanted: str, part: slice) -> None:
    """A broken download can go on where it stopped."""
    answer = plain.get(f"/{upload()}/", headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, photo[part])


def test_range_beyond_the_end_is_refused(upload: Upload, plain: httpx2.Client) -> None:
    """A range with nothing in it is 416."""
    assert plain.get(f"/{upload()}/", headers={"Range": "bytes=999999-"}).status_code == 416


@pytest.mark.parametrize("path", ["/575ed4e8-f4e8-4c14-a58b-1527b6d9ee46/", "/nonsense/"])
def test_unknown_files_are_not_found(plain: httpx2.Client, path: str) -> None:
    """What was never uploaded is 404."""
    assert plain.get(path).status_code == 404


def test_a_download_costs_no_operation(upload: Upload, plain: httpx2.Client, sandbox: SandboxProcess) -> None:
    """CDN requests are traffic, not API requests."""
    uuid = upload()
    before = sandbox.counters()["operations"]
    plain.get(f"/{uuid}/")
    assert sandbox.counters()["operations"] == before
