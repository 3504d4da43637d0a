"""Who may give a command: by the role on the repository, or by the rules of its `orbits.toml`.

It is asked when a command is carried out, and nothing of the answer is kept.
"""

from bot.github.door import GitHub
from bot.orders.asked import Asked, Desk, chosen_tenants
from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.people import Actor, Role
from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.reading import POLICY_FILE
from bot.rollouts.policy.rules import NotAllowed, allowed
from bot.rollouts.policy_file import policy_at
from bot.rollouts.rows import lookup
from resources.errors import Refused

_ABOUT_ALL = {"deploy", "rollback"}
"""Commands that go to whom any rollout of the pull request has reached."""


async def demand_may(desk: Desk, asked: Asked) -> None:
    """Raise `Refused` where the author of a command may not give it.

    While `orbits.toml` cannot be read, nobody knows its rules: then only an admin may change
    anything, so that there is a way back from what broke it.
    """
    role = Role(await desk.github.role_of(asked.repository, asked.login) or Role.NONE)
    meant = await _meant(desk, asked)
    for policy in await _policies(desk, asked):
        await _demand_allowed(desk, asked, policy, role, meant)


async def _demand_allowed(
    desk: Desk, asked: Asked, policy: Policy | None, role: Role, meant: list[TenantFacts]
) -> None:
    verb = asked.command.verb
    least = Role.ADMIN if policy is None and verb.role.reaches(Role.WRITE) else verb.role
    policy = policy or Policy()
    actor = Actor(asked.login, await _teams(desk.github, policy, asked.login), role)
    answer = allowed(policy, actor, verb.name, meant, least)
    if isinstance(answer, NotAllowed):
        unread = f"`{POLICY_FILE}` cannot be read. " if least is not verb.role else ""
        raise Refused(f"{unread}{answer.sentence}")


async def _policies(desk: Desk, asked: Asked) -> list[Policy | None]:
    """Answer by whose rules a command goes; `None` for an `orbits.toml` that cannot be read.

    On an issue those of the services that come from its repository, else of all that have their
    issues there: each of them must allow it.
    """
    github, here = desk.github, asked.repository.lower()
    if not asked.is_on_issue:
        pull = await github.pull_request(asked.repository, asked.pull_request)
        return [await policy_at(github, asked.repository, pull.base.ref)]
    branches = {each.repository: each.branch for each in reversed(desk.fleet.services)}
    policies = {
        repository: await policy_at(github, repository, branch)
        for repository, branch in branches.items()
        if repository.lower() == here or here not in map(str.lower, branches)
    }
    return [
        policy
        for repository, policy in policies.items()
        if policy is None
        or repository.lower() == here
        or (policy.drift.repository or "").lower() == here
    ] or [Policy()]


async def _teams(github: GitHub, policy: Policy, login: str) -> frozenset[str]:
    """Answer which of the teams that the rules name somebody is in."""
    named = {who.team for rule in policy.rules for who in rule.who if who.team is not None}
    return frozenset([team for team in sorted(named) if await github.is_in_team(team, login)])


async def _meant(desk: Desk, asked: Asked) -> list[TenantFacts]:
    """Answer the tenants that a command is about, as far as rules ask for them."""
    everyone = await desk.rollouts.tenants()
    if asked.command.selector.names_tenants:
        names = set(chosen_tenants(asked.command.selector, everyone) or [])
    elif asked.is_on_issue:
        names = set(asked.tenants)
    else:
        names = await _of_rollouts(desk, asked)
        names = names or await desk.plans.tenants_of(asked.repository, asked.pull_request)
    return [each for each in everyone if each.name in names]


async def _of_rollouts(desk: Desk, asked: Asked) -> set[str]:
    """Answer the tenants of the newest rollout, or of all where a command is about more of them."""
    if asked.command.verb.name not in _ABOUT_ALL:
        return await desk.rollouts.tenants_of(asked.about) if asked.about else set()
    rows = await desk.rollouts.database.read(
        lambda session: lookup.rollouts_of(session, asked.repository, asked.pull_request)
    )
    return {name for row in rows for name in await desk.rollouts.tenants_of(row.id)}
