"""A photo pipeline with all its collaborators, as the service composes it."""

from cutoutd.config.settings import Folders
from cutoutd.ledger import Ledger
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.photo_pipeline import PhotoPipeline
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.watch.availability.monitor import FolderAvailability
from support.fakes.fake_uploadcare import FakeUploadcare


def pipeline_of(
    ledger: Ledger, uploadcare: FakeUploadcare, folders: Folders, budget: Budget, poll_schedule: PollSchedule
) -> PhotoPipeline:
    """Return a pipeline that talks to a stand-in for Uploadcare."""
    return PhotoPipeline(
        StepContext(ledger, uploadcare, folders),  # type: ignore[arg-type]  # the stand-in has the client's methods
        budget,
        poll_schedule,
        FolderAvailability(ledger, folders),
    )
