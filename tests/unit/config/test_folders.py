"""Folders: what they share, where their trees are, and which trees may not lie inside each other."""

from pathlib import Path

import pytest

from cutoutd import config
from cutoutd.config.settings import Settings
from cutoutd.config.types.choices import OnConflict
from cutoutd.core.errors import ConfigurationError

ENVIRONMENT = {"UPLOADCARE_PUBLIC_KEY": "demo", "UPLOADCARE_SECRET_KEY": "hush"}


def loaded(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return config.load(file, ENVIRONMENT)


def faults_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refusal:
        loaded(tmp_path, text)
    return [fault.replace(str(tmp_path), "") for fault in refusal.value.faults]


def test_a_folders_own_word_wins(tmp_path: Path) -> None:
    """What folders share holds for each, a folder's own word wins, and remove_bg is merged by parameter."""
    first, second = loaded(
        tmp_path,
        "folder_defaults: {output: out, on_conflict: skip, exclude: [x], remove_bg: {type: product, crop: true}}\n"
        "folders:\n"
        "  - {name: a, input: a}\n"
        "  - {name: b, input: b, output: own, on_conflict: rename, exclude: [], remove_bg: {crop: no, scale: 80%}}\n",
    ).folders
    assert (first.output, first.on_conflict, first.exclude) == (tmp_path / "out", OnConflict.SKIP, ("x",))
    assert first.parameters.as_json() == '{"crop":true,"type":"product"}'
    assert (second.output, second.on_conflict, second.exclude) == (tmp_path / "own", OnConflict.RENAME, ())
    assert second.parameters.as_json() == '{"crop":false,"scale":"80%","type":"product"}'


def test_null_is_no_word_of_ones_own(tmp_path: Path) -> None:
    """A key that a folder leaves out with null, or a section with nothing in it, keeps what folders share."""
    folders = loaded(
        tmp_path,
        "folder_defaults: {on_conflict: skip, remove_bg: {crop: true, type: car}}\n"
        "folders:\n"
        "  - name: a\n    input: i\n    output: o\n    on_conflict: null\n    remove_bg:\n"
        "  - name: b\n    input: j\n    output: o\n    remove_bg: {crop: null}\n",
    ).folders
    assert [folder.on_conflict for folder in folders] == [OnConflict.SKIP] * 2
    assert [folder.parameters.as_json() for folder in folders] == ['{"crop":true,"type":"car"}'] * 2


def test_a_name_is_not_shared(tmp_path: Path) -> None:
    """A name or input among what folders share is a fault, and does not stand in for a folder's own."""
    faults = faults_of(tmp_path, "folder_defaults: {name: x}\nfolders: [{input: a, output: o}]\n")
    assert [fault.split(": ")[1] for fault in faults] == ["folder_defaults.name", "folders[0].name"]


def test_a_shared_fault_is_told_once_at_its_own_place(tmp_path: Path) -> None:
    """A fault in folder_defaults is not repeated for every folder."""
    faults = faults_of(
        tmp_path,
        "folder_defaults: {recursiv: true, remove_bg: {crop_margin: 200%}}\n"
        "folders: [{name: a, input: a, output: o}, {name: b, input: b, output: o}]\n",
    )
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["/config.yaml:1:19", "folder_defaults.recursiv"],
        ["/config.yaml:1:60", "folder_defaults.remove_bg.crop_margin"],
    ]


def test_a_shared_null_leaves_a_folder_without(tmp_path: Path) -> None:
    """A null among what folders share does not hide that a folder lacks its output."""
    (fault,) = faults_of(tmp_path, "folder_defaults: {output: null}\nfolders: [{name: a, input: a}]\n")
    assert fault.startswith("/config.yaml:2:11: folders[0].output: is missing")


def test_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths start at the configuration file's folder, "~" is the home folder, absolute ones stay."""
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = loaded(
        tmp_path,
        "state_dir: state\nfolders: [{name: a, input: ~/in, output: ../out}, {name: b, input: /b, output: /o}]\n",
    )
    assert settings.state_dir == tmp_path / "state"
    assert (settings.folders[0].input, settings.folders[0].output) == (
        Path("/home/somebody/in"),
        tmp_path.parent / "out",
    )
    assert (settings.folders[1].input, settings.folders[1].output) == (Path("/b"), Path("/o"))


