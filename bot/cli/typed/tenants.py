"""`orbits tenants`: what can be typed, and for each command the one call that carries it out."""

# As in `orbits.py`, imports stand inside the commands: help does not wait for the store.
# ruff: noqa: PLC0415
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The clients, and what each of them has.", no_args_is_help=True)

Who = Annotated[
    list[str],
    typer.Argument(metavar="WHO", help="Names, or a selector such as ring:canary tag:retail."),
]
Anybody = Annotated[
    list[str] | None,
    typer.Argument(metavar="WHO", help="Names, or a selector; else everyone."),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The tenant, such as acme.")]
Json = Annotated[bool, typer.Option("--json", help="Answer JSON, for machines.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change none.")]
Names = list[str] | None

Ring = Annotated[str | None, typer.Option(metavar="RING", help="The ring that it goes with.")]
Tags = Annotated[Names, typer.Option("--tag", metavar="TAG", help="A label, as often as needed.")]
Untag = Annotated[Names, typer.Option(metavar="TAG", help="Take a label away.")]
Services = Annotated[
    Names, typer.Option("--service", metavar="SERVICE", help="It uses only these services.")
]
AllServices = Annotated[
    bool, typer.Option("--all-services", help="It uses all services of the fleet.")
]
Branches = Annotated[
    Names,
    typer.Option(
        "--branch", metavar="SERVICE=BRANCH", help="Track a branch that is not the service's own."
    ),
]
Unbranch = Annotated[Names, typer.Option(metavar="SERVICE", help="Track the service's own branch.")]
Variables = Annotated[
    Names,
    typer.Option(
        "--variable",
        "--var",
        metavar="NAME=VALUE",
        help="For its stack: text, with := JSON. A secret is a reference: env:NAME, file:/path.",
    ),
]
Unset = Annotated[Names, typer.Option(metavar="NAME", help="Take a variable away.")]
Plain = Annotated[
    Names,
    typer.Option(metavar="NAME", help="This variable is no secret, though it is called like one."),
]


@app.command("list")
def list_tenants(who: Anybody = None, *, as_json: Json = False) -> None:
    """List tenants with their revisions, branches, and what keeps them back."""
    from bot.cli.acts.tenants import print_tenants

    print_tenants(who or [], as_json=as_json)


@app.command("add")
def add_tenant(  # noqa: PLR0913, PLR0917 (one for each option)
    name: Name,
    ring: Ring = None,
    tag: Tags = None,
    service: Services = None,
    branch: Branches = None,
    variable: Variables = None,
    plain: Plain = None,
) -> None:
    """Add a tenant; the next merge reaches it."""
    from bot.cli.acts import tenants
    from bot.rollouts.profiles.typed import Options

    said = Options(ring, tag or (), service or (), branch or (), variable or (), plain or ())
    tenants.add(name, said)


@app.command("set")
def set_tenants(  # noqa: PLR0913, PLR0917 (one for each option)
    who: Who,
    ring: Ring = None,
    tag: Tags = None,
    untag: Untag = None,
    service: Services = None,
    branch: Branches = None,
    unbranch: Unbranch = None,
    variable: Variables = None,
    unset: Unset = None,
    plain: Plain = None,
    *,
    all_services: AllServices = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Change several without asking.")] = False,
) -> None:
    """Change what is named of tenants; the rest of them stays as it is."""
    from bot.cli.acts import tenants
    from bot.rollouts.profiles.changes import Taken
    from bot.rollouts.profiles.typed import Options

    said = Options(ring, tag or (), service or (), branch or (), variable or (), plain or ())
    taken = Taken(untag or (), unbranch or (), unset or (), all_services=all_services)
    tenants.change(who, said, taken, dry_run=dry_run, yes=yes)


@app.command("uninstall")
def uninstall_tenant(
    name: Name,
    *,
    yes: Annotated[
        str | None, typer.Option("--yes", metavar="NAME", help="Its name again: do not ask for it.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait, and tell how it has ended.")] = False,
) -> None:
    """Remove what is deployed for a tenant; no merge reaches it any more."""
    from bot.cli.acts.tenants_leaving import uninstall

    uninstall(name, yes=yes, wait=wait)


@app.command("remove")
def remove_tenant(
    name: Name,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also while it is deployed to, or held.")
    ] = False,
    leave_deployed: Annotated[
        bool, typer.Option("--leave-deployed", help="Leave behind what is deployed for it.")
    ] = False,
) -> None:
    """Forget a tenant that has nothing deployed."""
    from bot.cli.acts.tenants import remove

    remove(name, force=force, leave_deployed=leave_deployed)


@app.command("import")
def import_tenants(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A tenants.toml.")],
    plain: Plain = None,
    *,
    dry_run: DryRun = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Forget whom the file does not name.")
    ] = False,
) -> None:
    """Make tenants what a file says of them; whom it does not name is left."""
    from bot.cli.acts.tenants import import_file

    import_file(file, plain or (), dry_run=dry_run, prune=prune)
