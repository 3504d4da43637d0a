"""A client leaves: an operator uninstalls it on the command line, and the bot carries that out."""

import asyncio
import os
import pty
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from sqlmodel import col, select

from bot.rollouts.rows.left import recorded_of
from bot.states import State
from bot.store.tables import Hold, Run, Watch
from tests.stories.drifting import looks
from tests.stories.world import World

RUN = re.compile(r"(?<=run |tus |ogs |try )[0-9a-f]{8,24}\b")
SHOWN = """\
Deployed for hooli, as stack-hooli: auth {auth}.
All that is removed, as `define_uninstall` of MyStack says. Then nothing is recorded as deployed \
for hooli, nobody looks for its drift, and its services are held: no merge reaches it until \
somebody comments `/orbits deploy hooli` or `/orbits unhold hooli`.
"""
ASKED = """\
hooli is uninstalled by run 7f3c, as soon as the bot works and its turn has come: `orbits status \
7f3c` and `orbits logs 7f3c --follow` tell more.
"""
UNINSTALLED = (
    "Uninstalled hooli: nothing is deployed for it any more. `orbits tenants remove hooli` "
    "forgets it.\n"
)


async def types(world: World, *words: str, answering: str = "") -> str:
    """Let maya type a command on the bot's machine that does what she wants; answer its words.

    She sits at a terminal where she has an answer to what it asks.
    """
    status, said, complained = await _typed(world, words, answering)
    assert (status, complained) == (0, "")
    return said


async def is_refused(world: World, *words: str, answering: str = "") -> str:
    """Let maya type a command that does not do what she wants; answer why."""
    status, _, complained = await _typed(world, words, answering)
    assert status == 2
    return complained


async def _typed(
    world: World, words: tuple[str, ...], answering: str
) -> tuple[int | None, str, str]:
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "LOGNAME": "maya",
        "COLUMNS": "120",
        "ORBITS_DATABASE_URL": world.agency.settings().database_url,
        "ORBITS_STACKS": "resources.example:stacks",
    }
    orbits = Path(sys.executable).with_name("orbits")
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answering.encode())
        stdin = theirs if answering else DEVNULL
        process = await asyncio.create_subprocess_exec(
            orbits, "tenants", *words, stdin=stdin, stdout=PIPE, stderr=PIPE, env=environment
        )
        said, complained = await process.communicate()
    finally:
        os.close(ours)
        os.close(theirs)
    return process.returncode, RUN.sub("7f3c", said.decode()), RUN.sub("7f3c", complained.decode())


async def has_auth(world: World) -> str:
    """Let hooli be a client who uses the sign-in alone, and have it; answer the commit."""
    await world.takes_on("hooli", "auth")
    merge = await world.merges({"deploy/auth.conf": "sessions = 8\n"}, to=world.auth)
    await world.settles()
    return merge.sha


def held(world: World, tenant: str) -> dict[str, str]:
    """Answer why services of a tenant are held, and by whom."""
    chosen = select(Hold).where(Hold.tenant == tenant)
    rows = world.stored(lambda session: session.exec(chosen).all())
    return {row.service: f"{row.reason} by {row.placed_by}" for row in rows}


async def tried_again(world: World) -> Run:
    """Let maya retry the uninstall that failed, and answer its run."""
    root = select(Run).where(Run.command == "uninstall", Run.id == Run.root_id)
    chosen = root.where(col(Run.identity).startswith("deployment-"))
    run_id = world.stored(lambda session: session.exec(chosen).one()).id
    await world.process.control().retry(run_id, "maya")
    await world.settles()
    return world.stored(lambda session: session.get_one(Run, run_id))


async def test_a_tenant_is_uninstalled_by_who_types_its_name(world: World) -> None:
    sha = await has_auth(world)
    await looks(world)
    assert world.files("hooli", "auth")

    told = await types(world, "uninstall", "hooli", "--wait", answering="hooli\n")

    shown = SHOWN.format(auth=sha[:7])
    assert told == f"{shown}To uninstall hooli, type its name: {ASKED}{UNINSTALLED}"
    assert world.files("hooli", "auth") == {}
    assert "hooli" not in world.revisions("auth")
    assert held(world, "hooli") == {"auth": "uninstalled by maya"}
    assert world.stored(lambda session: session.get(Watch, "hooli")) is None
    assert world.stored(lambda session: recorded_of(session, "hooli")) == []
    assert "auth held by maya: uninstalled" in await types(world, "list")
    assert await types(world, "remove", "hooli") == "Forgot the tenant hooli.\n"


async def test_who_is_uninstalled_is_reached_only_on_purpose(world: World) -> None:
    await has_auth(world)
    await types(world, "uninstall", "hooli", "--yes", "hooli", "--wait")

    merge = await world.merges({"deploy/auth.conf": "sessions = 9\n"}, to=world.auth)
    await world.settles()
    assert sorted(world.revisions("auth")) == ["acme", "globex"]
    assert "held by maya: uninstalled" in world.sticky_comment(merge.pull)

    await world.types(merge.pull, "/orbits deploy hooli")

    assert world.revisions("auth")["hooli"] == merge.sha
    assert world.files("hooli", "auth")["auth.conf"] == b"sessions = 9\n"
    assert held(world, "hooli") == {}


