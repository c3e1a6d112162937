"""The ledger, the service and the folders: the three things that every step works with."""

from dataclasses import dataclass

from cutoutd.config.settings import Folders
from cutoutd.ledger import Ledger
from cutoutd.uploadcare.client import UploadcareClient


@dataclass(frozen=True, slots=True)
class StepContext:
    """The collaborators that all steps share."""

    ledger: Ledger
    uploadcare: UploadcareClient
    folders: Folders
