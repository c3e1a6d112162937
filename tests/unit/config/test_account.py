"""The account: what the environment says, where the secret comes from, and that it is never shown."""

import traceback
from pathlib import Path

import pytest

from cutoutd import config
from cutoutd.core.errors import ConfigurationError

SECRET = "sekret-0123456789"  # noqa: S105  made up
FOLDERS = "folders: [{name: a, input: in, output: out}]\n"


def configuration(tmp_path: Path, account: str = "uploadcare: {public_key: filed}\n") -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(account + FOLDERS)
    return file


def secret_file(tmp_path: Path, content: str = SECRET + "\n", mode: int = 0o640) -> Path:
    file = tmp_path / "key"
    file.write_text(content)
    file.chmod(mode)
    return file


def faults_of(file: Path, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refusal:
        config.load(file, environ)
    return refusal.value.faults


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    """Every variable replaces the value of the file."""
    file = configuration(
        tmp_path, "uploadcare: {public_key: filed, api_base: 'https://a.example', secret_key_file: nowhere}\n"
    )
    account = config.load(
        file,
        {
            "UPLOADCARE_PUBLIC_KEY": "environs",
            "UPLOADCARE_SECRET_KEY": SECRET,
            "UPLOADCARE_API_BASE": "http://127.0.0.1:8080",
            "UPLOADCARE_UPLOAD_BASE": "http://localhost:8080/",
            "UPLOADCARE_CDN_BASE": "http://[::1]:8080/",
        },
    ).uploadcare
    assert (account.public_key, account.secret_key.get_secret_value()) == ("environs", SECRET)
    assert account.api_base == "http://127.0.0.1:8080/"
    assert account.upload_base == "http://localhost:8080/"
    assert account.cdn_base == "http://[::1]:8080/"


def test_an_account_from_the_environment_alone(tmp_path: Path) -> None:
    """The file need not speak of the account at all."""
    settings = config.load(
        configuration(tmp_path, ""), {"UPLOADCARE_PUBLIC_KEY": "demo", "UPLOADCARE_SECRET_KEY": SECRET}
    )
    assert settings.uploadcare.public_key == "demo"


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    """An empty variable, as unit files leave them, does not hide the file's value."""
    environ = {"UPLOADCARE_PUBLIC_KEY": "", "UPLOADCARE_SECRET_KEY": SECRET}
    assert config.load(configuration(tmp_path), environ).uploadcare.public_key == "filed"


def test_a_fault_of_the_environment_names_the_variable(tmp_path: Path) -> None:
    """What is wrong with a variable is said of the variable, not of the file."""
    environ = {"UPLOADCARE_API_BASE": "ftp://x", "UPLOADCARE_SECRET_KEY": "two words"}
    assert [fault.split(": must")[0] for fault in faults_of(configuration(tmp_path), environ)] == [
        "environment: UPLOADCARE_SECRET_KEY",
        "environment: UPLOADCARE_API_BASE",
    ]


def test_the_secret_file_without_its_last_newline(tmp_path: Path) -> None:
    """The key is read from its file, beside the configuration, without the newline that editors add."""
    secret_file(tmp_path)
    settings = config.load(configuration(tmp_path, "uploadcare: {public_key: k, secret_key_file: key}\n"), {})
    assert settings.uploadcare.secret_key.get_secret_value() == SECRET


def test_the_systemd_credential(tmp_path: Path) -> None:
    """Systemd's credential wins over a file that is named: a service's user often cannot read that one."""
    (tmp_path / "uploadcare-secret-key").write_text("from-systemd\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert config.load(configuration(tmp_path), environ).uploadcare.secret_key.get_secret_value() == "from-systemd"
    secret_file(tmp_path)
    named = configuration(tmp_path, "uploadcare: {public_key: k, secret_key_file: key}\n")
    assert config.load(named, environ).uploadcare.secret_key.get_secret_value() == "from-systemd"
    assert config.load(named, {}).uploadcare.secret_key.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (SECRET, 0o644, "names a file that everyone on this machine may read; run chmod o= on it"),
        ("", 0o600, "must hold the secret key alone"),
        (f"{SECRET}\n{SECRET}\n", 0o600, "must hold the secret key alone"),
        (f'"{SECRET} "', 0o600, "must hold the secret key alone"),
    ],
)
def test_a_secret_file_that_is_refused(tmp_path: Path, content: str, mode: int, sentence: str) -> None:
    """A secret file that everyone may read, or that holds anything but one word, is a fault at its key."""
    secret_file(tmp_path, content, mode)
    (fault,) = faults_of(configuration(tmp_path, "uploadcare:\n  public_key: k\n  secret_key_file: key\n"), {})
    assert fault.startswith(f"{tmp_path}/config.yaml:3:20: uploadcare.secret_key_file: {sentence}")


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_secret_file_that_is_none(tmp_path: Path, name: str) -> None:
    """A file that is missing, or a folder, is a fault at its key."""
    (fault,) = faults_of(configuration(tmp_path, f"uploadcare:\n  public_key: k\n  secret_key_file: {name}\n"), {})
    assert fault.startswith(f"{tmp_path}/config.yaml:3:20: uploadcare.secret_key_file: must name a file")


