"""The secret key: from the environment, from a file, or from systemd; and the secret of webhooks. None is ever shown.

A sentence about the file does not name it, because people paste the secret itself where its file's path belongs.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

VARIABLE = "UPLOADCARE_SECRET_KEY"
CREDENTIAL = "uploadcare-secret-key"
_MAX_BYTES = 4_096

#: UPLOADCARE.md 3.
_LONGEST_SIGNING_SECRET = 32


def find_encrypted_credential(configuration: Path) -> Path | None:
    """Where ``systemd/install.sh --encrypt`` put the key of this configuration: for the service alone, not for us."""
    folder, name = configuration.absolute().parent, configuration.stem
    places = (folder / "secret-key.cred", folder / f"{name}.secret-key.cred")
    return next((place for place in places if os.path.lexists(place)), None)


def read_secret_key(file: Path | None, environ: Mapping[str, str], sealed: Path | None = None) -> SecretStr:
    """The secret key: UPLOADCARE_SECRET_KEY, else systemd's credential ``uploadcare-secret-key``, else the file.

    The credential goes before the file because a unit that loads it runs as a user who often cannot read the file.
    ``sealed`` is one that only systemd can open.

    Raises:
        ValueError: there is none, it cannot be read, everyone may read its file, or it is no single word.
    """
    if environ.get(VARIABLE):
        return _single_word(environ[VARIABLE])
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (credential := Path(credentials) / CREDENTIAL).exists():
        # systemd guards the credential's folder; the file's own mode says nothing.
        return _single_word(_content(credential, forbidden_mode=0))
    if file is not None:
        return _single_word(_content(file, forbidden_mode=stat.S_IROTH))
    if sealed is not None:
        raise ValueError(
            f"is in {sealed}, encrypted for the service; to run a command that needs it: sudo systemd-run -qdP"
            f" -p LoadCredentialEncrypted={CREDENTIAL}:{sealed} cutoutd check --user cutoutd"
        )
    raise ValueError(f"is missing: name a file with the secret key, set {VARIABLE}, or give systemd's {CREDENTIAL}")


def read_signing_secret(file: Path) -> SecretStr:
    """The secret that webhook messages are signed with.

    Raises:
        ValueError: it cannot be read, everyone may read its file, or it is no single word that Uploadcare takes.
    """
    try:
        secret = _single_word(_content(file, forbidden_mode=stat.S_IROTH))
    except ValueError as error:
        raise ValueError(str(error).replace("secret key", "signing secret")) from None
    if len(secret.get_secret_value()) > _LONGEST_SIGNING_SECRET:
        raise ValueError(f"must hold a signing secret of at most {_LONGEST_SIGNING_SECRET} characters")
    return secret


def _content(file: Path, forbidden_mode: int) -> str:
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("must name a file that holds the secret key; this is none")
        if mode & forbidden_mode:
            raise ValueError("names a file that everyone on this machine may read; run chmod o= on it")
        with file.open("rb") as stream:
            return stream.read(_MAX_BYTES).decode()
    except OSError as error:
        raise ValueError(f"must name a file that holds the secret key; it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("names a file that holds no text, let alone a secret key") from None


def _single_word(text: str) -> SecretStr:
    secret = text.rstrip("\r\n")
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("must hold the secret key alone: one word, without spaces, quotes or further lines")
    return SecretStr(secret)
