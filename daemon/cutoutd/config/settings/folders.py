"""The settings of one configured folder, and the configured folders by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import Field

from cutoutd.config.remove_bg import RemoveBg
from cutoutd.config.types.choices import (
    ConflictCopies,
    OnConflict,
    OnFailure,
    OnSourceRemoved,
    OnSuccess,
    Oversize,
    Provenance,
    TargetNames,
)
from cutoutd.config.types.frozen_model import FrozenModel
from cutoutd.config.types.text_types import (
    AbsolutePath,
    ExclusionPattern,
    FilenameTemplate,
    FolderName,
)
from cutoutd.config.types.units import Size
from cutoutd.core.errors import SourceUnavailableError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo

#: Uploadcare takes "up to 12 MB" (docs/uploadcare.md 1); read generously, that is 12 MiB.
LARGEST_UPLOAD_BYTES = 12_582_912


class FolderDefaults(FrozenModel):
    """The keys of a folder that all folders may share."""

    output: AbsolutePath | None = None
    """The tree where cutouts appear, if the folders share one."""
    recursive: bool = True
    """Take photos in the input's subfolders as well."""
    exclude: tuple[ExclusionPattern, ...] = ()
    """Patterns of files and folders to ignore; temporary and system files are ignored anyway."""
    conflict_copies: ConflictCopies = ConflictCopies.SKIP
    """Conflict copies of synchronising programs, and ~snapshot folders: skip them (they are told), or take them."""
    parameters: RemoveBg = Field(default=RemoveBg(), validation_alias="remove_bg")
    """Parameters of the removal in Uploadcare's own names; keys left out keep the service's default."""
    filename: FilenameTemplate = "{stem}.png"
    """Name of the cutout: {stem} is the photo's name without, {name} with its extension."""
    max_upload_bytes: Size = Field(default=12_000_000, gt=0, le=LARGEST_UPLOAD_BYTES, validation_alias="max_size")
    """Larger photos are rejected or shrunk; Uploadcare accepts at most 12 MB (12 MiB, generously read)."""
    oversize: Oversize = Oversize.REJECT
    """Photos over max_size: reject them, or send a smaller copy (shrink); the photo itself stays as it is."""
    on_conflict: OnConflict = OnConflict.RENAME
    """When two photos would get the same cutout path: rename the later cutout, or skip the later photo."""
    target_names: TargetNames = TargetNames.KEEP
    """Names of cutouts and their folders: keep the photo's where the disk takes it, or always portable to Windows."""
    on_failure: OnFailure = OnFailure.NOTE
    """In place of a cutout that could not be made: note (a .failed.txt with the reason) or none."""
    provenance: Provenance = Provenance.XATTR
    """Record of the source in each cutout, for cutoutd rebuild: xattr (bytes unchanged), png_text or none."""
    on_success: OnSuccess = OnSuccess.KEEP
    """The photo itself after its cutout is published: keep it, move it to the archive, trash it, or delete it."""
    archive: AbsolutePath | None = None
    """The tree that on_success: move moves photos to, mirrored; outside all inputs and outputs."""
    on_source_removed: OnSourceRemoved = OnSourceRemoved.KEEP
    """The cutout of a photo that was removed or renamed: keep it, or delete it unless it was edited."""


class FolderSettings(FolderDefaults):
    """One configured pair: an input tree, its mirrored output tree, and the treatment of its photos."""

    name: FolderName
    """The folder's name in all output; unique."""
    input: AbsolutePath
    """The tree where photos arrive; relative paths start at the configuration file's folder."""
    output: AbsolutePath
    """The tree where cutouts appear, mirrored; never inside an input, nor an input inside it."""


#: The wait of a photo without a configured folder. A reload that brings the folder back ends it sooner.
_FOLDER_MISSING_WAIT_S = 3600.0


@dataclass(frozen=True)
class Folders(Mapping[str, FolderSettings]):
    """The configured folders by name."""

    by_name: Mapping[str, FolderSettings]

    def __getitem__(self, name: str) -> FolderSettings:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def of(self, photo: Photo) -> FolderSettings:
        """Return the configured folder of a photo.

        Raises:
            SourceUnavailableError: the folder is not configured, or its input is not the tree of the photo.
        """
        folder = self.by_name.get(photo.identity.folder)
        if folder is None:
            sentence = f'its folder "{photo.identity.folder}" is no longer in the configuration'
            raise SourceUnavailableError(sentence, retry_after_s=_FOLDER_MISSING_WAIT_S)
        if photo.identity.input not in {"", str(folder.input)}:
            found_in = printable(photo.identity.input)
            sentence = f'it was found in {found_in}, which is no longer the input of "{folder.name}"'
            raise SourceUnavailableError(sentence, retry_after_s=_FOLDER_MISSING_WAIT_S)
        return folder
