"""Infrastructure as a Terraform module: planned, applied, looked after and destroyed."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import JsonValue

from resources.executors import Executor, LocalExecutor
from resources.executors.local import INHERITED
from resources.library.names import Slug
from resources.library.terraform.command import INIT, Terraform
from resources.library.terraform.consent import not_consented, not_consented_on_the_way_back
from resources.library.terraform.events import Change
from resources.library.terraform.folder import run_folder
from resources.library.terraform.objects import made_since, objects_in
from resources.library.terraform.outputs import Serial, TerraformOutputs, outputs_in, serial_of
from resources.library.terraform.ready_modules import Module, made_ready
from resources.library.terraform.states import TerraformStates
from resources.library.terraform.work import MadePlan, PlanWentStale, Work
from resources.library.way_back import goes
from resources.model.resource import CLOCKS_DIFFER, Difference, Plan, Resource, Severity
from resources.secrets import Secret

ABOUT_TERRAFORM = (
    *("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "SSL_CERT_FILE"),
    *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
)
_NOT_SHOWN = frozenset({"no-op", "noop", "read"})


class TerraformModule(Resource):
    """What a module of Terraform describes, for one tenant, with its state kept by the bot.

        outputs = await self.do("iac-deploy", TerraformModule(
            name="backend-acme", directory=source.path / "deploy", home=home,
            variables={"tenant": "acme", "size": 2}, secrets={"password": "env:ACME_DATABASE"},
        ))
        address = outputs["address"]

    `directory` is one of a source tree; where its modules refer to others beside it, `tree` is
    the folder that has them all. Whatever the module says of a backend, its state is the bot's:
    each version of it is kept. `init` is run once for a module, whichever tenants it is for.

    `secrets` are variables of the module (`TF_VAR_password`), `credentials` those of the
    environment that its providers read. What is applied is what was planned just before. Where
    that would destroy or replace something, it is refused unless `may_destroy` consents to it.
    Going back to an older revision is applying that to the state of today. On that way back, what
    was made since the tenant's stack last succeeded goes without consent: nothing that works has
    used it. What was imported since then does not, as it was there before.

    Outputs that the module calls sensitive are not recorded. `binary` is any program with the
    same commands, of Terraform 1.9 or later; `executor` is one of this machine, which has
    `directory` and `home`. To plan is to run the module's own code, such as its data sources.
    """

    name: Slug
    directory: Path
    home: Path
    tree: Path | None = None
    variables: Mapping[str, JsonValue] = {}
    secrets: Mapping[str, Secret] = {}
    credentials: Mapping[str, Secret] = {}
    binary: str = "terraform"
    executor: Executor = LocalExecutor(
        inherits=(*INHERITED, *ABOUT_TERRAFORM), grace=timedelta(seconds=60)
    )
    may_destroy: bool = False
    ends_within: timedelta = timedelta(hours=1)
    """How long each of Terraform's commands may take."""
    patience: timedelta = timedelta(minutes=10)
    """How long is waited for others who have locked the state."""

    def identity(self) -> str:
        """Answer `terraform-{name}`; its state goes by the same name."""
        return f"terraform-{self.name}"

    async def output(self) -> TerraformOutputs:
        """Answer the module's outputs, but for those that it calls sensitive."""
        return outputs_in(self.identity(), await self._state())

    async def define_update(self) -> None:
        """Plan, and apply that; planned once more where others changed the state in between."""
        async with self._work() as work:
            plan = await work.plan()
            try:
                await self._apply(work, plan)
            except PlanWentStale as stale:
                self.log(f"{stale}\n")
                await self._apply(work, await work.plan())

    async def define_plan(self) -> Plan:
        """Answer what would be created, changed, replaced and destroyed."""
        async with self._work() as work:
            events = (await work.looked()).events
        changes = [change for change in events.changes if change.act not in _NOT_SHOWN]
        return Plan(
            changes=tuple(_planned(change) for change in changes),
            destructive=any(change.destroys for change in changes),
        )

    async def define_cycle(self) -> list[Difference]:
        """Answer which objects are not as they were applied, or not as the module says.

        What was never brought about has no drift; where its state is gone, all of it is missing.
        """
        if await self.recorded(self) is None:
            return []
        async with self._work() as work:
            events = (await work.looked()).events
        drifted = {change.address for change in events.drifted}
        return [_drifted(change) for change in events.drifted] + [
            _not_as_it_says(change)
            for change in events.changes
            if change.act not in _NOT_SHOWN and change.address not in drifted
        ]

    async def define_uninstall(self) -> None:
        """Destroy all that the module made, where `may_destroy` consents to that.

        The versions of the state stay.
        """
        if await self._state() is None:
            return
        async with self._work() as work:
            plan = await work.plan("-destroy")
            if plan.destroyed and not self.may_destroy:
                raise not_consented(self.identity(), plan.destroyed)
            await self._apply(work, plan)

    async def _apply(self, work: Work, plan: MadePlan) -> None:
        if plan.destroyed and not self.may_destroy:
            await self._demand_all_new(plan.destroyed)
        if plan.imported:
            await self.given(TerraformStates).note_imported(self.identity(), plan.imported)
        if plan.pending:
            await work.apply(plan)

    async def _demand_all_new(self, destroyed: list[Change]) -> None:
        """Refuse to lose anything but what is new, and that on the way back only."""
        if not self.goes_back():
            raise not_consented(self.identity(), destroyed)
        success = self.last_success()
        new = await self._made_since(success, destroyed) if success else []
        if rest := [change for change in destroyed if change not in new]:
            raise not_consented_on_the_way_back(self.identity(), rest, success)
        for change in new:
            self.log(goes(change.address))

    async def _made_since(self, success: datetime, destroyed: list[Change]) -> list[Change]:
        identity, states = self.identity(), self.given(TerraformStates)
        then = await states.as_of(identity, success + CLOCKS_DIFFER)
        return made_since(
            destroyed,
            then=objects_in(identity, then),
            now=objects_in(identity, await self._state()),
            imported=await states.imported(identity),
        )

    async def _state(self) -> bytes | None:
        return await self.given(TerraformStates).newest(self.identity())

    async def _serial(self) -> Serial:
        return serial_of(await self._state())

    @asynccontextmanager
    async def _work(self) -> AsyncIterator[Work]:
        """Have a folder of this run's own, which nothing of remains but what must."""
        module = Module(self.directory, self.tree or self.directory)
        states = self.given(TerraformStates)
        access = await states.access(self.identity(), self.run_id)
        environment = {**await self._revealed(self.credentials), **access.variables()}

        async def init(folder: Path, data: Path) -> None:
            given = {**environment, "TF_DATA_DIR": str(data)}
            terraform = self._terraform(folder, given, f"{self.binary} init")
            await terraform.run(*INIT)

        ready = await made_ready(module, self.binary, self.home / "modules", init)
        variables = await self._revealed(self.secrets)
        environment |= {f"TF_VAR_{name}": value for name, value in variables.items()}
        environment["TF_DATA_DIR"] = str(ready.data)
        runs = self.home / "runs" / self.name
        own = json.dumps(dict(self.variables), indent=2)
        async with run_folder(runs, self.run_id, ready, own) as folder:
            terraform = self._terraform(folder.module, environment, f"{self.binary} {ready.name}")
            work = Work(terraform, self._serial, self.patience)
            for errored in folder.errored:
                await work.hand_in(errored)
            yield work

    def _terraform(self, folder: Path, environment: Mapping[str, str], sort: str) -> Terraform:
        return Terraform(
            identity=self.identity(),
            sort=sort,
            binary=self.binary,
            executor=self.executor,
            folder=folder,
            module=self.directory,
            environment=environment,
            timeout=self.ends_within,
            log=self.log,
        )

    async def _revealed(self, secrets: Mapping[str, Secret]) -> dict[str, str]:
        return {name: await self.reveal(secret) for name, secret in secrets.items()}


def _planned(change: Change) -> Difference:
    observed = None if change.act in {"create", "import"} else "there"
    desired = None if change.act in {"delete", "forget"} else _ACTS.get(change.act, change.act)
    severity = Severity.CRITICAL if change.destroys else Severity.WARNING
    why = f", as it {change.reason.replace('_', ' ')}" if desired and change.reason else ""
    return Difference(
        path=f"terraform/{change.address}",
        desired=desired and f"{desired}{why}",
        observed=observed,
        severity=severity,
    )


def _drifted(change: Change) -> Difference:
    gone = change.act == "delete"
    return Difference(
        path=f"terraform/{change.address}",
        desired="as it was applied",
        observed=None if gone else "changed since",
        severity=Severity.CRITICAL if gone else Severity.WARNING,
    )


def _not_as_it_says(change: Change) -> Difference:
    """Answer what a plan would change although nobody has touched it since it was applied.

    It was applied by a revision that is not on record, or its state was lost or emptied.
    """
    found = _planned(change)
    missing = found.observed is None
    return found.model_copy(update={"severity": Severity.CRITICAL}) if missing else found


_ACTS = {
    "create": "created",
    "import": "imported",
    "move": "moved",
    "replace": "replaced",
    "update": "changed in place",
}
