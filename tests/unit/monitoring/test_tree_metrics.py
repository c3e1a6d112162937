"""The threads that hang in calls to a share are counted, tree by tree, until they return."""

import threading

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.monitoring.tree_metrics import abandoned_calls
from support.processes.daemon_process import eventually


def numbers(folder: FolderSettings) -> dict[str, float]:
    return {sample.labels["tree"]: sample.value for sample in abandoned_calls([folder]).samples}


def test_calls_that_hang_are_counted_until_they_return(folder: FolderSettings) -> None:
    """One call to the input is given up, and none to the output; afterwards there is none."""
    assert numbers(folder) == {"input": 0, "output": 0}
    answers = threading.Event()
    with pytest.raises(TreeUnavailableError):
        calls_to(folder.input).wait(0.05, answers.wait)
    assert numbers(folder) == {"input": 1, "output": 0}
    answers.set()
    assert eventually(lambda: numbers(folder) == {"input": 0, "output": 0})
