"""The help of commands, without a type beside a flag, because a flag takes no value."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption


class PlainCommand(TyperCommand):
    """A command with plain flags in its help."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401  these types are Typer's inner ones
        """Return the parameters, flags without a placeholder."""
        return _without_flag_types(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group of commands with plain flags in its help."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401  as above
        """Return the parameters, flags without a placeholder."""
        return _without_flag_types(super().get_params(ctx))


def make_plain(app: typer.Typer) -> None:
    """Let all commands that are registered with the application show plain flags."""
    app.info.cls = PlainGroup
    for command in app.registered_commands:
        command.cls = PlainCommand
    for group in app.registered_groups:
        if group.typer_instance is not None:
            make_plain(group.typer_instance)


def _without_flag_types(params: list[Any]) -> list[Any]:
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag and param.metavar is None:
            param.metavar = ""
    return params
