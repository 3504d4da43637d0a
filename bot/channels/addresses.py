"""Which channels an operator has set up, and how they are reached."""

from dataclasses import dataclass

from bot.channels.mail_server import MailServer
from bot.channels.slack_address import API_URL


@dataclass(frozen=True)
class Addresses:
    """What there is to build doors of; `repr` shows nothing that is secret.

    A `slack_token` comes with a `slack_channel`, and a `webhook_url` with its secret. Mail goes to
    `mail_to`, and to whom routes name.
    """

    slack_api_url: str = API_URL
    slack_token: str = ""
    slack_channel: str = ""
    slack_webhook_url: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    mail_server: MailServer | None = None
    mail_to: str = ""

    def __repr__(self) -> str:
        return "Addresses(...)"
