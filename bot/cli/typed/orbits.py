"""The command line: `orbits`, and for each of its commands the one call that carries it out."""

# Imports stand inside the commands: `orbits --help` does not wait until the store, the web
# server and GitHub's client are loaded.
# ruff: noqa: PLC0415
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.typed import drift, new, state, tenants
from bot.states import State
from resources.errors import OrbitsError

app = typer.Typer(
    help="Merge a pull request, and every tenant gets it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db_app = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(tenants.app, name="tenants")
app.add_typer(drift.app, name="drift")
app.add_typer(state.app, name="state")
app.add_typer(new.app, name="new")
app.add_typer(db_app, name="db")

Json = Annotated[bool, typer.Option("--json", help="Answer JSON, for machines.")]
RUN_HELP = "The id of a run, or its last characters."
RunId = Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP)]
RunOrIdentity = Annotated[str, typer.Argument(metavar="RUN-or-IDENTITY", help=RUN_HELP)]


def main() -> None:
    """Run the command that was typed; what was foreseen ends in a sentence, not a traceback."""
    # The stacks that ORBITS_STACKS names are often a module beside the settings.
    sys.path.insert(0, str(Path.cwd()))
    try:
        app()
    except OrbitsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; else PORT.")] = None,
) -> None:
    """Take webhooks in, and work on what they ask for."""
    from bot.processes import serve_until_stopped

    serve_until_stopped(host, port)


@app.command()
def worker() -> None:
    """Work without taking webhooks in; stand by where another process works already."""
    from bot.processes import work_until_stopped

    work_until_stopped()


@app.command()
def demo(
    home: Annotated[Path, typer.Option(help="Folder of the demo; emptied first.")] = Path(
        ".orbits-demo"
    ),
    port: Annotated[int, typer.Option(help="Port of the simulated GitHub; 0 takes any.")] = 0,
    *,
    once: Annotated[bool, typer.Option("--once", help="End when the story is told.")] = False,
) -> None:
    """Show the main job, offline: merges that reach six tenants, on a simulated GitHub."""
    from bot.demo.command import tell_story

    tell_story(home, port, once=once)


@app.command("runs")
def list_runs(
    state: Annotated[State | None, typer.Option(help="Only those that are in this state.")] = None,
    identity: Annotated[str | None, typer.Option(help="Only those that work on this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    *,
    as_json: Json = False,
) -> None:
    """List runs, the newest first."""
    from bot.cli.acts.runs import print_runs

    print_runs(state, identity, limit, as_json=as_json)


@app.command()
def status(
    run: RunOrIdentity,
    *,
    as_json: Json = False,
) -> None:
    """Tell how far a run has come and what it waits for, or who works on an identity."""
    from bot.cli.acts.runs import print_status

    print_status(run, as_json=as_json)


@app.command()
def logs(
    run: RunOrIdentity,
    step: Annotated[str | None, typer.Argument(help="Only this step.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until it has ended.")] = False,
) -> None:
    """Print what the steps of a run printed, or of the last one that worked on an identity."""
    from bot.cli.acts.runs import print_logs

    print_logs(run, step, follow=follow)


@app.command()
def cancel(
    run: RunId, reason: Annotated[str, typer.Option(help="Why; others read it.")] = ""
) -> None:
    """End a run, with all that its scripts have started."""
    from bot.cli.acts import runs

    runs.cancel(run, reason)


@app.command()
def pause(run: RunId) -> None:
    """Let a run begin no further step; what it is doing just now goes on."""
    from bot.cli.acts import runs

    runs.pause(run)


@app.command()
def resume(run: RunId) -> None:
    """Let a paused run go on."""
    from bot.cli.acts import runs

    runs.resume(run)


@app.command()
def retry(
    run: RunId,
    from_step: Annotated[
        str | None, typer.Option("--from", help="Do this step, and what came after, again.")
    ] = None,
) -> None:
    """Let a run that failed or was cancelled go on; what it had finished is not done again."""
    from bot.cli.acts import runs

    runs.retry(run, from_step)


@app.command()
def skip(
    run: RunId,
    step: Annotated[str | None, typer.Argument(help="Only this step, which failed.")] = None,
    result: Annotated[str | None, typer.Option(help="What it is to answer, as JSON.")] = None,
) -> None:
    """Let a run that waits or has failed, or a failed step of it, count as done."""
    from bot.cli.acts import runs

    runs.skip(run, step, result)


@app.command()
def approve(
    run: RunId,
    name: Annotated[str | None, typer.Argument(help="What is waited for, if several.")] = None,
    payload: Annotated[str, typer.Option("--with", help="What to tell it, as JSON.")] = "true",
    *,
    ahead: Annotated[bool, typer.Option("--ahead", help="Before it waits for it.")] = False,
) -> None:
    """Tell a run what it waits for, such as an approval."""
    from bot.cli.acts import runs

    runs.approve(run, name, payload, ahead=ahead)


@db_app.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to the schema of this release."""
    from bot.processes import upgrade_database as upgrade

    upgrade()
