"""What the README shows is what happens."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pydantic.fields import FieldInfo

import resources.aws
import resources.executors
import resources.library
from bot.commands.verbs import VERBS
from bot.demo.agency import EVENTS, PERMISSIONS
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.policy.watching import DriftPolicy
from bot.rollouts.profiles.fields import Grounds
from bot.rollouts.profiles.reading import read_tenants
from bot.settings import Settings
from resources.executors import Executor
from resources.model.action import Action
from resources.model.resource import Resource
from tests.docs.conftest import Shell
from tests.docs.documents import README, ROOT, Document
from tests.resources.service_repository import ServiceRepository

readme = Document(README)
*shell_blocks, tenants, serve, runs, many_machines = readme.code("bash")
_, shop_block, stacks_block, aws_block = readme.code("python")

DEPLOY_TO_ACME = """
import asyncio, sys
from bot.engine.engine import Engine
from bot.settings import load_fleet
from bot.store.database import Database
from resources.fleet import Desired

async def main(url: str, revision: str) -> None:
    desired = Desired(tenant="acme", revisions={"site": revision})
    async with Database(url) as database, Engine(database) as engine:
        await engine.run(load_fleet("agency_stacks:fleet").stack(desired))

asyncio.run(main(*sys.argv[1:]))
"""

STACK_OF_ACME = """
from bot.settings import load_fleet
from resources.fleet import Desired

fleet = load_fleet("agency_in_aws:agency")
print(*(service.repository for service in fleet.services), *(each.scheme for each in fleet.secrets))
stack = fleet.stack(Desired(tenant="acme", revisions={"auth": "0" * 40}))
(auth,) = stack.services()
print(stack.identity(), auth.account().address, auth.repository)
"""

CLOUD = """
async def request_account(tenant):
    return f"request of {tenant}"

async def account_of(handle):
    return handle.replace("request", "account")

async def set_up(account, key):
    print(account, "set up with", key)
"""

OPEN_SHOP = """
import asyncio, sys
from datetime import timedelta
from bot.engine.clock import SystemClock
from bot.engine.control.control import Control
from bot.engine.engine import Engine
from bot.engine.polling import Polling
from bot.store.database import Database
from resources.secrets import EnvironmentSecrets, Secrets
from shop import Shop
from tests.stories.clock import StoryClock

async def main(url: str) -> None:
    clock, shop = StoryClock(), Shop(tenant="acme", key="env:SHOP_KEY")
    async with Database(url) as database:
        control = Control(database, clock, Polling(database))
        async with Engine(database, clock=clock, given=[Secrets(EnvironmentSecrets())]) as engine:
            run = await engine.submit(shop)
            while not any(wait.kind == "signal" for wait in (await control.status(run)).waits):
                clock.pass_by(timedelta(minutes=1))
                await asyncio.sleep(0.02)
            await control.signal(run, None, "true", "maya")
            print((await engine.outcome(run)).state)

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("code", [*shell_blocks, runs, many_machines])
def test_a_reader_can_type_what_comes_first(code: str, shell: Shell) -> None:
    done = shell.run(code)
    assert done.returncode == 0, done.stderr


def test_the_demo_ends_as_shown_and_comments_as_shown(shell: Shell) -> None:
    told = shell.run("orbits demo --once --home demo")
    assert told.returncode == 0, told.stderr
    (shown,) = readme.code("text")
    second_merge = told.stdout[told.stdout.index(shown.splitlines()[0]) :]
    happened, _, panel = second_merge.partition("╭─")
    assert plain_story(happened) == plain_story(shown)

    lines = [line.strip("│ ") for line in panel.splitlines()[1:]]
    marker, _, comment = "\n".join(lines).partition("╰")[0].partition("\n\n")
    assert marker == "<!-- orbits: the rollout of this pull request -->"
    assert plain(comment).strip() == plain(readme.quote).strip()


def test_the_backend_is_the_one_of_the_example() -> None:
    first = readme.code("python")[0]
    assert first in (ROOT / "resources" / "example" / "services.py").read_text()


