"""The whole bot for an agency whose tenants are in AWS, and whose services are on GitHub."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.demo.agency import EVENTS, PERMISSIONS, Agency
from bot.engine.engine import wanted_of
from bot.rollouts.tenants import Tenants
from bot.simulated.github import SimulatedGitHub
from bot.store.database import Database
from bot.store.tables import Run, Tenant
from resources.example.on_aws import fleet
from resources.fleet import Desired, Fleet
from tests.engine.engines import enqueued
from tests.resources.aws.agency.agency_on_aws import SERVICES, AgencyOnAws, app_of
from tests.resources.on_github import ADMINISTERS
from tests.stories.clock import StoryClock
from tests.stories.process import Doorstep, Machine
from tests.stories.world import Merge, World, running

STEP = timedelta(seconds=1)
MOMENT = 0.01


@dataclass(frozen=True)
class MergingAgency(Agency):
    """The agency on GitHub; `in_aws` is where its tenants are."""

    in_aws: AgencyOnAws

    @property
    def fleet(self) -> Fleet:
        return self.fleet_of([])

    def fleet_of(self, leaving: Collection[str]) -> Fleet:
        """Answer the fleet, as it is while those leave the agency."""
        sources = {name: str(each.git.directory) for name, each in self.repositories.items()}
        return fleet(self.in_aws.home, self.in_aws.agency, sources, leaving)


async def founded(github: SimulatedGitHub, in_aws: AgencyOnAws) -> MergingAgency:
    """Create the services' repositories, and an App that may administer them."""
    organization, maya = github.organization("agency"), github.user("maya")
    repositories = {}
    for name in SERVICES:
        repository = await organization.create_repository(name, app_of(name, "none"))
        repository.allow(maya, "write")
        repositories[name] = repository
    permissions = {**PERMISSIONS, **ADMINISTERS}
    app = github.register_app("orbits", permissions=permissions, events=EVENTS, owner=organization)
    app.install_on(organization)
    app.webhook_url = "http://orbits.test/webhooks/github"
    return MergingAgency(github, in_aws.home, app, maya, repositories, {}, in_aws)


class WorldOnAws(World):
    """The whole bot, two tenants who have nothing yet, and what becomes of them in AWS."""

    agency: MergingAgency

    def __init__(self, agency: MergingAgency, clock: StoryClock, doorstep: Doorstep) -> None:
        super().__init__(agency, clock, doorstep, {})
        # Time goes by faster here than a process says that it lives.
        settings = {"expiry_seconds": timedelta(days=1).total_seconds()}
        self.machine = Machine(agency, clock, {}, self.machine.hear, settings=settings)

    @property
    def in_aws(self) -> AgencyOnAws:
        return self.agency.in_aws

    async def releases(
        self, services: Sequence[str], greeting: str, migrations: Mapping[str, str]
    ) -> dict[str, Merge]:
        """Let maya merge a change of each service, and wait until all of it is done."""
        merges = {}
        for name in services:
            files = migrations if name == "backend" else {}
            repository = self.agency.repositories[name]
            merges[name] = await self.merges({**app_of(name, greeting), **files}, to=repository)
        await self.settles()
        return merges

    async def uninstalls(self, tenant: str, revisions: Mapping[str, str]) -> Run:
        """Let a worker uninstall the stack of a tenant who leaves, and answer the run."""
        variables = self.in_aws.variables(tenant)
        desired = Desired(tenant=tenant, revisions=revisions, variables=variables)
        wanted = wanted_of(self.agency.fleet_of([tenant]).stack(desired), "uninstall")
        run_id = await enqueued(self.process.parts.database, wanted, self.clock.now())
        await self.settles()
        return self.stored(lambda session: session.get_one(Run, run_id))


@contextlib.asynccontextmanager
async def merging(in_aws: AgencyOnAws, migrated: Path) -> AsyncIterator[WorldOnAws]:
    """Have the bot run, for the tenants who have a database and nothing else."""
    clock, doorstep = StoryClock(), Doorstep()
    in_aws.home.mkdir()
    shutil.copy(migrated, in_aws.home / "orbits.db")
    async with SimulatedGitHub(in_aws.home / "github", clock=clock.now, transport=doorstep) as site:
        world = WorldOnAws(await founded(site, in_aws), clock, doorstep)
        async with Database(world.agency.settings().database_url) as database:
            for name in in_aws.databases:
                tenant = Tenant(name=name, variables=in_aws.variables(name))
                await Tenants(database, clock).add(tenant)
        async with running(world):
            passing = asyncio.create_task(_pass(clock))
            try:
                yield world
            finally:
                passing.cancel()
                await asyncio.wait([passing])


async def _pass(clock: StoryClock) -> None:
    """Let time go by, so that nobody sits through what is waited for at AWS."""
    while True:
        clock.pass_by(STEP)
        await asyncio.sleep(MOMENT)
