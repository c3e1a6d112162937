"""What every part of the configuration is: a frozen value whose unknown keys are faults."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
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
