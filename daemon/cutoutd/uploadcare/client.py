"""The client of the daemon: every request to Uploadcare goes through here.

No method repeats a request unasked. ``pipeline`` decides about repetition, and the ledger stores the outcome.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from io import BufferedIOBase

from pydantic import ValidationError

from cutoutd.config.settings import AccountWithSecret
from cutoutd.core.blocking import BlockingCalls, local_calls
from cutoutd.core.errors import (
    AddonRefusedError,
    FailedError,
    NeverSentError,
    NotDeliveredError,
    RefusableRequest,
    RemovalLockedError,
    ResponseLostError,
    UnreachableError,
)
from cutoutd.core.usage_counter import Purpose, UsageCounter
from cutoutd.uploadcare.acceptance import Acceptance
from cutoutd.uploadcare.addresses import Reach, get_following
from cutoutd.uploadcare.connections import (
    REMOVE_BG,
    Connections,
    RequestKind,
    Signer,
    Throttle,
    computed_cdn_base,
    open_connections,
)
from cutoutd.uploadcare.delivery import CdnBase, Sink, copy_body, require_image
from cutoutd.uploadcare.error_mapping import (
    delivery_error_for,
    error_for,
    is_answer,
    launch_error_for,
    may_come_late,
    require_success,
    upload_error_for,
)
from cutoutd.uploadcare.files import FilesApi, UploadForm, UploadResult
from cutoutd.uploadcare.responses import (
    LaunchReply,
    ProjectInfo,
    ProjectReply,
    RemovalStatus,
    Response,
    UploadReply,
    parse,
    parse_removal_status,
    shown,
)
from cutoutd.uploadcare.transport import TimeoutSet, read_response, send, send_and_read, to_response
from cutoutd.uploadcare.webhooks import WebhookApi

#: An upload costs one operation for each started 100 MB and one for its virus scan (docs/uploadcare.md 4).
_OPERATIONS_PER_FILE = 2

_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_REQUEST_ID_HEADER = "X-Uploadcare-Request-Id"


@asynccontextmanager
async def open_uploadcare(
    account: AccountWithSecret,
    *,
    connections: int | None = None,
    usage: UsageCounter | None = None,
    timeouts: TimeoutSet | None = None,
) -> AsyncIterator["UploadcareClient"]:
    """Open the client of a daemon; nothing is sent yet.

    Args:
        account: the keys, and the addresses of the service.
        connections: the maximum size of each connection pool; None: no limit, because the stages limit the requests.
        usage: the counter of billed requests; it counts neither removals nor CDN traffic.
        timeouts: the time limits of each kind of request.
    """
    signer = Signer(account.public_key, account.secret_key)
    cdn = CdnBase(
        account.cdn_base,
        computed_cdn_base(account.public_key),
        Reach(account.api_base, account.upload_base, account.cdn_base),
    )
    async with open_connections(signer.request_auth, account, connections) as pools:
        yield UploadcareClient(pools, signer, cdn, timeouts=timeouts or TimeoutSet(), usage=usage or UsageCounter())


class UploadcareClient:
    """One project at Uploadcare.

    Every method may raise these errors:

    - ThrottledError (429).
    - UnreachableError: no connection, no response, or a response that is not Uploadcare's.
    - KeysRefusedError or ClockWrongError (401).
    - AccountBlockedError (402, 403).
    - VersionRefusedError (406).
    """

    def __init__(
        self, pools: Connections, signer: Signer, cdn: CdnBase, *, timeouts: TimeoutSet, usage: UsageCounter
    ) -> None:
        self._pools = pools
        self._signer = signer
        self._cdn = cdn
        self._timeouts = timeouts
        self._usage = usage
        self.acceptance = Acceptance()
        self.files = FilesApi(self._call)
        self.webhooks = WebhookApi(self._call)

    @property
    def cdn_host(self) -> str:
        """The host that the next cutout comes from, as far as the client knows it."""
        return self._cdn.host

    @property
    def throttle(self) -> Throttle:
        """The pauses that Uploadcare asked for."""
        return self._pools.throttle

    async def upload_source(
        self, content: BufferedIOBase, *, name: str, size_bytes: int, calls: BlockingCalls = local_calls
    ) -> UploadResult:
        """Send a photo unstored, so that it expires after 24 hours, also after a crash; three operations, no removal.

        A thread of ``calls`` reads ``content`` from its present position, and the form hashes the bytes that it sends.

        Raises:
            SupersededError, DiskError: ``content`` is not ``size_bytes`` long, or cannot be read.
            FailedError: the service refuses this file (400, 413), in its own words.
        """
        fields = self._signer.upload_fields() | {"UPLOADCARE_STORE": "0"}
        form = UploadForm(fields, content, name=name, size_bytes=size_bytes, calls=calls)
        request = self._pools.uploads.build_request("POST", "base/", content=form, headers=form.headers)
        accept = self.acceptance.begin(RefusableRequest.UPLOAD)
        with self.throttle.obey(RequestKind.UPLOADS):
            with self._usage.count_request(Purpose.UPLOAD):
                response = await send_and_read(self._pools.uploads, request, self._timeouts.transfer)
            if not response.is_success:
                raise upload_error_for(response)
        self._usage.count(Purpose.UPLOAD, _OPERATIONS_PER_FILE)
        uploaded = UploadResult(uuid=parse(UploadReply, response).file, sha256=form.sha256)
        accept()
        return uploaded

    async def start_removal(self, source_uuid: str, parameters: str) -> str:
        """Launch a removal and return its ``request_id``: **the call that costs money**.

        The client sends the call once, over a connection that is new or was just in use. Every error but
        ResponseLostError proves that Uploadcare did not accept this call. The caller must store the intent first,
        because a crash here leaves the outcome open.

        Args:
            source_uuid: the upload.
            parameters: a JSON object of the service's own names.

        Raises:
            ResponseLostError: the call was sent, wholly or in part, and no response of Uploadcare's came.
            NeverSentError: there was no connection to send the call over.
            AddonRefusedError: the add-on is not available to the project (403, 404).
            UploadGoneError: the upload has expired (404).
            NotReadyError: the add-on gave 404 for an upload that Uploadcare still processes.
            RemovalLockedError: the add-on already works on this upload (409).
            FailedError: the service refuses this photo (any other 4xx), in its own words.
        """
        body = {"target": source_uuid, "params": json.loads(parameters)}
        request = self._pools.launches.build_request("POST", f"addons/{REMOVE_BG}/execute/", json=body)
        head: Response | None = None
        response: Response | None = None
        accept = self.acceptance.begin(RefusableRequest.LAUNCH)
        try:
            with self._usage.count_request(Purpose.LAUNCH):
                async with send(self._pools.launches, request, self._timeouts.launch) as received:
                    head = to_response(received)
                    response = await read_response(received)
            launched = parse_launch(response)
        except NeverSentError:
            raise
        except (FailedError, RemovalLockedError):  # an answer about this photo, so the add-on may be used
            accept()
            raise
        except UnreachableError as error:
            # A whole body that is not Uploadcare's says that the header is not either.
            if head is not None and response is None and (request_id := request_id_in(head)) is not None:
                return request_id
            msg = f"a removal was launched and no answer of Uploadcare's arrived: {error.sentence}"
            raise ResponseLostError(msg + trace_note(head), may_come_late=may_come_late(head)) from error
        except AddonRefusedError:
            # Ask for the file, because a missing add-on and a missing file share the 404. Neither launch was accepted.
            await self.files.require_ready(source_uuid)
            raise
        accept()
        return launched

    async def get_removal_status(self, request_id: str) -> RemovalStatus:
        """Return the progress of a removal; one operation."""
        url = f"addons/{REMOVE_BG}/execute/status/?request_id={request_id}"
        return parse_removal_status(require_success(await self._call("GET", url, purpose=Purpose.POLL)))

    async def fetch_cutout(self, result_uuid: str, sink: Sink) -> int:
        """Pass a result to ``sink`` in chunks as they arrive, and return its length in bytes.

        The first fetch may cost an operation. After an error the sink holds a part, and the whole has to be fetched.

        Raises:
            ResultGoneError: Uploadcare no longer has the result.
            DeliveryRefusedError, NotDeliveredError: the CDN refuses (401, 403), or does not have it.
            UnreachableError: the body was cut off or is no image.
        """
        if not self._cdn.is_known:
            self._cdn.learn(await self.files.require_result(result_uuid))
        url = self._cdn.url_of(result_uuid)
        accept = self.acceptance.begin(RefusableRequest.DOWNLOAD)
        asked = get_following(self._pools.deliveries, url, self._timeouts.transfer, self._cdn.reach)
        with self.throttle.obey(RequestKind.DOWNLOADS), self._cdn.doubt_if_unreachable():
            async with asked as response:
                if response.status_code == HTTPStatus.OK:
                    require_image(response)
                    length_bytes = await copy_body(response, sink)
                    accept()
                    return length_bytes
            if response.status_code not in _GONE:
                raise delivery_error_for(to_response(response))
        self._cdn.learn(await self.files.require_result(result_uuid))
        raise NotDeliveredError(
            f"{shown(response.url.host)} does not have the cutout, though Uploadcare does",
            advice="If this lasts, check uploadcare.cdn_base, or leave it out.",
        )

    async def get_project(self) -> ProjectInfo:
        """Return the project of the keys, and the difference between its clock and ours; one operation."""
        response = require_success(await self._call("GET", "project/"))
        project = parse(ProjectReply, response)
        return ProjectInfo(project.name, project.pub_key, response.clock_skew_s)

    async def require_addon(self) -> None:
        """Raise unless the project may use the add-on; one operation.

        The request launches a target that is no file, which the service refuses (400, docs/uploadcare.md 5). A project
        without the add-on gets another error.

        Raises:
            AddonRefusedError: the add-on is not enabled for the project, or not in its plan.
        """
        with suppress(FailedError):
            parse_launch(await self._call("POST", f"addons/{REMOVE_BG}/execute/", {"target": "no file: cutoutd check"}))

    async def _call(self, method: str, url: str, body: object = None, *, purpose: Purpose = Purpose.OTHER) -> Response:
        request = self._pools.calls.build_request(method, url, json=body)
        accept = self.acceptance.begin(RefusableRequest.QUESTION)
        with self.throttle.obey(RequestKind.CALLS):
            with self._usage.count_request(purpose):
                response = await send_and_read(self._pools.calls, request, self._timeouts.call)
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise error_for(response)
        if is_answer(response):
            accept()
        return response


def parse_launch(response: Response) -> str:
    """Return the ``request_id`` of the launched removal.

    Raises:
        UnreachableError: the response does not tell if a removal was launched.
        CutoutdError: the launch was refused; ``launch_error_for`` maps the reason.
    """
    if not response.is_success:
        raise launch_error_for(response)
    return parse(LaunchReply, response).request_id


def request_id_in(head: Response) -> str | None:
    """Return the ``request_id`` from the header that repeats it (docs/uploadcare.md 5), or None.

    The header serves if the body did not arrive whole.
    """
    if not head.is_success:
        return None
    try:
        return LaunchReply.model_validate({"request_id": head.headers.get(_REQUEST_ID_HEADER)}).request_id
    except ValidationError:
        return None


def trace_note(head: Response | None) -> str:
    """Return the identifiers by which Uploadcare's support can find a lost call, or an empty text."""
    if head is None:
        return ""
    trace = shown(head.headers.get(_REQUEST_ID_HEADER, ""))
    return f" (HTTP {head.status}, {_REQUEST_ID_HEADER} {trace})" if trace else f" (HTTP {head.status})"
