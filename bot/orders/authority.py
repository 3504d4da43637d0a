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
from resources.errors import Refused


async def demand_may(desk: Desk, asked: Asked) -> None:
    """Raise `Refused` where the author of a command may not give it.

    While `orbits.toml` cannot be read, nobody knows its rules: then only an admin may change
    anything, so that there is a way back from what broke it.
    """
    pull = await desk.github.pull_request(asked.repository, asked.pull_request)
    policy = await policy_at(desk.github, asked.repository, pull.base.ref)
    verb = asked.command.verb
    least = Role.ADMIN if policy is None and verb.role.reaches(Role.WRITE) else verb.role
    policy = policy or Policy()
    role = await desk.github.role_of(asked.repository, asked.login)
    teams = await _teams(desk.github, policy, asked.login)
    actor = Actor(asked.login, teams, Role(role or Role.NONE))
    answer = allowed(policy, actor, verb.name, await _meant(desk, asked), least)
    if isinstance(answer, NotAllowed):
        unread = f"`{POLICY_FILE}` cannot be read. " if least is not verb.role else ""
        raise Refused(f"{unread}{answer.sentence}")


async def _teams(github: GitHub, policy: Policy, login: str) -> frozenset[str]:
    """Answer which of the teams that the rules name somebody is in."""
    named = {who.team for rule in policy.rules for who in rule.who if who.team is not None}
    return frozenset([team for team in sorted(named) if await github.is_in_team(team, login)])


async def _meant(desk: Desk, asked: Asked) -> list[TenantFacts]:
    """Answer the tenants that a command is about, as far as rules ask for them."""
    everyone = await desk.rollouts.tenants()
    if asked.command.selector.names_tenants:
        names = set(chosen_tenants(asked.command.selector, everyone) or [])
    else:
        names = await desk.rollouts.tenants_of(asked.about) if asked.about else set()
        names = names or await desk.plans.tenants_of(asked.repository, asked.pull_request)
    return [each for each in everyone if each.name in names]