async def test_an_older_merge_is_not_rolled_back_for_who_is_uninstalled(world: World) -> None:
    await has_auth(world)
    merge = await world.merges({"deploy/auth.conf": "sessions = 9\n"}, to=world.auth)
    await world.settles()
    await types(world, "uninstall", "hooli", "--yes", "hooli", "--wait")

    await world.types(merge.pull, "/orbits rollback hooli")

    assert "has no `auth` any more" in world.answers(merge.pull)[-1]
    assert "hooli" not in world.revisions("auth")


async def test_what_cannot_be_uninstalled_stays_recorded_until_it_can(world: World) -> None:
    merge = await world.merges({"deploy/backend.conf": "workers = 8\n"})
    await world.settles()

    told = await is_refused(world, "uninstall", "acme", "--yes", "acme", "--wait")

    assert "acme is not uninstalled. The step `account-uninstall` of stack-acme failed" in told
    assert told.endswith(
        "What is deployed for it stays recorded; no merge reaches it meanwhile, and nobody looks "
        "for its drift. Mend the cause, then type `orbits retry 7f3c`: finished steps are not run "
        "again. To keep acme instead, comment `/orbits unhold acme`, and type `orbits drift resume "
        "acme`.\n"
    )
    assert world.revisions("backend")["acme"] == merge.sha
    assert set(held(world, "acme").values()) == {"being uninstalled by maya"}

    shutil.rmtree(world.agency.home / "accounts" / "acme" / "backend")
    again = await tried_again(world)
    assert again.state is State.SUCCEEDED, again.failure
    assert sorted(world.revisions("backend")) == ["globex"]
    assert set(held(world, "acme").values()) == {"uninstalled by maya"}


async def test_who_is_kept_after_all_is_not_uninstalled_by_a_retry(world: World) -> None:
    merge = await world.merges({"deploy/backend.conf": "workers = 8\n"})
    await world.settles()
    await is_refused(world, "uninstall", "acme", "--yes", "acme", "--wait")

    await world.types(merge.pull, "/orbits unhold acme")
    shutil.rmtree(world.agency.home / "accounts" / "acme" / "backend")
    again = await tried_again(world)

    assert (again.state, "acme was let go" in (again.failure or "")) == (State.FAILED, True)
    assert world.revisions("backend")["acme"] == merge.sha


async def test_nobody_is_uninstalled_unawares(world: World) -> None:
    sha = await has_auth(world)

    assert await is_refused(world, "uninstall", "hooli") == (
        "Nobody can be asked here: to uninstall hooli, type the same with `--yes hooli`. "
        "Nothing was started.\n"
    )
    assert await is_refused(world, "uninstall", "hooli", "--yes", "holi") == (
        "`--yes` names `holi`, and not `hooli`. Nothing was started.\n"
    )
    assert await is_refused(world, "uninstall", "hooli", answering="yes\n") == (
        "That is not `hooli`. Nothing was started.\n"
    )
    assert await is_refused(world, "uninstall", "acne", "--yes", "acne") == (
        "No tenant is called `acne`. Did you mean `acme`? There are: `acme`, `globex` and "
        "`hooli`. Nothing was started.\n"
    )
    assert world.revisions("auth")["hooli"] == sha


async def test_an_uninstall_waits_for_the_bot_and_is_asked_for_once(world: World) -> None:
    sha = await has_auth(world)
    await world.stop()

    told = await types(world, "uninstall", "hooli", "--yes", "hooli")

    assert told == SHOWN.format(auth=sha[:7]) + ASKED
    assert await is_refused(world, "uninstall", "hooli", "--yes", "hooli") == (
        "`hooli` is being uninstalled already: `orbits status 7f3c` tells how far that has come. "
        "Nothing was started.\n"
    )
    assert await is_refused(world, "remove", "hooli", "--leave-deployed") == (
        "`hooli` cannot be forgotten now: it is being uninstalled (run 7f3c). To forget it all the "
        "same, type `orbits tenants remove hooli --leave-deployed --force`. Nothing was removed.\n"
    )
    await world.start()
    await world.settles()
    assert "hooli" not in world.revisions("auth")
    assert await is_refused(world, "uninstall", "hooli", "--yes", "hooli") == (
        "Nothing is recorded as deployed for `hooli`, so there is nothing to uninstall. `orbits "
        "tenants remove hooli` forgets it. Nothing was started.\n"
    )


async def test_who_is_forgotten_and_comes_again_is_told_of_what_is_left(world: World) -> None:
    sha = await has_auth(world)

    assert await is_refused(world, "remove", "hooli") == (
        f"`hooli` cannot be forgotten now: it has auth {sha[:7]} deployed. Type `orbits tenants "
        "uninstall hooli` first, or `orbits tenants remove hooli --leave-deployed` to forget it "
        "and leave behind what is deployed. Nothing was removed.\n"
    )
    left = "`auth-hooli`, `files-auth-hooli` and `stack-hooli`"
    assert await types(world, "remove", "hooli", "--leave-deployed") == (
        "Forgot the tenant hooli.\n"
        f"Left behind as it is, for nobody uninstalled it: auth {sha[:7]}.\n"
        f"Still recorded, and taken over by the next tenant hooli: {left}.\n"
    )
    assert await types(world, "add", "hooli", "--service", "auth") == (
        "Added the tenant hooli; it gets each of its services with that service's next merge.\n"
        f"What is recorded of an earlier tenant of that name is taken over: {left}.\n"
    )
