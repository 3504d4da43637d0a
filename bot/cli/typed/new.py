"""`orbits new`: what can be typed, and for each command the one call that carries it out."""

# As in `orbits.py`, imports stand inside the commands.
# ruff: noqa: PLC0415
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Begin to write a stack or a resource.", no_args_is_help=True)

NewName = Annotated[str, typer.Argument(metavar="NAME", help="What to call it: customer-site.")]


@app.command()
def stack(name: NewName) -> None:
    """Write a stack, its fleet and its test to this folder, with comments."""
    from bot.new.names import Kind
    from bot.new.writing import write_new

    typer.echo(write_new(Kind.STACK, name, Path.cwd()))


@app.command()
def resource(name: NewName) -> None:
    """Write a resource and its test to this folder, with comments."""
    from bot.new.names import Kind
    from bot.new.writing import write_new

    typer.echo(write_new(Kind.RESOURCE, name, Path.cwd()))
