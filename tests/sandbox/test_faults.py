import io
import json
import socket
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from support.processes.daemon_process import eventually
from support.processes.sandbox_process import NO_TLS, PUBLIC_KEY, REST_TYPE, Cut, Finish, Launch, SandboxProcess, Upload

EXECUTE = "/addons/remove_bg/execute/"
STATUS = "/addons/remove_bg/execute/status/"


def test_status_fault_strikes_as_often_as_told(sandbox: SandboxProcess, rest: httpx2.Client) -> None:
    """As many as skip says pass first, as many as times says are struck, then all is well again."""
    sandbox.add_faults({"kind": "status", "on": "project", "status": 503, "times": 2, "skip": 1})
    assert [rest.get("/project/").status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert sandbox.faults() == [{"kind": "status", "on": "project", "times_left": 0, "struck": 2}]


def test_throttling_names_its_seconds(sandbox: SandboxProcess, rest: httpx2.Client) -> None:
    """A 429 on REST has the recorded sentence and Retry-After."""
    sandbox.add_faults({"kind": "status", "status": 429, "retry_after_s": 10})
    answer = rest.get("/files/")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    assert answer.headers["content-type"] == REST_TYPE
    assert answer.json() == {"detail": "Request was throttled. Expected available in 10 seconds."}


def test_own_sentence(sandbox: SandboxProcess, plain: httpx2.Client) -> None:
    """A status fault may bring its own words, e.g. those of an unpaid account."""
    sandbox.add_faults(
        {"kind": "status", "on": "upload", "status": 403, "body": "Account has been blocked for non payment."}
    )
    answer = plain.post("/base/", data={"UPLOADCARE_PUB_KEY": PUBLIC_KEY}, files={"file": b"x"})
    assert (answer.status_code, answer.text) == (403, "Account has been blocked for non payment.")


@pytest.mark.parametrize(
    ("fault", "answered"),
    [
        ({"kind": "html_portal"}, (200, "text/html")),
        ({"kind": "bad_json"}, (200, "application/json")),
        ({"kind": "wrong_type"}, (200, "application/json")),
        ({"kind": "body", "body": {"request_id": 17}}, (200, "application/json")),
        ({"kind": "body", "body": "<h1>502</h1>", "status": 502, "content_type": "text/html"}, (502, "text/html")),
        ({"kind": "lock_409"}, (409, REST_TYPE)),
        ({"kind": "disabled"}, (403, REST_TYPE)),
    ],
)
def test_answers_instead_start_nothing(
    sandbox: SandboxProcess, upload: Upload, rest: httpx2.Client, fault: dict[str, object], answered: tuple[int, str]
) -> None:
    """A canned answer comes instead of a launch: nothing is started and nothing billed for it."""
    target = upload()
    before = sandbox.counters()["operations"]
    sandbox.add_faults({"on": "execute", **fault})
    answer = rest.post(EXECUTE, json={"target": target})
    assert (answer.status_code, answer.headers["content-type"]) == answered
    counters = sandbox.counters()
    assert (counters["executes_by_target"], counters["requests"]["execute"]) == ({}, 1)
    assert counters["operations"] == before


def test_unknown_status_for_a_while(
    sandbox: SandboxProcess, upload: Upload, launch: Launch, rest: httpx2.Client
) -> None:
    """Right after execute the status may read unknown, which means nothing yet."""
    sandbox.add_faults({"kind": "unknown", "times": 2})
    request_id = launch(upload())
    seen = [rest.get(STATUS, params={"request_id": request_id}).json()["status"] for _ in range(3)]
    assert seen[:2] == ["unknown", "unknown"]
    assert seen[2] != "unknown"


def test_lost_response_was_carried_out(sandbox: SandboxProcess, upload: Upload, rest: httpx2.Client) -> None:
    """The launch happens and is counted, and the connection closes without a byte."""
    target = upload()
    sandbox.add_faults({"kind": "lose_response", "on": "execute", "times": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        rest.post(EXECUTE, json={"target": target})
    assert sandbox.counters()["executes_by_target"] == {target: 1}


def test_reset_carries_nothing_out(sandbox: SandboxProcess) -> None:
    """The client gets a TCP reset instead of an answer."""
    sandbox.add_faults({"kind": "reset", "on": "execute"})
    with socket.create_connection(("127.0.0.1", httpx2.URL(sandbox.url).port or 80), timeout=60) as connection:
        connection.sendall(b"POST /addons/remove_bg/execute/ HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert sandbox.counters()["operations"] == 0


def test_reset_in_the_middle_of_an_upload(sandbox: SandboxProcess, plain: httpx2.Client) -> None:
    """The connection can break after part of an upload; no file comes of it."""
    sandbox.add_faults({"kind": "reset", "on": "upload", "after_request_bytes": 100_000})
    with pytest.raises(httpx2.TransportError):  # which one depends on whether it was writing or reading then
        plain.post("/base/", data={"UPLOADCARE_PUB_KEY": PUBLIC_KEY}, files={"file": bytes(8_000_000)})
    assert sandbox.counters()["uploads_by_sha256"] == {}


@pytest.mark.parametrize("kind", ["truncate", "reset_body"])
def test_download_breaks_off(
    sandbox: SandboxProcess, upload: Upload, plain: httpx2.Client, photo: bytes, kind: str
) -> None:
    """Content-Length promises the whole file, the connection ends after the first bytes; a range gets the rest."""
    whole = photo + bytes(500_000)
    uuid = upload(whole)
    sandbox.add_faults({"kind": kind, "after_bytes": 1000, "times": 1})
    received = read_until_it_breaks(plain, uuid, len(whole))
    assert len(received) <= 1000
    rest_of_it = plain.get(f"/{uuid}/", headers={"Range": f"bytes={len(received)}-"})
    assert received + rest_of_it.content == whole


def test_truncate_cuts_half_way_unless_told(sandbox: SandboxProcess, upload: Upload, plain: httpx2.Client) -> None:
    """Without a number half of the body is sent."""
    uuid = upload(bytes(300_000))
    sandbox.add_faults({"kind": "truncate"})
    assert len(read_until_it_breaks(plain, uuid, 300_000)) == 150_000


def read_until_it_breaks(plain: httpx2.Client, uuid: str, promised: int) -> bytes:
    received = b""
    with plain.stream("GET", f"/{uuid}/") as answer:
        assert int(answer.headers["content-length"]) == promised
        chunks = answer.iter_bytes()
        try:
            for chunk in chunks:
                received += chunk
        except (httpx2.RemoteProtocolError, httpx2.ReadError):
            return received
    raise AssertionError("the download came to its end")


def test_overlong_body(sandbox: SandboxProcess, upload: Upload, plain: httpx2.Client, photo: bytes) -> None:
    """More bytes come than the file has."""
    uuid = upload()
    sandbox.add_faults({"kind": "overlong", "extra_bytes": 10})
    answer = plain.get(f"/{uuid}/")
    assert answer.content == photo + bytes(10)


def test_stall_ends_when_the_client_gives_up(sandbox: SandboxProcess, rest: httpx2.Client) -> None:
    """Without seconds the request is never carried out, and the sandbox goes on serving others."""
    sandbox.add_faults({"kind": "stall", "on": "project", "times": 1})
    with pytest.raises(httpx2.ReadTimeout):
        rest.get("/project/", timeout=0.2)
    assert rest.get("/project/").status_code == 200


def test_late_answer_was_carried_out(sandbox: SandboxProcess, upload: Upload, rest: httpx2.Client) -> None:
    """A client that gave up waiting has still launched."""
    target = upload()
    sandbox.add_faults({"kind": "late_answer", "on": "execute", "seconds": 30})
    with pytest.raises(httpx2.ReadTimeout):
        rest.post(EXECUTE, json={"target": target}, timeout=0.3)
    eventually(lambda: sandbox.counters()["executes_by_target"] == {target: 1})


def test_stalled_body(sandbox: SandboxProcess, upload: Upload) -> None:
    """Headers come at once, the body does not."""
    uuid = upload()
    sandbox.add_faults({"kind": "stall_body", "seconds": 30})
    url = httpx2.URL(sandbox.url)
    with closing(HTTPConnection(url.host, url.port, timeout=60)) as connection:
        connection.request("GET", f"/{uuid}/")
        with connection.getresponse() as answer:
            assert answer.status == 200
            connection.sock.settimeout(0.3)  # of the body only: a busy machine may take longer for the headers
            with pytest.raises(TimeoutError):
                answer.read()


def test_file_not_ready_at_first(sandbox: SandboxProcess, upload: Upload, rest: httpx2.Client) -> None:
    """is_ready can be false for some requests."""
    uuid = upload()
    sandbox.add_faults({"kind": "not_ready", "times": 1})
    assert [rest.get(f"/files/{uuid}/").json()["is_ready"] for _ in range(2)] == [False, True]


def test_removal_errors(sandbox: SandboxProcess, upload: Upload, launch: Launch, finish: Finish) -> None:
    """A removal can be made to fail, with details or without."""
    sandbox.add_faults({"kind": "error_details", "code": "melted", "title": "It melted.", "times": 1})
    sandbox.add_faults({"kind": "engine_error", "times": 1})
    assert finish(launch(upload())) == {"status": "error", "details": {"code": "melted", "title": "It melted."}}
    assert finish(launch(upload())) == {"status": "error"}
    assert finish(launch(upload()))["status"] == "done"


def test_expired_result(
    sandbox: SandboxProcess, upload: Upload, launch: Launch, finish: Finish, plain: httpx2.Client
) -> None:
    """The status says done, the file is gone."""
    sandbox.add_faults({"kind": "expired_result"})
    assert plain.get(f"/{finish(launch(upload()))['result']['file_id']}/").status_code == 404


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("jpeg_result", ("JPEG", (240, 160), "RGB")),
        ("opaque", ("PNG", (240, 160), "RGB")),
        ("downscale", ("PNG", (120, 80), "RGBA")),
    ],
)
def test_spoilt_results(sandbox: SandboxProcess, cut: Cut, kind: str, shape: tuple[object, ...]) -> None:
    """Results can be of the wrong kind, opaque or smaller than the source."""
    sandbox.add_faults({"kind": kind})
    picture = Image.open(io.BytesIO(cut()))
    assert (picture.format, picture.size, picture.mode) == shape


@pytest.mark.parametrize(("kind", "start"), [("not_png", b"this is not"), ("half_png", b"\x89PNG")])
def test_broken_results(sandbox: SandboxProcess, cut: Cut, kind: str, start: bytes) -> None:
    """Results can be no picture, or half of one that the CDN believes to be whole."""
    sandbox.add_faults({"kind": kind})
    content = cut()
    assert content.startswith(start)
    assert b"IEND" not in content


def test_exif_ignored(sandbox: SandboxProcess, cut: Cut, photo: bytes) -> None:
    """Told so, the engine takes the pixels as they lie; otherwise it turns the picture upright."""
    turned = Image.Exif()
    turned[0x0112] = 6
    out = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(out, "JPEG", exif=turned)
    sandbox.add_faults({"kind": "ignore_exif", "times": 1})
    sizes = [Image.open(io.BytesIO(cut(out.getvalue()))).size for _ in range(2)]
    assert sizes == [(240, 160), (160, 240)]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "earthquake"},
        {"kind": "status"},
        {"kind": "status", "status": 500, "on": "moon"},
        {"kind": "opaque", "on": "execute"},
        {"kind": "unknown", "colour": "red"},
        {"kind": "unknown", "times": "often"},
        7,
    ],
)
def test_impossible_faults_are_refused(sandbox: SandboxProcess, fault: object) -> None:
    """A mistake in a fault is a 400 with a sentence, and none of the list comes into force."""
    url = f"{sandbox.url}_sandbox/faults"
    answer = httpx2.post(url, content=json.dumps([{"kind": "unknown"}, fault]), verify=NO_TLS, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert sandbox.faults() == []


def test_launch_limit(tmp_path: Path, photo: bytes) -> None:
    """The launch after the limit is a 429 with the seconds until there is room; polling never is."""
    with (
        SandboxProcess(tmp_path, "--launch-limit", "2") as sandbox,
        sandbox.client() as rest,
        sandbox.unsigned_client() as plain,
    ):
        form = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY}
        targets = [plain.post("/base/", data=form, files={"file": photo}).json()["file"] for _ in range(3)]
        answers = [rest.post(EXECUTE, json={"target": target}) for target in targets]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        seconds = int(answers[2].headers["retry-after"])
        assert 50 <= seconds <= 60
        assert answers[2].json() == {"detail": f"Request was throttled. Expected available in {seconds} seconds."}
        request_id = answers[0].json()["request_id"]
        assert {rest.get(STATUS, params={"request_id": request_id}).status_code for _ in range(10)} == {200}
        sandbox.move_clock(61)
        assert rest.post(EXECUTE, json={"target": targets[2]}).status_code == 200


