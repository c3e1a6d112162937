"""The configuration as users write it: without the secret, and with what folders share said once."""

from cutoutd.config.settings import Account, Common, FolderDefaults


class Document(Common):
    """The whole configuration file."""

    uploadcare: Account
    """The project at Uploadcare."""
    folder_defaults: FolderDefaults = FolderDefaults()
    """What a folder may say and all folders share, said once; a folder's own word wins."""
