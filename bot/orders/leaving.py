"""A tenant leaves: its stack is uninstalled in its turn, and what follows from that is recorded."""

from datetime import datetime
from functools import partial

from sqlmodel import Session, col, delete, select

from bot.drift import rows, watching
from bot.drift.hand import Hand
from bot.drift.records import Drifts
from bot.drift.wanted import desired_of, is_desired, turn_of
from bot.engine.definitions.kinds import Wanted, kind_of
from bot.engine.identifiers import short
from bot.engine.journal.asking import RunQueue
from bot.report.suggestions import in_code
from bot.rollouts.moves import HeldBy
from bot.rollouts.rows import holds
from bot.rollouts.tenants import demand_known, profile_of
from bot.rollouts.uninstalled import LEAVES, UNINSTALLED
from bot.states import LIVE
from bot.store.tables import Accepted, Deployed, Run, Tenant, Watch
from resources.errors import Refused
from resources.fleet import Desired, Fleet
from resources.model.resource import Resource

COMMAND = "uninstall"
NOTHING_STARTED = "Nothing was started."


class UninstallTenant(Resource):
    """One tenant's stack uninstalled, and no longer recorded as deployed.

    Its identity is that of the tenant's deployments: it takes its turn among them, and takes away
    what the one before it left. Its end is recorded by a step of its own, whoever waits for it.
    """

    tenant: str
    by: str

    def identity(self) -> str:
        """Answer the name that all who change the tenant's stack share."""
        return turn_of(self.tenant)

    async def define_uninstall(self) -> None:
        """Keep everything else away, uninstall what is recorded, and record that it is gone."""
        desired = await self.do("begin", self._begin)
        if desired is None:
            return
        await self._demand_unchanged(desired)
        await self.do("stack", self.given(Fleet).stack(desired), command=COMMAND)
        await self.do("record", self._end)

    async def _begin(self) -> Desired | None:
        return await self.given(Drifts).change(lambda hand: begin(hand, self.tenant, self.by))

    async def _end(self) -> None:
        await self.given(Drifts).change(lambda hand: end(hand, self.tenant, self.by))

    async def _demand_unchanged(self, desired: Desired) -> None:
        """Raise `Refused` where it is tried again, and somebody has taken the tenant back since."""
        drifts = self.given(Drifts)
        if await drifts.database.read(partial(_is_back, desired, drifts.clock.now())):
            raise Refused(
                f"{self.tenant} was let go, or deployed to, since this uninstall began, so it goes "
                f"no further. `orbits tenants uninstall {self.tenant}` begins another one."
            )


def _is_back(desired: Desired, now: datetime, session: Session) -> bool:
    """Answer whether a tenant has something else by now, or is not held any more."""
    if desired_of(session, desired.tenant) is None:
        return False
    held = {hold.service for hold in holds.holds_at(session, now, desired.tenant)}
    return not is_desired(session, desired) or not held.issuperset(desired.revisions)


def to_uninstall(session: Session, tenant: str) -> Desired:
    """Answer what would be uninstalled of a tenant; raises `Refused` where that is nothing.

    So it does where the tenant is being uninstalled already.
    """
    demand_known(session, tenant, NOTHING_STARTED)
    asked = select(Run.id).where(
        col(Run.identity) == turn_of(tenant),
        col(Run.command) == COMMAND,
        col(Run.kind) == kind_of(UninstallTenant),
        col(Run.state).in_(LIVE),
    )
    run = session.exec(asked).first()
    if run is not None:
        raise Refused(
            f"{in_code(tenant)} is being uninstalled already: `orbits status {short(run)}` tells "
            f"how far that has come. {NOTHING_STARTED}"
        )
    desired = desired_of(session, tenant)
    if desired is None:
        raise Refused(
            f"Nothing is recorded as deployed for {in_code(tenant)}, so there is nothing to "
            f"uninstall. `orbits tenants remove {tenant}` forgets it. {NOTHING_STARTED}"
        )
    return desired


def ask(session: Session, now: datetime, queue: RunQueue, shown: Desired, by: str) -> str:
    """Ask for the uninstall of what was shown of a tenant, and answer the run.

    Raises `Refused` where that is not what the tenant has any more.
    """
    tenant = shown.tenant
    if to_uninstall(session, tenant) != shown:
        raise Refused(
            f"Something else is deployed for {in_code(tenant)} meanwhile. {NOTHING_STARTED} Look "
            "at it, and type the same again."
        )
    definition = UninstallTenant(tenant=tenant, by=by)
    wanted = Wanted.of(definition, COMMAND, definition.identity())
    return queue.enqueue(session, wanted, now)


def begin(hand: Hand, tenant: str, by: str) -> Desired | None:
    """Let nothing reach a tenant whose turn to be uninstalled has come; answer what it has.

    Merges are held back and looks for drift are paused, also where the uninstall fails half way:
    neither brings back what is gone. `None` where nothing is left.
    """
    desired = desired_of(hand.session, tenant)
    if desired is None:
        return None
    stay = holds.holds_at(hand.session, hand.now, tenant)
    lasting = {hold.service for hold in stay if hold.until is None}
    _hold(hand, tenant, by, LEAVES, but=lasting)
    watching.pause(hand.session, [tenant], by, None)
    return desired


def end(hand: Hand, tenant: str, by: str) -> None:
    """Record that a tenant has nothing any more, and stays so until somebody deploys to it."""
    session = hand.session
    _hold(hand, tenant, by, UNINSTALLED)
    session.exec(delete(Deployed).where(col(Deployed.tenant) == tenant))
    session.exec(delete(Watch).where(col(Watch.tenant) == tenant))
    session.exec(delete(Accepted).where(col(Accepted.tenant) == tenant))
    rows.forget_tenant(session, tenant, hand.now)


def _hold(hand: Hand, tenant: str, by: str, why: str, but: set[str] | None = None) -> None:
    """Hold every service that a merge could bring, or that is there already."""
    client = hand.session.get(Tenant, tenant)
    if client is None:
        return
    facts = profile_of(client).facts(tenant)
    used = {service.name for service in hand.services if facts.uses(service.name)}
    has = hand.session.exec(select(Deployed.service).where(col(Deployed.tenant) == tenant))
    placed = holds.Placed(HeldBy.HOLD, by, why, hand.now)
    for service in sorted({*used, *has} - (but or set())):
        holds.place(hand.session, tenant, service, None, placed)
