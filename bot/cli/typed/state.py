"""`orbits state`: what can be typed, and for each command the one call that carries it out."""

# As in `orbits.py`, imports stand inside the commands: help does not wait for the store.
# ruff: noqa: PLC0415
from typing import Annotated

import typer

app = typer.Typer(help="The states of Terraform modules.", no_args_is_help=True)

Identity = Annotated[
    str, typer.Argument(metavar="IDENTITY", help="Whose state, such as terraform-backend-acme.")
]
Number = Annotated[int, typer.Argument(metavar="VERSION", min=1)]
Newest = Annotated[
    int | None, typer.Argument(metavar="VERSION", min=1, help="Which; else the newest.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer JSON, for machines.")]


@app.command("list")
def list_versions(identity: Identity, *, as_json: Json = False) -> None:
    """List the versions of a state that are kept, newest first."""
    from bot.cli.acts.state import print_versions

    print_versions(identity, as_json=as_json)


@app.command()
def show(identity: Identity, version: Newest = None) -> None:
    """Print a state as Terraform wrote it, with all secrets that are in it."""
    from bot.cli.acts import state

    state.show(identity, version)


@app.command()
def restore(identity: Identity, version: Number) -> None:
    """Make an older version the newest one; it changes what is recorded, and nothing else."""
    from bot.cli.acts import state

    state.restore(identity, version)
