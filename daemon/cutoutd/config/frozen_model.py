"""What every part of the configuration is: a frozen value whose unknown keys are faults."""

from typing import get_args

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo


class FrozenModel(BaseModel):
    """A value that never changes. Attribute docstrings become the descriptions in the JSON Schema.

    Code builds it by the names of its attributes; the loader accepts only the names that users write, which are the
    validation aliases where both differ (``max_size`` for ``max_upload_bytes``).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # a secret in the wrong place must not reach a log through pydantic's own text
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, section: object) -> object:
        """``null`` means that a key is left out, and a section with nothing behind it (all commented out) is empty.

        Where a key's default is another value than null, and null one that it takes, null is meant.
        """
        if not isinstance(section, dict):
            return {} if section == "" else section
        fields = {
            **cls.model_fields,
            **{key: cls.model_fields[name] for key, name in cls.attributes_by_key().items()},
        }
        known = {key for key, field in fields.items() if field.default is None or not _takes_null(field)}
        return {key: value for key, value in section.items() if value is not None or key not in known}

    @classmethod
    def attributes_by_key(cls) -> dict[str, str]:
        """The keys that users may write, each with the name of its attribute."""
        return {str(field.validation_alias or name): name for name, field in cls.model_fields.items()}


def _takes_null(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation)
