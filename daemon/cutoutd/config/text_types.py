"""Texts of the configuration that have a form: names, keys, addresses, file name templates and places on disk.

Each form is a type that models use; a refusal is a sentence that says what is allowed, and the loader adds the place.
Nothing here looks at the disk: whether a folder exists is for `check` and `run` to say.
"""

import ipaddress
import os
import re
import shlex
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KEY = re.compile(r"[A-Za-z0-9_-]+")
_FIELD = re.compile(r"\{([^{}]*)\}")
_LAST_PORT = 65_535
_LISTEN_FORM = "an address of this machine and a port, such as 127.0.0.1:8717 or [::1]:8717"
#: Where cutoutd takes Uploadcare's messages.
HOOK_PATH = "/hooks/uploadcare"

#: Uploadcare's OpenAPI, ``webhook_target``.
_LONGEST_HOOK_URL = 255

_TEMPLATE_FIELDS = ("stem", "name")


def _folder_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError('must be made of letters (a to z), digits, "-", "_" and ".", and start with a letter or digit')
    return text


def _public_key(text: str) -> str:
    # The key stands before a colon in the Authorization header; anything else would break the header.
    if not _KEY.fullmatch(text):
        raise ValueError('must be made of letters, digits, "-" and "_", as shown in the project\'s API keys')
    return text


def _template(text: str) -> str:
    _require_template_fields(text)
    if "/" in text or "\0" in text:
        raise ValueError('must be a plain file name, without "/": cutouts mirror the folders of their photos')
    if text.startswith("."):
        raise ValueError('must not start with ".": hidden files are easily overlooked')
    if not text.endswith(".png"):
        raise ValueError('must end in ".png": cutouts are PNG files')
    return text


def _require_template_fields(text: str) -> None:
    fields = _FIELD.findall(text)
    unknown = [field for field in fields if field not in _TEMPLATE_FIELDS]
    if unknown:
        raise ValueError(f"has an unknown field {{{unknown[0]}}}; allowed are {{stem}} (a) and {{name}} (a.jpg)")
    if not fields:
        raise ValueError("must hold {stem} or {name}, or all cutouts would have one name")
    if set("{}") & set(_FIELD.sub("", text)):
        raise ValueError("has a brace without its partner; braces are only for {stem} and {name}")


def _base(text: str) -> str:
    address = _split(text)
    if address.username is not None or address.password is not None:
        raise ValueError("must not hold a user name or a password")
    if address.query or address.fragment or "?" in text or "#" in text:
        raise ValueError('must end before "?" and "#"')
    if address.scheme not in {"https", "http"} or not address.hostname:
        raise ValueError("must be an address such as https://api.uploadcare.com/")
    if address.scheme == "http" and not _is_loopback(address.hostname):
        raise ValueError(
            "must start with https://, as keys' signatures and photos would travel in the clear "
            "(http:// is only for this machine itself: localhost, 127.0.0.1 or [::1])"
        )
    return address.geturl().rstrip("/") + "/"


def _hook_url(text: str) -> str:
    """Where Uploadcare sends its messages; without a path of its own it gets the one that cutoutd answers at."""
    address = _split(text)
    if address.username is not None or address.password is not None:
        raise ValueError("must not hold a user name or a password")
    if address.scheme not in {"https", "http"} or not address.hostname:
        raise ValueError(f"must be an address such as https://hooks.example.com{HOOK_PATH}")
    if address.scheme == "http" and not _is_loopback(address.hostname):
        raise ValueError("must start with https://, as what Uploadcare says would travel in the clear")
    url = address._replace(path=HOOK_PATH).geturl() if address.path in {"", "/"} else address.geturl()
    if len(url) > _LONGEST_HOOK_URL:
        raise ValueError(f"must have at most {_LONGEST_HOOK_URL} characters, as Uploadcare takes no more")
    return url


def _split(text: str) -> SplitResult:
    try:
        address = urlsplit(text)
        _ = address.port  # parsed only when asked for
    except ValueError as fault:
        raise ValueError("must be an address such as https://api.uploadcare.com/") from fault
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError("must not hold spaces")
    return address


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def absolute_path(text: str, folder: Path) -> Path:
    """A place as users write it: "~" is the home folder, and what is relative starts at ``folder``.

    Raises:
        ValueError: there is no such home folder, or the text is no path.
    """
    if not text or "\0" in text:
        raise ValueError("must be a path")
    try:
        path = Path(text).expanduser()
    except RuntimeError as fault:
        raise ValueError("must be a path; whose home folder is meant is not known here") from fault
    # Path.resolve would also follow symbolic links, and an administrator may turn those to another disk later.
    return Path(os.path.abspath(folder / path))  # noqa: PTH100  only ".." is taken out, links stay


def _location(value: object, info: ValidationInfo) -> object:
    """Texts from the file are seen from the file's folder; paths that code hands in are taken as they are."""
    if not isinstance(value, str):
        return value
    return absolute_path(value, info.context if isinstance(info.context, Path) else Path.cwd())


class Listen(NamedTuple):
    """Where to listen: an address of this machine and a port; port 0 is any that is free."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return _is_loopback(self.host)


def _listen(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not port.isascii() or not port.isdecimal() or int(port) > _LAST_PORT:
        raise ValueError(f"must be {_LISTEN_FORM}")
    if host != "localhost":
        try:
            ipaddress.ip_address(host)
        except ValueError as fault:
            raise ValueError(f"must be {_LISTEN_FORM}") from fault
    return Listen(host, int(port))


def _exclusion(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("must be a pattern such as *.bak or drafts/**")
    return text


def _command(value: object) -> object:
    """A command as one text, quoted as for a shell, which does not run it; or as a list of words."""
    if not isinstance(value, str):
        return value
    try:
        words = shlex.split(value)
    except ValueError as fault:
        raise ValueError("must be a command; it has a quotation mark without its partner") from fault
    if not words:
        raise ValueError("must be a command, such as /usr/local/bin/tell, or a list of its words")
    return words


FolderName = Annotated[str, AfterValidator(_folder_name), Field(json_schema_extra={"pattern": f"^{_NAME.pattern}$"})]
PublicKey = Annotated[str, AfterValidator(_public_key), Field(json_schema_extra={"pattern": f"^{_KEY.pattern}$"})]
FilenameTemplate = Annotated[
    str,
    AfterValidator(_template),
    Field(
        json_schema_extra={
            "pattern": r"^(?!\.)([^{}/]|\{stem\}|\{name\})*\{(stem|name)\}([^{}/]|\{stem\}|\{name\})*\.png$"
        }
    ),
]
BaseUrl = Annotated[
    str, AfterValidator(_base), Field(json_schema_extra={"format": "uri", "pattern": "^https?://[^?#]+$"})
]
HookUrl = Annotated[
    str, AfterValidator(_hook_url), Field(json_schema_extra={"format": "uri", "pattern": "^https?://[^\\s]+$"})
]
AbsolutePath = Annotated[Path, BeforeValidator(_location), WithJsonSchema({"type": "string", "minLength": 1})]
ListenAddress = Annotated[
    Listen, BeforeValidator(_listen), WithJsonSchema({"type": "string", "pattern": r"^(\S+):\d{1,5}$"})
]
ExclusionPattern = Annotated[str, AfterValidator(_exclusion), Field(json_schema_extra={"minLength": 1})]
CommandWords = Annotated[
    tuple[str, ...],
    BeforeValidator(_command),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ]
        }
    ),
]
