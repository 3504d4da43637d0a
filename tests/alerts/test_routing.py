"""Who hears of what."""

from bot.alerts.routing import Address, Matter, Reachable, addresses
from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.policy.watching import Route, Subject
from resources.model.resource import Severity

ACME = TenantFacts("acme", ring="production")
CANARY = TenantFacts("globex", ring="canary")
DEPLOYS = Address("slack", "deploys")
EVERYWHERE = Reachable(frozenset({"slack", "webhook", "mail"}), (DEPLOYS,))
ROUTES = """
[[alerts]]
to = "slack:#oncall"
tenants = "ring:production"
severity = "critical"
about = ["rollout", "drift"]
mention = "here"

[[alerts]]
to = "mail:ops@agency.example"
about = ["bot"]

[[alerts]]
to = "webhook"
severity = "warning"
"""


def routes(text: str = ROUTES) -> tuple[Route, ...]:
    return read_policy(text).alerts


def test_without_routes_the_channel_of_the_settings_hears_of_everything() -> None:
    for about in Subject:
        matter = Matter(about, Severity.NOTICE, (ACME,))
        assert addresses(matter, (), EVERYWHERE) == (DEPLOYS,)


def test_a_failure_in_production_calls_somebody() -> None:
    matter = Matter(Subject.ROLLOUT, Severity.CRITICAL, (CANARY, ACME))
    assert addresses(matter, routes(), EVERYWHERE) == (
        DEPLOYS,
        Address("slack", "oncall", "here"),
        Address("webhook", "main"),
    )


def test_one_elsewhere_does_not() -> None:
    matter = Matter(Subject.ROLLOUT, Severity.CRITICAL, (CANARY,))
    assert addresses(matter, routes(), EVERYWHERE) == (DEPLOYS, Address("webhook", "main"))


def test_what_is_not_as_bad_goes_to_fewer() -> None:
    matter = Matter(Subject.DRIFT, Severity.NOTICE, (ACME,))
    assert addresses(matter, routes(), EVERYWHERE) == (DEPLOYS,)


def test_the_bot_itself_is_of_no_tenant() -> None:
    matter = Matter(Subject.BOT, Severity.CRITICAL)
    assert addresses(matter, routes(), EVERYWHERE) == (
        DEPLOYS,
        Address("mail", "ops@agency.example"),
        Address("webhook", "main"),
    )


def test_two_routes_to_one_channel_are_one_message_that_calls_somebody() -> None:
    text = (
        '[[alerts]]\nto = "slack:deploys"\n[[alerts]]\nto = "slack:#deploys"\nmention = "U024BE7LH"'
    )
    matter = Matter(Subject.ROLLOUT, Severity.CRITICAL, (ACME,))
    found = addresses(matter, routes(text), EVERYWHERE)
    assert found == (Address("slack", "deploys", "U024BE7LH"),)


def test_nobody_is_called_for_what_is_not_critical() -> None:
    text = '[[alerts]]\nto = "slack:deploys"\nmention = "here"'
    matter = Matter(Subject.DRIFT, Severity.WARNING, (ACME,))
    assert addresses(matter, routes(text), EVERYWHERE) == (DEPLOYS,)


def test_a_route_to_what_is_not_set_up_leads_nowhere() -> None:
    matter = Matter(Subject.BOT, Severity.CRITICAL)
    assert addresses(matter, routes(), Reachable()) == ()
