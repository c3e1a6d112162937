"""The base of every part of the configuration: a frozen value that refuses unknown keys."""

from typing import get_args

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo


class FrozenModel(BaseModel):
    """A value that never changes; docstrings of its attributes become descriptions in the JSON Schema.

    Code builds it by the names of its attributes, and the loader accepts only the names that users write. Both differ
    in fields with a validation alias (``max_size`` for ``max_upload_bytes``).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # because pydantic's message would carry a misplaced secret into the log
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, section: object) -> object:
        """Treat ``null`` as a key that is left out, and an empty section as one without keys.

        A ``null`` counts as a value if the key accepts it and has another default.
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
        """Return the keys that users may write, each with the name of its attribute."""
        return {str(field.validation_alias or name): name for name, field in cls.model_fields.items()}


def _takes_null(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation)