def test_a_relative_file_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file named relative to the working directory gives absolute paths all the same."""
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("folders: [{name: a, input: in, output: out}]\n")
    assert config.load(Path("config.yaml"), ENVIRONMENT).folders[0].input == tmp_path / "in"


@pytest.mark.parametrize(
    ("folders", "fault"),
    [
        (
            "{name: a, input: i, output: i}",
            '1:39: folders[0].output: is also the input of folder "a": cutouts would be',
        ),
        ("{name: a, input: i, output: i/o}", '1:39: folders[0].output: lies inside the input of folder "a": cutouts'),
        ("{name: a, input: o/i, output: o}", '1:28: folders[0].input: lies inside the output of folder "a": photos'),
        (
            "{name: a, input: i, output: o}, {name: b, input: i2, output: i/x/y}",
            '1:72: folders[1].output: lies inside the input of folder "a": cutouts would be taken for photos',
        ),
        (
            "{name: a, input: i, output: o}, {name: b, input: o/x, output: p}",
            '1:60: folders[1].input: lies inside the output of folder "a": photos and cutouts would mix',
        ),
        (
            "{name: a, input: i, output: o}, {name: b, input: i, output: p}",
            '1:60: folders[1].input: is also the input of folder "a": two folders would take the same photos',
        ),
        (
            "{name: a, input: i/deep, output: o}, {name: b, input: i, output: p}",
            '1:28: folders[0].input: lies inside the input of folder "b": two folders would take the same photos',
        ),
        (
            "{name: a, input: i, output: o}, {name: b, input: ./i/, output: p}",
            '1:60: folders[1].input: is also the input of folder "a"',
        ),
        (
            "{name: a, input: i, output: o}, {name: a, input: j, output: o}",
            "1:50: folders[1].name: is also the name of folders[0]; each folder needs its own",
        ),
    ],
)
def test_trees_that_would_feed_on_each_other(tmp_path: Path, folders: str, fault: str) -> None:
    """Equal and nested trees are one fault, at the tree that lies inside or comes later."""
    faults = faults_of(tmp_path, f"folders: [{folders}]\n")
    assert len(faults) == 1
    assert faults[0].startswith(f"/config.yaml:{fault}")


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("i/state", '1:12: state_dir: lies inside the input of folder "a": the ledger would lie among photos'),
        ("o", '1:12: state_dir: is also the output of folder "a": the ledger would lie among cutouts'),
    ],
)
def test_a_state_folder_inside_a_tree(tmp_path: Path, state: str, fault: str) -> None:
    """The ledger may not lie among photos or cutouts."""
    assert faults_of(tmp_path, f"state_dir: {state}\nfolders: [{{name: a, input: i, output: o}}]\n") == [
        f"/config.yaml:{fault}"
    ]


def test_trees_inside_the_state_folder(tmp_path: Path) -> None:
    """Photos and cutouts may not lie beside the ledger, also where state_dir is left out."""
    faults = faults_of(tmp_path, "folders: [{name: a, input: /var/lib/cutoutd/in, output: /var/lib/cutoutd}]\n")
    assert [fault.removeprefix("/config.yaml:1:").rpartition(": ")[0] for fault in faults] == [
        '28: folders[0].input: lies inside the output of folder "a"',
        "28: folders[0].input: lies inside the state folder (/var/lib/cutoutd)",
        "57: folders[0].output: is the state folder (/var/lib/cutoutd)",
    ]


def test_links_hide_nothing(tmp_path: Path) -> None:
    """Trees are compared where they really are, behind symbolic links."""
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to("in")
    (fault,) = faults_of(tmp_path, "folders: [{name: a, input: in, output: link/out}]\n")
    assert 'folders[0].output: lies inside the input of folder "a"' in fault


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Comparing real places does not replace a link, which an administrator may turn to another disk later."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    settings = loaded(tmp_path, "folders: [{name: a, input: link, output: out}]\n")
    assert settings.folders[0].input == tmp_path / "link"


def test_a_loop_of_links_is_no_crash(tmp_path: Path) -> None:
    """A link that leads to itself is `check`'s business; loading goes on."""
    (tmp_path / "loop").symlink_to("loop")
    assert loaded(tmp_path, "folders: [{name: a, input: loop, output: out}]\n").folders[0].input == tmp_path / "loop"


def test_folders_may_share_an_output(tmp_path: Path) -> None:
    """Two folders may publish into one tree, and names that only begin alike are no nesting."""
    settings = loaded(
        tmp_path,
        "folders:\n"
        "  - {name: a, input: in, output: out}\n"
        "  - {name: b, input: in2, output: out}\n"
        "  - {name: c, input: in3, output: out/c}\n",
    )
    assert len(settings.folders) == 3


def test_a_faulty_folder_hides_no_tree(tmp_path: Path) -> None:
    """Trees are compared even while other keys of their folders are wrong."""
    faults = faults_of(tmp_path, "folders: [{name: a, input: i, output: i/o, max_size: x}]\n")
    assert [fault.split(": ")[1] for fault in faults] == ["folders[0].output", "folders[0].max_size"]
