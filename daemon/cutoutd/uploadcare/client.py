"""Everything that cutoutd asks of Uploadcare, one method each; none of them repeats a request by itself.

Values come in and go out; answers and refusals are read in the rooms beside this one. Whether and when to ask again is
decided by ``retrying`` and ``polling``; what was asked is remembered by the ledger.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from io import BufferedIOBase

from cutoutd.config.settings import AccountWithSecret
from cutoutd.core.errors import (
    AddonRefusedError,
    FailedError,
    NeverSentError,
    NotReadyError,
    ResponseLostError,
    ResultGoneError,
    UnreachableError,
    UploadGoneError,
)
from cutoutd.core.usage_counter import Purpose, UsageCounter
from cutoutd.uploadcare.cdn import CdnBase, Sink, copy_body, require_image
from cutoutd.uploadcare.connections import Connections, open_connections
from cutoutd.uploadcare.error_mapping import delivery_error_for, error_for, service_message, upload_error_for
from cutoutd.uploadcare.launch_response import parse_launch, request_id_in, trace_note
from cutoutd.uploadcare.responses import (
    BatchReply,
    FilesPage,
    ProjectInfo,
    ProjectReply,
    RemoteFile,
    RemovalStatus,
    Response,
    UploadReply,
    parse,
    parse_removal_status,
)
from cutoutd.uploadcare.signing import REMOVE_BG, Signer, computed_cdn_base
from cutoutd.uploadcare.throttling import RequestKind, Throttle
from cutoutd.uploadcare.transport import TimeoutSet, read_response, send, send_and_read, to_response
from cutoutd.uploadcare.upload_form import UploadForm, UploadResult
from cutoutd.uploadcare.webhooks import WebhookApi

#: A file that was taken in costs one operation for each started 100 MB and one for its virus scan (UPLOADCARE.md 4).
_OPERATIONS_OF_A_FILE = 2

#: How many files one request may delete or store (UPLOADCARE.md 3).
_FILES_PER_REQUEST = 100

_FILES_PER_PAGE = 100

_CDN_ADVICE = "If this lasts, check uploadcare.cdn_base, or leave it out."

_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


@asynccontextmanager
async def open_uploadcare(
    account: AccountWithSecret,
    *,
    connections: int,
    usage: UsageCounter | None = None,
    timeouts: TimeoutSet | None = None,
) -> AsyncIterator["UploadcareClient"]:
    """Make the one client of a daemon; ``connections`` bounds each of its pools. Nothing is sent yet.

    What its requests are billed as is counted in ``operations``; removals and the CDN's traffic are not in there.
    """
    signer = Signer(account.public_key, account.secret_key)
    cdn = CdnBase(account.cdn_base, computed_cdn_base(account.public_key))
    async with open_connections(signer.request_auth, account, connections) as pools:
        yield UploadcareClient(pools, signer, cdn, timeouts=timeouts or TimeoutSet(), usage=usage or UsageCounter())


class UploadcareClient:
    """One project at Uploadcare.

    Every method may raise ThrottledError (429), UnreachableError (no connection, no answer, or one that is none of
    Uploadcare's), KeysRefusedError or ClockWrongError (401), AccountBlockedError (402, 403) and VersionRefusedError
    (406).
    """

    def __init__(
        self, pools: Connections, signer: Signer, cdn: CdnBase, *, timeouts: TimeoutSet, usage: UsageCounter
    ) -> None:
        self._pools = pools
        self._signer = signer
        self._cdn = cdn
        self._timeouts = timeouts
        self._usage = usage

    @property
    def cdn_host(self) -> str:
        """The host that cutouts are fetched from, as far as it is known before the first one was."""
        return self._cdn.host

    @property
    def webhooks(self) -> WebhookApi:
        """The project's webhooks."""
        return WebhookApi(self._request)

    @property
    def throttle(self) -> Throttle:
        """What Uploadcare asked for patience with."""
        return self._pools.throttle

    async def upload_source(self, content: BufferedIOBase, *, name: str, size_bytes: int) -> UploadResult:
        """Send a photo, unstored: Uploadcare deletes it after 24 hours. Three operations, no removal.

        Reads ``content`` from where it stands, in a thread, and hashes what it sends. A crash here leaves at most an
        upload that nobody knows and that expires.

        Raises:
            SupersededError: ``content`` is not ``size_bytes`` long.
            DiskError: ``content`` cannot be read.
            FailedError: the service refuses this file (400, 413), in its own words.
        """
        fields = self._signer.upload_fields() | {"UPLOADCARE_STORE": "0"}
        form = UploadForm(fields, content, name=name, size_bytes=size_bytes)
        request = self._pools.uploads.build_request("POST", "base/", content=form, headers=form.headers)
        with self.throttle.obey(RequestKind.UPLOADS):
            with self._usage.count_request(Purpose.UPLOAD):
                answer = await send_and_read(self._pools.uploads, request, self._timeouts.transfer)
            if not answer.is_success:
                raise upload_error_for(answer)
        self._usage.count(Purpose.UPLOAD, _OPERATIONS_OF_A_FILE)
        return UploadResult(uuid=parse(UploadReply, answer).file, sha256=form.sha256)

    async def require_ready(self, source_uuid: str) -> None:
        """See that an upload can be used; one operation.

        Raises:
            NotReadyError: not yet.
            UploadGoneError: it is not in the project, or not any more.
        """
        file = await self.get_file(source_uuid)
        if file is None or file.is_removed:
            raise UploadGoneError("the upload is no longer at Uploadcare, which keeps it for 24 hours")
        if not file.is_ready:
            raise NotReadyError("Uploadcare has not finished taking the upload in")

    async def start_removal(self, source_uuid: str, parameters: str) -> str:
        """Launch a removal: **the call that costs money**. The answer is its ``request_id``.

        It is sent once, over a connection that is new or was just in use. Every error but ResponseLostError means that
        this call was definitely not accepted. A crash here leaves it open whether it was: the intent has to be on
        record before. ``parameters`` is a JSON object of the service's own names.

        Raises:
            ResponseLostError: it was sent, or partly, and no answer of Uploadcare's came: it may have been accepted.
            NeverSentError: there was no connection to send it over.
            AddonRefusedError: the add-on is not available to the project (403, 404).
            UploadGoneError: the upload has expired (404).
            NotReadyError: the add-on gave 404 for an upload that is still being taken in.
            RemovalLockedError: the add-on is already at work on this upload (409).
            FailedError: the service refuses this photo (any other 4xx), in its own words.
        """
        body = {"target": source_uuid, "params": json.loads(parameters)}
        request = self._pools.launches.build_request("POST", f"addons/{REMOVE_BG}/execute/", json=body)
        heading: Response | None = None
        try:
            with self._usage.count_request(Purpose.LAUNCH):
                async with send(self._pools.launches, request, self._timeouts.launch) as response:
                    heading = to_response(response)
                    answer = await read_response(response)
            return parse_launch(answer)
        except NeverSentError:
            raise
        except UnreachableError as error:
            if heading is not None and (request_id := request_id_in(heading)) is not None:
                return request_id
            msg = f"a removal was launched and no answer of Uploadcare's arrived: {error.sentence}"
            raise ResponseLostError(msg + trace_note(heading)) from error
        except AddonRefusedError:
            # 404 says the same of an add-on and of a file that is not there; nothing was accepted either way.
            await self.require_ready(source_uuid)
            raise

    async def get_removal_status(self, request_id: str) -> RemovalStatus:
        """Ask how far a removal is; one operation."""
        url = f"addons/{REMOVE_BG}/execute/status/?request_id={request_id}"
        return parse_removal_status(_required(await self._request("GET", url, purpose=Purpose.POLL)))

    async def get_file(self, uuid: str) -> RemoteFile | None:
        """What Uploadcare knows of a file; None if it is not in the project. One operation."""
        answer = await self._request("GET", f"files/{uuid}/?include=appdata")
        if answer.status == HTTPStatus.NOT_FOUND and service_message(answer) is not None:
            return None
        return parse(RemoteFile, _required(answer))

    async def list_files(self, since: datetime) -> list[RemoteFile]:
        """The project's files uploaded since then, newest first, whoever uploaded them; one operation a hundred."""
        files: list[RemoteFile] = []
        url: str | None = f"files/?ordering=-datetime_uploaded&limit={_FILES_PER_PAGE}"
        while url is not None:
            page = parse(FilesPage, _required(await self._request("GET", url)))
            files += [file for file in page.results if file.uploaded_at >= since]
            is_reached = any(file.uploaded_at < since for file in page.results)
            url = None if is_reached or page.next is None else f"files/?{page.next.partition('?')[2]}"
        return files

    async def fetch_cutout(self, result_uuid: str, sink: Sink) -> int:
        """Hand a result to ``sink`` in pieces as it arrives; the answer is its length in bytes.

        The first one may cost an operation to learn the project's CDN host. After an error the sink holds a part, or
        nothing, and the whole is to be fetched again.

        Raises:
            ResultGoneError: Uploadcare no longer has it.
            DeliveryRefusedError: the CDN refuses (401, 403), as for projects that demand signed URLs.
            UnreachableError: it was cut off, or is no picture, besides the reasons that every call has.
        """
        if not self._cdn.is_known:
            self._cdn.learn(await self._require_result(result_uuid))
        url = self._cdn.url_of(result_uuid)
        # Bytes as they are stored, so that their number can be held against the one promised.
        request = self._pools.deliveries.build_request("GET", url, headers={"Accept-Encoding": "identity"})
        with self.throttle.obey(RequestKind.DOWNLOADS):
            async with send(self._pools.deliveries, request, self._timeouts.transfer) as response:
                if response.status_code == HTTPStatus.OK:
                    require_image(response)
                    return await copy_body(response, sink)
            if response.status_code not in _GONE:
                raise delivery_error_for(to_response(response))
        self._cdn.learn(await self._require_result(result_uuid))
        raise UnreachableError(
            f"{request.url.host} does not have the cutout, though Uploadcare does", advice=_CDN_ADVICE
        )

    async def delete_files(self, uuids: Sequence[str]) -> None:
        """Delete sources and results for good; those already gone are fine. One operation for each hundred.

        Uploadcare's CDN may show a deleted file for a while longer.
        """
        await self._for_each_batch("DELETE", uuids)

    async def store_files(self, uuids: Sequence[str]) -> set[str]:
        """Have files kept for longer than the 24 hours after which others go; the answer is those already gone.

        Doing it twice changes nothing. One operation for each hundred.
        """
        return await self._for_each_batch("PUT", uuids)

    async def _for_each_batch(self, method: str, uuids: Sequence[str]) -> set[str]:
        missing: set[str] = set()
        for start in range(0, len(uuids), _FILES_PER_REQUEST):
            batch = list(uuids[start : start + _FILES_PER_REQUEST])
            missing |= parse(
                BatchReply, _required(await self._request(method, "files/storage/", batch))
            ).problems.keys()
        return missing

    async def get_project(self) -> ProjectInfo:
        """Which project the keys belong to, and how this machine's clock stands to Uploadcare's. One operation."""
        answer = _required(await self._request("GET", "project/"))
        project = parse(ProjectReply, answer)
        return ProjectInfo(project.name, project.pub_key, answer.clock_skew_s)

    async def require_addon(self) -> None:
        """Return if the project may use the add-on, asked by a launch of no file, which cannot be carried out.

        The service refuses the target then (400, UPLOADCARE.md 5), unless it refuses the add-on. One operation.

        Raises:
            AddonRefusedError: it is not enabled for the project, or not in its plan.
        """
        with suppress(FailedError):
            parse_launch(
                await self._request("POST", f"addons/{REMOVE_BG}/execute/", {"target": "no file: cutoutd check"})
            )

    async def _request(
        self, method: str, url: str, body: object = None, *, purpose: Purpose = Purpose.OTHER
    ) -> Response:
        request = self._pools.calls.build_request(method, url, json=body)
        with self.throttle.obey(RequestKind.QUESTIONS):
            with self._usage.count_request(purpose):
                answer = await send_and_read(self._pools.calls, request, self._timeouts.call)
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise error_for(answer)
        return answer

    async def _require_result(self, result_uuid: str) -> RemoteFile:
        file = await self.get_file(result_uuid)
        if file is None or file.is_removed:
            raise ResultGoneError("the finished cutout is no longer at Uploadcare")
        return file


def _required(answer: Response) -> Response:
    if not answer.is_success:
        raise error_for(answer)
    return answer
