"""The ledger, the service and the folders: the three things that every step works with."""

from collections import OrderedDict
from dataclasses import dataclass, field

from cutoutd.config.settings import Folders
from cutoutd.ledger import Ledger
from cutoutd.uploadcare.client import UploadcareClient

#: The comparisons that are remembered; each is a few hundred bytes.
_MOST_COMPARISONS = 2000

#: The second one is for a download that arrived as nonsense.
_ENOUGH_COMPARISONS = 2


class ComparedResults:
    """The results that could not be told to be a photo's, with the photos that they were compared with.

    Each comparison is a download, and the same one comes to the same end. A restart forgets them.
    """

    def __init__(self) -> None:
        self._failed: OrderedDict[tuple[int, str], tuple[frozenset[int], int]] = OrderedDict()

    def is_worth_a_look(self, photo_id: int, result_uuid: str, others: frozenset[int]) -> bool:
        """Return False if this comparison, or one with fewer other photos, has failed twice."""
        before, times = self._failed.get((photo_id, result_uuid), (others, 0))
        return times < _ENOUGH_COMPARISONS or not before <= others

    def note(self, photo_id: int, result_uuid: str, others: frozenset[int]) -> None:
        """Note that a comparison has failed."""
        before, times = self._failed.pop((photo_id, result_uuid), (others, 0))
        self._failed[photo_id, result_uuid] = (others, times + 1 if before <= others else 1)
        if len(self._failed) > _MOST_COMPARISONS:
            self._failed.popitem(last=False)


@dataclass(frozen=True, slots=True)
class StepContext:
    """The collaborators that all steps share."""

    ledger: Ledger
    uploadcare: UploadcareClient
    folders: Folders
    compared: ComparedResults = field(default_factory=ComparedResults)
