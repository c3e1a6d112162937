"""The text types of the configuration: names, keys, addresses, file name templates, and paths.

Each type refuses a text with a sentence about the allowed form, and the loader adds the place. Nothing here reads the
disk: `check` and `run` test if a folder exists.
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
#: The path of cutoutd's address for Uploadcare's messages.
HOOK_PATH = "/hooks/uploadcare"

#: Uploadcare's OpenAPI, ``webhook_target``.
_LONGEST_HOOK_URL = 255

_LONGEST_CURRENCY = 10

_TEMPLATE_FIELDS = ("stem", "name")


#: A host name or an address of version 4, as an address bar shows it.
_HOST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", re.ASCII)


def _folder_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError('must be made of letters (a to z), digits, "-", "_" and ".", and start with a letter or digit')
    return text


def _public_key(text: str) -> str:
    # Refuse other characters, because the key stands before a colon in the Authorization header.
    if not _KEY.fullmatch(text):
        raise ValueError('must be made of letters, digits, "-" and "_", as shown in the project\'s API keys')
    return text


def _currency(text: str) -> str:
    if not (text.isprintable() and 1 <= len(text) <= _LONGEST_CURRENCY) or text != text.strip():
        raise ValueError(f"must be a currency's sign or code, such as EUR or $, of at most {_LONGEST_CURRENCY} letters")
    return text


def _filename_template(text: str) -> str:
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


def _base_url(text: str) -> str:
    address = _split(text)
    if address.username is not None or address.password is not None:
        raise ValueError("must not hold a user name or a password")
    if address.query or address.fragment or "?" in text or "#" in text:
        raise ValueError('must end before "?" and "#"')
    if address.scheme not in {"https", "http"} or not address.hostname:
        raise ValueError("must be an address such as https://api.uploadcare.com/")
    if address.scheme == "http" and not _is_loopback(address.hostname):
        raise ValueError(
            "must start with https://, as signatures and photos would travel unencrypted "
            "(http:// is only for this machine itself: localhost, 127.0.0.1 or [::1])"
        )
    return address.geturl().rstrip("/") + "/"


def _hook_url(text: str) -> str:
    """Return the address for Uploadcare's messages; an address without a path gets cutoutd's own."""
    address = _split(text)
    if address.username is not None or address.password is not None:
        raise ValueError("must not hold a user name or a password")
    if address.scheme not in {"https", "http"} or not address.hostname:
        raise ValueError(f"must be an address such as https://hooks.example.com{HOOK_PATH}")
    if address.scheme == "http" and not _is_loopback(address.hostname):
        raise ValueError("must start with https://, as Uploadcare's messages would travel unencrypted")
    url = address._replace(path=HOOK_PATH).geturl() if address.path in {"", "/"} else address.geturl()
    if len(url) > _LONGEST_HOOK_URL:
        raise ValueError(f"must have at most {_LONGEST_HOOK_URL} characters, as Uploadcare takes no more")
    return url


def _split(text: str) -> SplitResult:
    try:
        address = urlsplit(text)
        _ = address.port  # because urlsplit checks the port only here
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
    """Return a user's path as an absolute one: "~" is the home folder, and a relative path starts at ``folder``.

    Raises:
        ValueError: there is no such home folder, or the text is no path.
    """
    if not text or "\0" in text:
        raise ValueError("must be a path")
    try:
        path = Path(text).expanduser()
    except RuntimeError as fault:
        raise ValueError("must be a path; the home folder after ~ is not known here") from fault
    # Keep symbolic links, because an administrator may point them at another disk later.
    return Path(os.path.abspath(folder / path))  # noqa: PTH100  only ".." is taken out, links stay


def _absolute_path(value: object, info: ValidationInfo) -> object:
    """Start relative texts at the file's folder; paths from code stay unchanged."""
    if not isinstance(value, str):
        return value
    return absolute_path(value, info.context if isinstance(info.context, Path) else Path.cwd())


class Listen(NamedTuple):
    """The address to listen on: a host of this machine and a port; port 0 means any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can reach the address."""
        return _is_loopback(self.host)


def _listen_address(value: object) -> object:
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


def _host_name(text: str) -> str:
    """Accept the name in an address, without scheme, port and path, because only the name is compared."""
    name = text.lower()
    if not _HOST_NAME.fullmatch(name):
        raise ValueError(
            "must be the name in the address of the page, such as cutouts.example.com, without https:// or a port"
        )
    return name


def _exclusion_pattern(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("must be a pattern such as *.bak or drafts/**")
    return text


def _command_words(value: object) -> object:
    """Accept a command as one text with shell quotes, although no shell runs it, or as a list of words."""
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
Currency = Annotated[str, AfterValidator(_currency)]
PublicKey = Annotated[str, AfterValidator(_public_key), Field(json_schema_extra={"pattern": f"^{_KEY.pattern}$"})]
FilenameTemplate = Annotated[
    str,
    AfterValidator(_filename_template),
    Field(
        json_schema_extra={
            "pattern": r"^(?!\.)([^{}/]|\{stem\}|\{name\})*\{(stem|name)\}([^{}/]|\{stem\}|\{name\})*\.png$"
        }
    ),
]
BaseUrl = Annotated[
    str, AfterValidator(_base_url), Field(json_schema_extra={"format": "uri", "pattern": "^https?://[^?#]+$"})
]
HookUrl = Annotated[
    str, AfterValidator(_hook_url), Field(json_schema_extra={"format": "uri", "pattern": "^https?://[^\\s]+$"})
]
AbsolutePath = Annotated[Path, BeforeValidator(_absolute_path), WithJsonSchema({"type": "string", "minLength": 1})]
ListenAddress = Annotated[
    Listen, BeforeValidator(_listen_address), WithJsonSchema({"type": "string", "pattern": r"^(\S+):\d{1,5}$"})
]
HostName = Annotated[
    str, AfterValidator(_host_name), Field(json_schema_extra={"pattern": r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"})
]
ExclusionPattern = Annotated[str, AfterValidator(_exclusion_pattern), Field(json_schema_extra={"minLength": 1})]
CommandWords = Annotated[
    tuple[str, ...],
    BeforeValidator(_command_words),
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
