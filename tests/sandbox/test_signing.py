from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from support.processes.sandbox_process import PUBLIC_KEY, REST_TYPE, SECRET_KEY, SandboxProcess, Signature

PYUPLOADCARE_DATE = "%a, %d %b %Y, %H:%M:%S GMT"


def minutes_from_now(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def sign(request: httpx2.Request, date: str | None = None) -> httpx2.Request:
    return next(Signature(date=date).auth_flow(request))


def status_with(sandbox: SandboxProcess, auth: httpx2.Auth) -> int:
    with sandbox.client(auth) as client:
        return client.get("/project/").status_code


def test_signed_request_is_let_in(rest: httpx2.Client) -> None:
    """A request signed as the description says is answered, in the vendor's media type without a charset."""
    answer = rest.get("/project/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == REST_TYPE
    assert answer.json()["pub_key"] == PUBLIC_KEY


def test_query_is_part_of_the_signature(rest: httpx2.Client) -> None:
    """The signature covers path and parameters as they are sent, escapes included."""
    assert rest.get("/files/", params={"from": "2023-11-27T01:00:24.296613+00:00", "limit": 3}).status_code == 200


def test_wrong_secret_is_refused(sandbox: SandboxProcess) -> None:
    """A signature made with another secret key is answered as the service does."""
    with sandbox.client(Signature("wrong")) as client:
        answer = client.get("/project/")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == REST_TYPE
    assert answer.json() == {"detail": "Invalid signature. Please check your Secret key."}


def test_altered_body_is_refused(plain: httpx2.Client) -> None:
    """A body that is not the signed one is refused."""
    headers = {"Accept": REST_TYPE, "Content-Type": "application/json"}
    signed = sign(plain.build_request("PUT", "/files/storage/", content=b'["a"]', headers=headers))
    altered = plain.build_request("PUT", "/files/storage/", content=b'["b"]', headers=signed.headers)
    assert [plain.send(request).status_code for request in (signed, altered)] == [200, 401]


@pytest.mark.parametrize(("minutes", "status"), [(-14, 200), (14, 200), (-16, 401), (16, 401)])
def test_date_must_be_within_fifteen_minutes(sandbox: SandboxProcess, minutes: int, status: int) -> None:
    """A correctly signed date counts for fifteen minutes on either side of the server's time."""
    date = format_datetime(minutes_from_now(minutes), usegmt=True)
    assert status_with(sandbox, Signature(date=date)) == status


def test_moved_clock_moves_the_window(sandbox: SandboxProcess) -> None:
    """With the sandbox's clock an hour ahead the present is too old, and its Date header says why."""
    sandbox.move_clock(3600)
    with sandbox.client() as client:
        answer = client.get("/project/")
    assert answer.status_code == 401
    shown = datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert abs(shown - minutes_from_now(60)) < timedelta(seconds=5)


def test_date_in_pyuploadcares_form_is_read(sandbox: SandboxProcess) -> None:
    """The comma that pyuploadcare puts behind the year is accepted."""
    assert status_with(sandbox, Signature(date=minutes_from_now(0).strftime(PYUPLOADCARE_DATE))) == 200


def test_date_may_come_in_the_javascript_clients_header(sandbox: SandboxProcess, plain: httpx2.Client) -> None:
    """Browsers cannot set Date, so X-Uploadcare-Date counts too."""
    request = sign(plain.build_request("GET", "/project/", headers={"Accept": REST_TYPE}))
    request.headers["X-Uploadcare-Date"] = request.headers.pop("Date")
    assert plain.send(request).status_code == 200


@pytest.mark.parametrize("date", ["", "yesterday", "2026-11-22T00:00:00Z", "Thu, 09 Nov 2023 21:05:49"])
def test_unreadable_date_is_refused(plain: httpx2.Client, date: str) -> None:
    """Without a date that can be read there is no admission."""
    request = sign(plain.build_request("GET", "/project/", headers={"Accept": REST_TYPE}), date)
    assert plain.send(request).status_code == 401


@pytest.mark.parametrize(
    ("authorization", "detail"),
    [
        (None, "Incorrect authentication credentials."),
        ("Basic abc:def", "Incorrect authentication credentials."),
        ("Uploadcare nocolon", "Incorrect authentication credentials."),
        ("Uploadcare somebody:abc", "Public key somebody not found."),
        ("Uploadcare.Simple somebody:abc", "Public key somebody not found."),
        (f"Uploadcare.Simple {PUBLIC_KEY}:wrong", "Secret key not found."),
    ],
)
def test_bad_credentials_have_their_own_sentences(plain: httpx2.Client, authorization: str | None, detail: str) -> None:
    """Each way to fail is told apart as the service's description lists them."""
    headers = {"Accept": REST_TYPE} | ({} if authorization is None else {"Authorization": authorization})
    answer = plain.get("/project/", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"detail": detail})


def test_simple_scheme_works_on_loopback(plain: httpx2.Client) -> None:
    """Uploadcare.Simple is let in over plain HTTP, which only a sandbox on loopback may do."""
    headers = {"Accept": REST_TYPE, "Authorization": f"Uploadcare.Simple {PUBLIC_KEY}:{SECRET_KEY}"}
    assert plain.get("/project/", headers=headers).status_code == 200


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/vnd.uploadcare-v0.5+json"])
def test_accept_must_name_the_version(sandbox: SandboxProcess, accept: str) -> None:
    """Anything but version 0.7 is answered 406 in the service's words."""
    with sandbox.client() as client:
        answer = client.get("/project/", headers={"Accept": accept})
    assert answer.status_code == 406
    assert answer.json() == {
        "detail": "Incorrect Accept header provided. Make sure to specify API version. "
        "Refer to REST API docs for details."
    }
