"""`simab init`: a commented scenario to start from."""

from __future__ import annotations

from pathlib import Path

import click

from simab.cli import options
from simab.cli.templates import TEMPLATES
from simab.cli.terminal import print_line
from simab.errors import InvalidInput

__all__ = ["command"]


def _templates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # as click calls it
    return [name for name in TEMPLATES if name.startswith(incomplete)]


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path), default=Path("scenario.yaml"))
@click.option(
    "--template",
    metavar="NAME",
    default="start",
    shell_complete=_templates,
    help="Start from another one: canary, test, bandit, revenue or founding-example.",
)
@click.option("--list", "listing", is_flag=True, help="Say what the templates are about.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@options.quiet
def command(path: Path, template: str, listing: bool, force: bool, quiet: bool) -> None:
    """Write a commented scenario to PATH (scenario.yaml), ready to be checked and run."""
    from simab.files import write_files
    from simab.scenario.starter import starter_text, with_its_name

    if listing:
        for name, about in TEMPLATES.items():
            print_line(f"{name}: {about}")
        return
    text = starter_text(template)
    if path.is_dir():
        path = path / "scenario.yaml"
    text = with_its_name(text, str(path))
    if path.exists() and not force:
        raise InvalidInput(
            f"{path} exists already. Use --force to overwrite it, or name another file."
        )
    try:
        write_files({path: text.encode("utf-8")})
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{path} cannot be written: {reason}. Name another path.") from None
    if not quiet:
        print_line(f"{path} is written. Next: simab check {path}")
