"""Every fault of a configuration file: its place, its key, its sentence; and all of them at once."""

from pathlib import Path

import pytest

from cutoutd import config
from cutoutd.core.errors import ConfigurationError

ENVIRONMENT = {"UPLOADCARE_SECRET_KEY": "hush"}
HEAD = "uploadcare: {public_key: demo}\nfolders:\n  - name: a\n    input: in\n    output: out\n"


def faults_of(tmp_path: Path, content: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
    """The faults of a configuration file, without its folder."""
    file = tmp_path / "config.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigurationError) as refusal:
        config.load(file, ENVIRONMENT if environ is None else environ)
    return [fault.replace(f"{tmp_path}/", "") for fault in refusal.value.faults]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("    recursiv: true", '6:5: folders[0].recursiv: unknown key; did you mean "recursive"?'),
        ("    recursiv: null", "6:5: folders[0].recursiv: unknown key"),
        ("    Crop-Margin: 1", "6:5: folders[0].Crop-Margin: unknown key; known here: "),
        ("    remove_bg: {crop-margin: 1}", '6:17: folders[0].remove_bg.crop-margin: unknown key; did you mean "crop'),
        ("    remove_bg: {crop: perhaps}", '6:23: folders[0].remove_bg.crop: must be true or false (here: "perhaps")'),
        ("    remove_bg: {type: dog}", '6:23: folders[0].remove_bg.type: must be "auto", "person", "product" or "car"'),
        ("    remove_bg:\n      bg_color: #fff", "7:16: folders[0].remove_bg.bg_color: must be hexadecimal digits"),
        ("    remove_bg: [crop]", "6:16: folders[0].remove_bg: must be a section of keys and values"),
        ("    recursive: 2", '6:16: folders[0].recursive: must be true or false (here: "2")'),
        ("    exclude: \"*.bak\"", '6:14: folders[0].exclude: must be a list (here: "*.bak")'),
        ('    exclude: ["*.bak", ""]', "6:24: folders[0].exclude[1]: must be a pattern such as *.bak or drafts/**"),
        ("    max_size: 12 MG", "6:15: folders[0].max_size: must be a size such as 12 MB"),
        ("    max_size: 0", "6:15: folders[0].max_size: must be more than 0"),
        ("    max_size: 12582913", "6:15: folders[0].max_size: must be at most 12 MiB (12,582,912 bytes), the most"),
        ("    on_conflict: overwrite", '6:18: folders[0].on_conflict: must be "rename" or "skip" (here: "overwrite")'),
        ("    on_failure:", '6:16: folders[0].on_failure: must be "note" or "none" (here: nothing)'),
        ("    filename: fixed.png", "6:15: folders[0].filename: must hold {stem} or {name}"),
        ('    filename: "{stam}.png"', "6:15: folders[0].filename: has an unknown field {stam}; allowed are {stem}"),
        ('    filename: "{stem!r}.png"', "6:15: folders[0].filename: has an unknown field {stem!r}"),
        ('    filename: "{{stem}}.png"', "6:15: folders[0].filename: has a brace without its partner"),
        ('    filename: "{stem}.jpg"', '6:15: folders[0].filename: must end in ".png"'),
        ('    filename: "x/{stem}.png"', "6:15: folders[0].filename: must be a plain file name"),
        ('    filename: ".{stem}.png"', '6:15: folders[0].filename: must not start with "."'),
        ("    on_success: move", "6:17: folders[0].on_success: needs archive: the tree to move photos to"),
        ("    on_success: sell", '6:17: folders[0].on_success: must be "keep", "move", "trash" or "delete"'),
        ("    archive: in/done", "6:14: folders[0].archive: lies inside the input of folder"),
        ("    input: other", "6:5: folders[0].input: is written twice; the first is in line 4"),
        ("  - name: b b\n    input: i\n    output: o", '6:11: folders[1].name: must be made of letters (a to z)'),
        ("  - input: i\n    output: o", "6:5: folders[1].name: is missing. The folder's name in all output"),
        ("  - {name: b, input: i}", "6:5: folders[1].output: is missing."),
        ("  - {name: b, input: [i], output: o}", "6:22: folders[1].input: must be a path"),
        ('  - {name: b, input: "", output: o}', "6:22: folders[1].input: must be a path (here: nothing)"),
        ('  - {name: b, input: "a\\0b", output: o}', '6:22: folders[1].input: must be a path (here: "a\\u0000b")'),
        ("  - {name: b, input: ~no-such-user/i, output: o}", "6:22: folders[1].input: must be a path; the home folder"),
        ("  - just text", '6:5: folders[1]: must be a section of keys and values (here: "just text")'),
        ("state_dir: null\nstate_dir: x", "7:1: state_dir: is written twice; the first is in line 6"),
        ("watch: {mode: pull}", '6:15: watch.mode: must be "auto", "events" or "polling" (here: "pull")'),
        ("watch: {rescan_interval: 2 weeks}", "6:26: watch.rescan_interval: must be a duration such as 500ms, 60s"),
        ("watch: {rescan_interval: 0}", "6:26: watch.rescan_interval: must be more than 0 seconds"),
        ("watch: {stability_delay: 2d}", "6:26: watch.stability_delay: must be at most 3,600 seconds"),
        ("watch: {rescan_interval_s: 5}", '6:9: watch.rescan_interval_s: unknown key; did you mean "rescan_interval"?'),
        ("watch: {stability_delay: [1]}", "6:26: watch.stability_delay: must be a duration"),
        ("concurrency: {uploads: 0}", '6:24: concurrency.uploads: must be at least 1 (here: "0")'),
        ("concurrency: {uploads: 257}", "6:24: concurrency.uploads: must be at most 256"),
        ("concurrency: {removals: many}", '6:25: concurrency.removals: must be a whole number (here: "many")'),
        ("price: {per_1000_operations: free}", "6:30: price.per_1000_operations: must be a number such as 0.50"),
        ("price: {per_1000_operations: .nan}", "6:30: price.per_1000_operations: must be a number such as 0.50"),
        ("price: {per_1000_operations: 0}", '6:30: price.per_1000_operations: must be more than 0 (here: "0")'),
        ("concurrency: {removals: 1.5}", '6:25: concurrency.removals: must be a whole number (here: "1.5")'),
        ("log: {level: loud}", '6:14: log.level: must be "debug", "info", "warning" or "error" (here: "loud")'),
        ("log: 5", '6:6: log: must be a section of keys and values (here: "5")'),
        ("wach: {}", '6:1: wach: unknown key; did you mean "watch"?'),
        ("budget: {per_day: 5}", "6:1: budget: unknown key; known here: state_dir, control_socket, folders"),
        ("folder_defaults: {name: x}", "6:19: folder_defaults.name: unknown key; it belongs to each folder itself"),
        ('"odd\\nkey": 1', '6:1: "odd\\nkey": unknown key'),
        ("log: !!map {}", "6:6: log: tags (!) are not read; put the value in quotes instead"),
        ("log: &l {}", "6:6: log: anchors and aliases (& and *) are not read"),
        ("log: *l", "6:6: log: anchors and aliases (& and *) are not read"),
        ('state_dir: "\\ud800"', "6:12: state_dir: holds half a character"),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what(tmp_path: Path, lines: str, fault: str) -> None:
    """Each kind of fault is the only one reported, at its exact line and column, under its key, in plain words."""
    faults = faults_of(tmp_path, HEAD + lines + "\n")
    assert len(faults) == 1
    assert faults[0].startswith(f"config.yaml:{fault}")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("a: [\n", "2:1: is not valid YAML: expected the node content"),
        ("a: b\n\tc: d\n", "2:1: is not valid YAML: found character '\\t' that cannot start any token; indent"),
        ("a: b: c\n", "1:5: is not valid YAML: mapping values are not allowed here; a text with a colon needs quotes"),
        ("a: [*.bak]\n", '1:6: is not valid YAML: expected alphabetic or numeric character, but found'),
        ("a: {stem}.png\n", "1:10: is not valid YAML: expected <block end>, but found '<scalar>'; a text that starts"),
        ("a: b\nc: \x07\n", "2:4: is not valid YAML: a control character (#x7)"),
        ("a: b\n---\nc: d\n", '3:1: holds a second document; take out the line "---"'),
        ("- a\n", "1:1: must hold keys and values"),
        ("just words", "1:1: must hold keys and values"),
        ("? [a]\n: b\n", "1:3: must be a plain key"),
        ("a: ä\nb: ö".encode("latin-1"), "1:4: is not UTF-8 from here on; save the file as UTF-8"),
        (b"\xef\xbb\xbfa: b\nb: \xff", "2:4: is not UTF-8 from here on"),
    ],
)  # fmt: skip
def test_what_is_no_yaml(tmp_path: Path, content: str | bytes, fault: str) -> None:
    """A file that cannot be read as YAML is refused at the place where reading ends, with a hint where one is known."""
    faults = faults_of(tmp_path, content)
    assert len(faults) == 1
    assert faults[0].startswith(f"config.yaml:{fault}")


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "{}\n", "folders:\n", "folders: []\nuploadcare:\n"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    """An empty file is told what it lacks."""
    faults = faults_of(tmp_path, content)
    assert [fault.split(": ")[1] for fault in faults] in (
        ["uploadcare.public_key", "folders"],
        ["folders", "uploadcare.public_key"],
    )


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file or a folder is one fault that names it and the reason."""
    for path, reason in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigurationError) as refusal:
            config.load(path, ENVIRONMENT)
        assert refusal.value.faults == (f"{path}: cannot be read: {reason}",)


def test_all_faults_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Unknown keys, wrong values, duplicates, missing keys and trees inside each other are all told in one go."""
    faults = faults_of(
        tmp_path,
        "uploadcare: {public_key: a b, api_base: http://example.com}\n"
        "folders:\n"
        "  - {name: a, input: in, output: in/out, recursiv: yes}\n"
        "  - {name: a, name: b, input: in/sub, remove_bg: {crop_margin: 30}}\n"
        "log: {level: loud}\n",
    )
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["config.yaml:1:26", "uploadcare.public_key"],
        ["config.yaml:1:41", "uploadcare.api_base"],
        ["config.yaml:3:34", "folders[0].output"],
        ["config.yaml:3:42", "folders[0].recursiv"],
        ["config.yaml:4:5", "folders[1].output"],
        ["config.yaml:4:12", "folders[1].name"],
        ["config.yaml:4:15", "folders[1].name"],
        ["config.yaml:4:31", "folders[1].input"],
        ["config.yaml:4:64", "folders[1].remove_bg.crop_margin"],
        ["config.yaml:5:14", "log.level"],
    ]


