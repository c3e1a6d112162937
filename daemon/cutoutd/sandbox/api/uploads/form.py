"""The fields of an upload form, and their rules: metadata and tags (Uploadcare's OpenAPI description).

Fields come in the body or in the query, because Uploadcare's own clients send either.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from cutoutd.sandbox.http.responses import HttpRefusal
from cutoutd.sandbox.storage.rows import UploadLabel

MOST_METADATA_KEYS = 50
LONGEST_METADATA_KEY = 64
LONGEST_METADATA_VALUE = 512
MOST_TAGS = 50
_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_METADATA_KEY = re.compile(r"[-_.:A-Za-z0-9]+")
_TAG = re.compile(r"[-_.a-z0-9]{1,100}")


@dataclass(frozen=True, slots=True)
class Fields:
    """The text fields of a form, in their order."""

    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """Return the last value of a field, or None."""
        return dict(self.pairs).get(name)

    def require(self, name: str) -> str:
        """Return the value of a field. Raises the 400 refusal if it is missing or empty."""
        value = self.get(name)
        if not value:
            raise HttpRefusal(400, f"{name} is required.", code="RequestParamRequiredError")
        return value


def fields_of(form: FormData, query: Mapping[str, str] | None = None) -> Fields:
    """Return the text fields of a form and of the query. Raises the 400 refusal for null characters."""
    texts = [(name, value) for name, value in form.multi_items() if not isinstance(value, UploadFile)]
    pairs = (*(query or {}).items(), *texts)
    if any("\0" in text for pair in pairs for text in pair):
        raise HttpRefusal(400, "Null characters are not allowed.", code="NullCharactersForbiddenError")
    return Fields(pairs)


async def read_fields(request: Request) -> Fields:
    """Read the text fields of a request. Raises the 400 refusal for a broken form."""
    try:
        async with request.form() as form:
            return fields_of(form, request.query_params)
    except HTTPException as error:
        raise broken_form() from error


def broken_form() -> HttpRefusal:
    """Return the refusal of a body that is no form."""
    return HttpRefusal(400, "HTTP POST request parsing failed.", code="PostRequestParserFailedError")


def read_label(fields: Fields, filename: str, store: str | None) -> UploadLabel:
    """Return what a form says about its file. Raises the 400 refusals of metadata and tags."""
    return UploadLabel(filename, store or "auto", read_metadata(fields), tuple(_tags(fields.get("tags") or "")))


def read_metadata(fields: Fields) -> dict[str, str]:
    """Return the ``metadata[key]`` fields, or raise the refusal of the first rule that they break."""
    metadata: dict[str, str] = {}
    for name, value in fields.pairs:
        if match := _METADATA.fullmatch(name):
            key = match.group(1)
            if key in metadata:
                raise _metadata_refusal("KeyDuplicated", f"File's metadata key `{key}` has a duplicate.")
            require_metadata(key, value)
            metadata[key] = value
    require_few_keys(metadata)
    return metadata


def require_metadata(key: str, value: str) -> None:
    """Raise the 400 refusal for a key or a value that the service does not take."""
    if not key:
        raise _metadata_refusal("KeyEmpty", "File's metadata key can not be empty.")
    if len(key) > LONGEST_METADATA_KEY:
        sentence = f"Length of file metadata key `{key}` can not be more than {LONGEST_METADATA_KEY} symbols."
        raise _metadata_refusal("KeyLengthTooBig", sentence)
    if not _METADATA_KEY.fullmatch(key):
        sentence = f"File's metadata key `{key}` contains symbols not allowed by the metadata key format."
        raise _metadata_refusal("KeyForbidden", sentence)
    if not value:
        raise _metadata_refusal("ValueEmpty", f"Value of the file metadata key `{key}` can not be empty.")
    if len(value) > LONGEST_METADATA_VALUE:
        sentence = (
            f"Value of file metadata's key `{key}` can not be more than {LONGEST_METADATA_VALUE} symbols in length."
        )
        raise _metadata_refusal("ValueLengthTooBig", sentence)


def require_few_keys(metadata: Mapping[str, str]) -> None:
    """Raise the 400 refusal for more keys than a file may have."""
    if len(metadata) > MOST_METADATA_KEYS:
        sentence = f"A file can not have more than {MOST_METADATA_KEYS} metadata keys."
        raise _metadata_refusal("KeysNumberTooBig", sentence)


def _metadata_refusal(kind: str, sentence: str) -> HttpRefusal:
    return HttpRefusal(400, sentence, code=f"FileMetadata{kind}Error")


def _tags(text: str) -> list[str]:
    return normal_tags(text.split(","))


def normal_tags(given: object) -> list[str]:
    """Return tags in lower case, without blanks, empty ones and repetitions; or raise the 400 refusal.

    The rules are those of pyuploadcare; the service's sentences are not on record.
    """
    if not isinstance(given, list) or not all(isinstance(tag, str) for tag in given):
        raise HttpRefusal(400, "Expected list of tags.", code="FileTagsInvalidError")
    tags = list(dict.fromkeys(tag.strip().lower() for tag in given if tag.strip()))
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise HttpRefusal(400, f"Tag {json.dumps(tag)} is not valid.", code="FileTagForbiddenError")
    if len(tags) > MOST_TAGS:
        raise HttpRefusal(400, f"A file can not have more than {MOST_TAGS} tags.", code="FileTagsNumberTooBigError")
    return tags