def test_the_stacks_that_it_shows_deploy(tmp_path: Path, shell: Shell, database_url: str) -> None:
    site = ServiceRepository(tmp_path / "site")
    sha = site.commit({"deploy/index.html": "<h1>$tenant</h1>\n", "notes.txt": "not deployed"})
    (tmp_path / ".gitconfig").write_text(
        f'[url "{site.path}"]\n\tinsteadOf = https://github.com/your-organisation/site.git\n'
    )
    (tmp_path / "agency_stacks.py").write_text(stacks_block)
    (tmp_path / "deploy_to_acme.py").write_text(DEPLOY_TO_ACME)

    done = shell.run(f"python deploy_to_acme.py {database_url} {sha}", PYTHONPATH=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sites/acme/index.html").read_text() == "<h1>acme</h1>\n"


def test_the_stacks_that_it_shows_can_be_named_in_the_settings(
    tmp_path: Path, shell: Shell
) -> None:
    (tmp_path / "agency_stacks.py").write_text(stacks_block)
    done = shell.run(serve, ORBITS_STACKS="agency_stacks:fleet")
    assert done.returncode == 2
    assert done.stderr == (
        "The settings cannot be used. Nothing was started.\n"
        "- ORBITS_GITHUB_APP_ID is not set.\n"
        "- ORBITS_GITHUB_PRIVATE_KEY is not set.\n"
        "- ORBITS_GITHUB_WEBHOOK_SECRET is not set.\n"
    )


def test_the_stacks_in_aws_that_it_shows_are_a_fleet(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "agency_in_aws.py").write_text(aws_block)
    (tmp_path / "stack_of_acme.py").write_text(STACK_OF_ACME)

    done = shell.run("python stack_of_acme.py", PYTHONPATH=str(tmp_path))

    assert done.returncode == 0, done.stderr
    services, acme = done.stdout.splitlines()
    owner = "your-organisation"
    assert services == f"{owner}/auth {owner}/backend {owner}/frontend aws-secret"
    assert acme == f"stack-acme aws+acme@{owner}.example https://github.com/{owner}/auth.git"


def test_it_lists_what_stacks_are_made_of() -> None:
    rooms = (resources.aws, resources.executors, resources.library)
    there = {name: getattr(room, name) for room in rooms for name in room.__all__}
    parts = (Action, Executor, Resource)
    sources = {name for name, part in there.items() if hasattr(part, "scheme")}
    made_of = {
        name for name, part in there.items() if isinstance(part, type) and issubclass(part, parts)
    }
    listed = [name for names, _ in readme.table("Part") for name in names.split(", ")]
    assert sorted(listed) == sorted((made_of | sources) - {"Executor"})


def test_the_shop_that_it_shows_is_opened_when_somebody_approves(
    tmp_path: Path, shell: Shell, database_url: str
) -> None:
    (tmp_path / "cloud.py").write_text(CLOUD)
    (tmp_path / "shop.py").write_text(shop_block)
    (tmp_path / "open_shop.py").write_text(OPEN_SHOP)

    done = shell.run(
        f"python open_shop.py {database_url}",
        PYTHONPATH=f"{tmp_path}:{ROOT}",
        SHOP_KEY="nobody can guess this one",
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "account of acme set up with nobody can guess this one",
        "succeeded",
    ]


def test_its_tenants_are_added_and_listed(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "agency_stacks.py").write_text(stacks_block)
    done = shell.run(tenants, ORBITS_STACKS="agency_stacks:fleet")
    assert done.returncode == 0, done.stderr
    *said, _, headings, _, acme, globex, _ = done.stdout.splitlines()
    assert said[:2] == [
        "Added the tenant acme; it gets each of its services with that service's next merge.",
        "Added the tenant globex; it gets each of its services with that service's next merge.",
    ]
    assert cells(headings) == ["Tenant", "Ring", "Tags", "Services", "Tracks", "Variables"]
    assert cells(acme) == ["acme", "canary", "retail", "all", "", "region=eu-west-1"]
    assert cells(globex) == ["globex", "all", "", "site", "site=next", "region=eu-central-1"]


def test_its_files_can_be_read() -> None:
    tenants_file, policy_file, drift, alerts = readme.code("toml")
    read_tenants(tenants_file, "tenants.toml", Grounds(lambda: ("site",)))
    policy = read_policy(policy_file)
    assert policy.service("site").approve_above == 50
    assert policy.services["site"].after == ("api",)
    said = read_policy(drift).drift
    assert said.model_copy(update={"repository": None, "labels": (), "ignore": ()}) == DriftPolicy()
    assert said.ignore[0].paths == ("*/files/*.log", "!*/files/audit.log")
    (route,) = read_policy(alerts).alerts
    assert (route.to, route.mention) == ("slack:#oncall", "here")


def test_it_lists_every_command_with_its_least_role() -> None:
    rows = [*readme.table("Comment"), *readme.table("On the issue")]
    listed = {line: role for line, _, role in rows}
    assert listed == {verb.usage: str(verb.role) for verb in VERBS.values()}


def test_it_names_every_setting_with_its_default() -> None:
    shown = {name: default for name, default, _ in readme.table("Setting")}
    fields = Settings.model_fields
    assert shown == {
        str(field.validation_alias or f"ORBITS_{name.upper()}"): (
            "required" if is_needed(name, field) else default_of(field.default)
        )
        for name, field in fields.items()
    }


def test_the_app_of_the_demo_may_do_what_it_asks_for() -> None:
    assert {name: level for name, level, _ in readme.table("Permission")} == PERMISSIONS


def test_the_app_of_the_demo_hears_what_it_asks_for() -> None:
    assert tuple(name for name, _ in readme.table("Event")) == EVENTS


def test_the_picture_is_readable_in_light_and_in_dark() -> None:
    text = (ROOT / ".github" / "flow.svg").read_text()
    picture = ET.fromstring(text)  # noqa: S314 (our own file)
    assert picture.find("{http://www.w3.org/2000/svg}title") is not None
    assert "@media (prefers-color-scheme: dark)" in text


def cells(line: str) -> list[str]:
    """Answer what stands in the columns of a table on the terminal."""
    return [cell.strip() for cell in line.strip("┃│").replace("┃", "│").split("│")]


def is_needed(name: str, field: FieldInfo) -> bool:
    """Answer whether it must be set: the App's two may be left out beside a token."""
    return field.is_required() or name in {"github_app_id", "github_private_key"}


def default_of(value: object) -> str:
    """Answer how the table writes a default."""
    return "no limit" if value in (None, {}) else str(value).rstrip("/")


def plain_story(text: str) -> list[str]:
    """Answer the lines, the tenants in an order of their own: they end as they please."""
    lines = [line.rstrip() for line in plain(text).strip().splitlines()]
    tenants = sorted(line for line in lines if line.startswith(("  ✔", "  ✘")))
    return [tenants.pop(0) if line.startswith(("  ✔", "  ✘")) else line for line in lines]


def plain(text: str) -> str:
    """Take out what differs each time: commits, durations, runs, ports and folders."""
    text = re.sub(r"\b[0-9a-f]{8}\b", "RUN", text)
    text = re.sub(r"\b[0-9a-f]{7}\b", "COMMIT", text)
    text = re.sub(r"\b[\d.]+s\b", "SECONDS", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    return re.sub(r"/\S+/accounts/", "HOME/accounts/", text)