def test_no_secret_at_all(tmp_path: Path) -> None:
    """Without any secret, the fault names the three ways to give one."""
    (fault,) = faults_of(configuration(tmp_path), {})
    for way in ("secret_key_file", "UPLOADCARE_SECRET_KEY", "uploadcare-secret-key"):
        assert way in fault


def test_a_key_that_is_encrypted_for_the_service(tmp_path: Path) -> None:
    """Nobody else can open it: it is said where it lies, and how a command is run that needs it."""
    sealed = tmp_path / "secret-key.cred"
    sealed.touch()
    (fault,) = faults_of(configuration(tmp_path), {})
    assert f"is in {sealed}, encrypted for the service" in fault
    assert f"systemd-run -qdP -p LoadCredentialEncrypted=uploadcare-secret-key:{sealed} cutoutd check" in fault
    environ = {"UPLOADCARE_SECRET_KEY": SECRET}
    assert config.load(configuration(tmp_path), environ).uploadcare.secret_key.get_secret_value() == SECRET


def test_reading_without_the_secret(tmp_path: Path) -> None:
    """Commands that only look can read all the rest without any secret."""
    assert config.read(configuration(tmp_path), {}).uploadcare.public_key == "filed"


def test_an_unreadable_value_is_not_called_missing(tmp_path: Path) -> None:
    """A secret file's name that YAML takes for an alias is one fault, not two."""
    (fault,) = faults_of(configuration(tmp_path, "uploadcare: {public_key: k, secret_key_file: *key}\n"), {})
    assert "anchors and aliases" in fault


@pytest.mark.parametrize(
    "account",
    [
        f"uploadcare: {{public_key: k, secret_key: {SECRET}}}",
        f"uploadcare: {{public_key: k, secret_key_file: {SECRET}}}",
        f"uploadcare: {{public_key: 'k:{SECRET}', secret_key_file: key}}",
        f"uploadcare: {{public_key: k, secret_key_file: key, api_base: 'https://k:{SECRET}@example.com'}}",
        f"uploadcare: {{public_key: k, secret_key_file: [{SECRET}]}}",
        f"uploadcare: {SECRET}",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, account: str) -> None:
    """Wherever somebody puts the secret, neither the faults nor the traceback tell it."""
    secret_file(tmp_path)
    with pytest.raises(ConfigurationError) as refusal:
        config.load(configuration(tmp_path, account + "\n"), {})
    assert SECRET not in "".join(traceback.format_exception(refusal.value))


def test_a_secret_in_place_of_its_file_is_not_shown(tmp_path: Path) -> None:
    """Where the secret stands for its file's path and nothing needs it, no repr tells it either."""
    document = config.read(configuration(tmp_path, f"uploadcare: {{public_key: k, secret_key_file: {SECRET}}}\n"), {})
    assert SECRET not in repr(document)


def test_settings_do_not_show_the_secret(tmp_path: Path) -> None:
    """Neither repr, str nor JSON of the settings tells the secret."""
    settings = config.load(configuration(tmp_path), {"UPLOADCARE_SECRET_KEY": SECRET})
    assert settings.uploadcare.secret_key.get_secret_value() == SECRET
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    "base",
    [
        "https://api.example.com",
        "https://api.example.com:8443/",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://localhost",
    ],
)
def test_bases_that_are_taken(tmp_path: Path, base: str) -> None:
    """Bases are https, or http on this machine itself; they end in one slash."""
    environ = {"UPLOADCARE_SECRET_KEY": SECRET, "UPLOADCARE_API_BASE": base}
    assert config.load(configuration(tmp_path), environ).uploadcare.api_base == base.rstrip("/") + "/"


@pytest.mark.parametrize(
    "base",
    [
        "http://api.example.com/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "https://",
        "https:///x",
        "api.example.com",
        "https://a b/",
        "https://a/?x=1",
        "https://a/#x",
        "https://a:99999/",
        "https://[::1/",
        "file:///etc/passwd",
    ],
)
def test_bases_that_are_refused(tmp_path: Path, base: str) -> None:
    """Signatures and photos never travel in the clear beyond this machine, and what is no address is refused."""
    environ = {"UPLOADCARE_SECRET_KEY": SECRET, "UPLOADCARE_CDN_BASE": base}
    (fault,) = faults_of(configuration(tmp_path), environ)
    assert fault.startswith("environment: UPLOADCARE_CDN_BASE: must ")
