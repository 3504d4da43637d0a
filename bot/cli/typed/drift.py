"""`orbits drift`: what can be typed, and for each command the one call that carries it out."""

# As in `orbits.py`, imports stand inside the commands: help does not wait for the store.
# ruff: noqa: PLC0415
from typing import Annotated

import typer

app = typer.Typer(help="What tenants have become behind the bot's back.", no_args_is_help=True)

Who = Annotated[
    list[str],
    typer.Argument(metavar="WHO", help="Names, or a selector such as ring:canary tag:retail."),
]
Anybody = Annotated[
    list[str] | None,
    typer.Argument(metavar="WHO", help="Names, or a selector; else everyone."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer JSON, for machines.")]
Hours = Annotated[
    float | None, typer.Option("--hours", min=0.01, help="For so long; else until it is resumed.")
]


@app.command("list")
def list_drifts(who: Anybody = None, *, as_json: Json = False) -> None:
    """List what differs, who is looked at when, and who cannot be looked at."""
    from bot.cli.acts.drift import print_drifts

    print_drifts(who or [], as_json=as_json)


@app.command()
def check(who: Who) -> None:
    """Look at tenants now, also at those that are paused."""
    from bot.cli.acts import drift

    drift.check(who)


@app.command()
def pause(who: Who, hours: Hours = None) -> None:
    """Look at tenants no more by the clock."""
    from bot.cli.acts import drift

    drift.pause(who, hours)


@app.command()
def resume(who: Who) -> None:
    """Look at tenants by the clock again."""
    from bot.cli.acts import drift

    drift.resume(who)
