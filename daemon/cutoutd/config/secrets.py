"""The secret key, from the environment, a file, or systemd; and the signing secret of webhooks.

No secret is ever shown. Sentences about the file do not name it, because people paste the secret in place of the path.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

VARIABLE = "UPLOADCARE_SECRET_KEY"
CREDENTIAL = "uploadcare-secret-key"
_MAX_BYTES = 4_096

#: docs/uploadcare.md 3.
_LONGEST_SIGNING_SECRET = 32


def find_encrypted_credential(configuration: Path) -> Path | None:
    """Return the key of this configuration that ``systemd/install.sh --encrypt`` stored, if there is one.

    Only the service can decrypt it.
    """
    folder, name = configuration.absolute().parent, configuration.stem
    # An instance's own key comes first, because the service itself may have one beside it.
    places = (folder / f"{name}.secret-key.cred", folder / "secret-key.cred")
    return next((place for place in places if os.path.lexists(place)), None)


def read_secret_key(file: Path | None, environ: Mapping[str, str], encrypted: Path | None = None) -> SecretStr:
    """Return the secret key: UPLOADCARE_SECRET_KEY, else systemd's credential ``uploadcare-secret-key``, else the file.

    The credential goes before the file, because the user of a unit that loads it often cannot read the file.

    Args:
        file: the configured file.
        environ: the environment.
        encrypted: a credential that only systemd can decrypt.

    Raises:
        ValueError: there is no key, it cannot be read, everyone may read its file, or it is no single word.
    """
    if environ.get(VARIABLE):
        return _single_word(environ[VARIABLE])
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (credential := Path(credentials) / CREDENTIAL).exists():
        # Ignore the file's mode, because systemd guards the folder of the credential.
        return _single_word(_content(credential, forbidden_mode=0))
    if file is not None:
        return _single_word(_content(file, forbidden_mode=stat.S_IROTH))
    if encrypted is not None:
        raise ValueError(
            f"is in {encrypted}, encrypted for the service; to run a command that needs it: sudo systemd-run -qdP"
            f" -p LoadCredentialEncrypted={CREDENTIAL}:{encrypted} cutoutd check --user cutoutd"
        )
    raise ValueError(f"is missing: name a file with the secret key, set {VARIABLE}, or give systemd's {CREDENTIAL}")


def read_signing_secret(file: Path) -> SecretStr:
    """Return the secret that signs webhook messages.

    Raises:
        ValueError: it cannot be read, everyone may read its file, or Uploadcare would not accept it.
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