def test_launches_from_a_bucket(tmp_path: Path, photo: bytes) -> None:
    """With a burst the limit fills evenly: so many at once, then 429 with the seconds until the next one fits."""
    with (
        SandboxProcess(tmp_path, "--launch-limit", "6", "--launch-burst", "2") as sandbox,
        sandbox.client() as rest,
        sandbox.unsigned_client() as plain,
    ):
        form = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY}
        targets = [plain.post("/base/", data=form, files={"file": photo}).json()["file"] for _ in range(4)]
        answers = [rest.post(EXECUTE, json={"target": target}) for target in targets[:3]]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 10
        sandbox.move_clock(11)  # one launch has flowed in, not a minute's worth of them
        answers = [rest.post(EXECUTE, json={"target": target}) for target in targets[2:]]
        assert [answer.status_code for answer in answers] == [200, 429]


def test_faults_from_the_command_line(tmp_path: Path) -> None:
    """--fault KIND=VALUE,FIELD=VALUE is in force from the first request on."""
    options = ("--fault", "status=502,on=project,times=1", "--fault", "unknown")
    with SandboxProcess(tmp_path, *options) as sandbox, sandbox.client() as rest:
        assert [rest.get("/project/").status_code for _ in range(2)] == [502, 200]
        assert [fault["kind"] for fault in sandbox.faults()] == ["status", "unknown"]
