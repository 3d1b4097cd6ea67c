"""The command group that loads a command only when it is needed.

Help and shell completion read the table of names and short helps, and load nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any

import click
from click.shell_completion import CompletionItem

from simab.cli.exits import OutputClosed

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """Commands by name: each is `command` in `simab.cli.commands.<name>`."""

    def __init__(self, *args: Any, short_helps: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.short_helps = short_helps

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.short_helps)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in self.short_helps:
            return None
        module = import_module(f"simab.cli.commands.{cmd_name}")
        command: click.Command = module.command
        if command.help is None:
            command.help = _text_of(module)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; a misspelt one gets a suggestion."""
        if args and args[0] not in self.short_helps and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.short_helps, n=1)
            guess = f" Did you mean {near[0]}?" if near else ""
            known = ", ".join(self.short_helps)
            ctx.fail(f"no command named {args[0]}.{guess} Commands: {known}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands for the help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.short_helps.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and options that begin as typed."""
        return [*self._names(incomplete), *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a closed pipe is ours to handle, as click would exit with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise OutputClosed from None

    def _names(self, incomplete: str) -> Iterator[CompletionItem]:
        for name, short_help in self.short_helps.items():
            if name.startswith(incomplete):
                yield CompletionItem(name, help=short_help)


def _text_of(module: ModuleType) -> str:
    """What the function `command` says of itself, where Python was started without docstrings."""
    import ast
    import inspect

    functions = (each for each in ast.parse(inspect.getsource(module)).body)
    return next(
        ast.get_docstring(each) or ""
        for each in functions
        if isinstance(each, ast.FunctionDef) and each.name == "command"
    )
