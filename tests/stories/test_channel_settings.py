"""Where alerts go is set: what cannot be is told, all at once, and no secret is shown."""

import pytest

from bot.settings import Settings, SettingsRefused, read_settings
from tests.stories.test_settings import environment

__all__ = ["environment"]

TOKEN, SECRET = "xoxb-1-2-simulated", "It's a Secret to Everybody"
HOOK = "https://hooks.slack.com/services/T1/B1/s3cr3t"


def problems() -> list[str]:
    """Answer what is said of the environment, one problem to a line."""
    with pytest.raises(SettingsRefused) as refusal:
        read_settings(Settings)
    return [line.removeprefix("- ") for line in str(refusal.value).splitlines()[1:]]


def spoil(environment: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        environment.setenv(f"ORBITS_{name.upper()}", value)


def test_nothing_has_to_be_set(environment: pytest.MonkeyPatch) -> None:
    del environment
    addresses = read_settings(Settings).addresses

    assert (addresses.slack_token, addresses.webhook_url, addresses.mail_server) == ("", "", None)
    assert addresses.slack_api_url == "https://slack.com/api/"


def test_everything_may_be_set(environment: pytest.MonkeyPatch) -> None:
    spoil(
        environment,
        slack_bot_token=TOKEN,
        slack_channel="#deploys",
        slack_api_url="http://127.0.0.1:8082/api",
        webhook_url="https://alerts.agency.example/orbits",
        webhook_secret=SECRET,
        mail_server="smtps://orbits@mail.agency.example",
        mail_password="hunter22",
        mail_from="orbits@agency.example",
        mail_to="ops@agency.example",
    )

    settings = read_settings(Settings)

    addresses, server = settings.addresses, settings.addresses.mail_server
    assert (addresses.slack_token, addresses.slack_channel) == (TOKEN, "deploys")
    assert addresses.slack_api_url == "http://127.0.0.1:8082/api/"
    assert server is not None
    assert (server.host, server.port, server.user) == ("mail.agency.example", 465, "orbits")
    assert (server.tls, server.implicit, server.password) == (True, True, "hunter22")
    for secret in (TOKEN, SECRET, "hunter22"):
        assert secret not in repr(settings) + repr(addresses) + repr(server)


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [("smtp://mail.agency.example", 587, True), ("smtp://localhost:25", 25, False)],
)
def test_mail_is_encrypted_but_on_this_machine(
    environment: pytest.MonkeyPatch, url: str, port: int, tls: bool
) -> None:
    spoil(environment, mail_server=url, mail_from="orbits@agency.example")

    server = read_settings(Settings).addresses.mail_server

    assert server is not None
    assert (server.port, server.tls, server.implicit) == (port, tls, False)


def test_all_that_cannot_be_is_told_at_once(environment: pytest.MonkeyPatch) -> None:
    spoil(
        environment,
        slack_bot_token="hunter22",
        slack_channel="#the deploys",
        slack_webhook_url="http://hooks.slack.com/services/T1/B1/s3cr3t",
        webhook_url="alerts",
        webhook_secret="short",
        mail_server="smtps://orbits:hunter22@mail.agency.example",
        mail_from="nobody",
        mail_to="ops@agency.example, maria@agency.example",
    )

    assert problems() == [
        "ORBITS_SLACK_BOT_TOKEN is no bot token of Slack: it does not begin with xoxb-.",
        "ORBITS_SLACK_CHANNEL is no channel of Slack, such as #deploys, or its id.",
        (
            "ORBITS_SLACK_WEBHOOK_URL is not encrypted: it begins with http://. Set it to one with "
            "https://."
        ),
        "ORBITS_WEBHOOK_URL is no address, such as https://alerts.agency.example/orbits.",
        (
            "ORBITS_WEBHOOK_SECRET is shorter than 16 characters, so that it could be guessed; set "
            "a longer one here and in the receiver."
        ),
        (
            "ORBITS_MAIL_SERVER is no mail server, such as smtps://user@mail.agency.example or "
            "smtp://user@host:587; its password is ORBITS_MAIL_PASSWORD."
        ),
        "ORBITS_MAIL_FROM is no mail address, such as ops@agency.example.",
        "ORBITS_MAIL_TO is no mail address, such as ops@agency.example.",
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"slack_bot_token": TOKEN},
            ["ORBITS_SLACK_BOT_TOKEN is set, and ORBITS_SLACK_CHANNEL is not."],
        ),
        (
            {"slack_channel": "deploys"},
            [
                (
                    "ORBITS_SLACK_CHANNEL is set, and ORBITS_SLACK_BOT_TOKEN is not: an incoming "
                    "webhook has a channel of its own. Set the token, or leave the channel out."
                )
            ],
        ),
        (
            {"slack_bot_token": TOKEN, "slack_channel": "x", "slack_webhook_url": HOOK},
            [
                (
                    "ORBITS_SLACK_BOT_TOKEN and ORBITS_SLACK_WEBHOOK_URL are both set, so that "
                    "Slack would hear everything twice. Keep the token, which can also edit, or "
                    "the address."
                )
            ],
        ),
        (
            {"webhook_url": "https://alerts.agency.example", "mail_to": "ops@agency.example"},
            [
                "ORBITS_WEBHOOK_URL is set, and ORBITS_WEBHOOK_SECRET is not.",
                "ORBITS_MAIL_TO is set, and ORBITS_MAIL_SERVER is not.",
            ],
        ),
        (
            {"webhook_secret": SECRET, "mail_server": "smtps://user@host"},
            [
                "ORBITS_WEBHOOK_SECRET is set, and ORBITS_WEBHOOK_URL is not.",
                "ORBITS_MAIL_SERVER is set, and ORBITS_MAIL_FROM is not.",
            ],
        ),
        (
            {
                "mail_server": "smtps://host",
                "mail_from": "orbits@agency.example",
                "mail_password": "hunter22",
            },
            [
                (
                    "ORBITS_MAIL_PASSWORD is set, and ORBITS_MAIL_SERVER names no user, such as "
                    "smtps://user@host."
                )
            ],
        ),
    ],
)
def test_what_does_not_fit_together_is_told(
    environment: pytest.MonkeyPatch, settings: dict[str, str], expected: list[str]
) -> None:
    spoil(environment, **settings)

    assert problems() == expected