def test_a_duplicate_section_does_not_mix_with_the_first(tmp_path: Path) -> None:
    """The second of two equal sections is one fault; what stands in it is neither used nor faulted."""
    faults = faults_of(tmp_path, HEAD + "log: {level: info}\nlog: {level: loud, x: 1}\n")
    assert faults == ["config.yaml:7:1: log: is written twice; the first is in line 6"]


def test_texts_from_the_file_are_safe_to_print(tmp_path: Path) -> None:
    """A long value with control and direction characters comes out short, on one line and escaped."""
    (fault,) = faults_of(tmp_path, HEAD + f'log: {{level: "\\e[31m\\u202e\\n{"x" * 500}"}}\n')
    assert fault.isprintable()
    assert len(fault) < 250


def test_numbers_stay_the_text_they_are(tmp_path: Path) -> None:
    """YAML's numbers that are texts to us (colours, levels, names) keep their zeros."""
    file = tmp_path / "config.yaml"
    file.write_text(HEAD.replace("name: a", "name: 007") + "    remove_bg: {bg_color: 000000, type_level: 1}\n")
    folder = config.load(file, ENVIRONMENT).folders[0]
    assert (folder.name, folder.parameters.as_json()) == ("007", '{"bg_color":"000000","type_level":"1"}')


def test_null_is_meant_where_it_is_a_value(tmp_path: Path) -> None:
    """A null that says "never" is not taken for the default."""
    file = tmp_path / "config.yaml"
    file.write_text(HEAD)
    assert config.load(file, ENVIRONMENT).limits.confirm_over == 500
    file.write_text(HEAD + "limits: {confirm_over: null}\n")
    assert config.load(file, ENVIRONMENT).limits.confirm_over is None


def test_null_means_left_out(tmp_path: Path) -> None:
    """A null, or a section whose lines are all commented out, leaves the defaults."""
    file = tmp_path / "config.yaml"
    file.write_text(HEAD)
    plain = config.load(file, ENVIRONMENT)
    file.write_text(HEAD + "    max_size: null\n    remove_bg:\n      # crop: true\nwatch:\nlog: ~\nstate_dir: null\n")
    assert config.load(file, ENVIRONMENT) == plain
