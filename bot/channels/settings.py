"""What the operator sets of channels, checked one by one and together."""

from collections.abc import Callable, Iterator
from typing import Annotated, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.channels.addresses import Addresses
from bot.channels.mail_server import MailServer
from bot.channels.slack_address import API_URL

T = TypeVar("T", str, SecretStr)

SHORTEST_SECRET = 16
_HERE = {"localhost", "127.0.0.1", "::1"}
_PORTS = {"smtp": 587, "smtps": 465}
_NO_SERVER = (
    "is no mail server, such as smtps://user@mail.agency.example or smtp://user@host:587; its "
    "password is ORBITS_MAIL_PASSWORD"
)


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _set(check: Callable[[T], T]) -> AfterValidator:
    """Check what is set; what is not is empty."""
    return AfterValidator(lambda value: check(value) if value else value)


def _https(text: str) -> str:
    parts = _split(text)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is no address, such as https://alerts.agency.example/orbits")
    if parts.scheme == "http" and parts.hostname not in _HERE:
        raise ValueError("is not encrypted: it begins with http://. Set it to one with https://")
    return text


def _secret_https(secret: SecretStr) -> SecretStr:
    _https(secret.get_secret_value())
    return secret


def _token(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith("xoxb-"):
        raise ValueError("is no bot token of Slack: it does not begin with xoxb-")
    return secret


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(
            f"is shorter than {SHORTEST_SECRET} characters, so that it could be guessed; set a "
            "longer one here and in the receiver"
        )
    return secret


def _channel(text: str) -> str:
    name = text.removeprefix("#")
    if not name or len(name) > 80 or not all(each.isalnum() or each in "-_" for each in name):
        raise ValueError("is no channel of Slack, such as #deploys, or its id")
    return name


def _mail(text: str) -> str:
    name, at, host = text.partition("@")
    if not (name and at and host) or set(text) & set(' \t\r\n<>,;:"@') - {"@"} or "@" in host:
        raise ValueError("is no mail address, such as ops@agency.example")
    return text


def _server(text: str) -> str:
    parts = _split(text)
    if parts is None or parts.scheme not in _PORTS or not parts.hostname or parts.password:
        raise ValueError(_NO_SERVER)
    return text


class ChannelSettings(BaseSettings):
    """Where alerts go, by the names in the environment; none of it is needed."""

    model_config = SettingsConfigDict(
        env_prefix="ORBITS_", env_ignore_empty=True, hide_input_in_errors=True, extra="ignore"
    )

    slack_bot_token: Annotated[SecretStr, _set(_token)] = SecretStr("")
    slack_channel: Annotated[str, _set(_channel)] = ""
    slack_api_url: Annotated[str, _set(_https)] = API_URL
    slack_webhook_url: Annotated[SecretStr, _set(_secret_https)] = SecretStr("")
    webhook_url: Annotated[SecretStr, _set(_secret_https)] = SecretStr("")
    webhook_secret: Annotated[SecretStr, _set(_long_enough)] = SecretStr("")
    mail_server: Annotated[str, _set(_server)] = ""
    mail_password: SecretStr = SecretStr("")
    mail_from: Annotated[str, _set(_mail)] = ""
    mail_to: Annotated[str, _set(_mail)] = ""

    def channel_misfits(self) -> Iterator[str]:
        """Say what does not fit together, in a sentence each, without its full stop."""
        if self.slack_bot_token and not self.slack_channel:
            yield "ORBITS_SLACK_BOT_TOKEN is set, and ORBITS_SLACK_CHANNEL is not"
        if self.slack_channel and not self.slack_bot_token:
            yield (
                "ORBITS_SLACK_CHANNEL is set, and ORBITS_SLACK_BOT_TOKEN is not: an incoming "
                "webhook has a channel of its own. Set the token, or leave the channel out"
            )
        if self.slack_bot_token and self.slack_webhook_url:
            yield (
                "ORBITS_SLACK_BOT_TOKEN and ORBITS_SLACK_WEBHOOK_URL are both set, so that Slack "
                "would hear everything twice. Keep the token, which can also edit, or the address"
            )
        yield from self._halves("webhook_url", "webhook_secret")
        yield from self._halves("webhook_secret", "webhook_url")
        yield from self._halves("mail_server", "mail_from")
        for part in ("mail_to", "mail_from", "mail_password"):
            yield from self._halves(part, "mail_server")
        user = self.mail_server and urlsplit(self.mail_server).username
        if self.mail_password and self.mail_server and not user:
            yield (
                "ORBITS_MAIL_PASSWORD is set, and ORBITS_MAIL_SERVER names no user, such as "
                "smtps://user@host"
            )

    def _halves(self, one: str, other: str) -> Iterator[str]:
        if getattr(self, one) and not getattr(self, other):
            yield f"ORBITS_{one.upper()} is set, and ORBITS_{other.upper()} is not"

    @property
    def addresses(self) -> Addresses:
        """The channels that there are."""
        return Addresses(
            slack_api_url=f"{self.slack_api_url.rstrip('/')}/",
            slack_token=self.slack_bot_token.get_secret_value(),
            slack_channel=self.slack_channel,
            slack_webhook_url=self.slack_webhook_url.get_secret_value(),
            webhook_url=self.webhook_url.get_secret_value(),
            webhook_secret=self.webhook_secret.get_secret_value(),
            mail_server=self._mail_server(),
            mail_to=self.mail_to,
        )

    def _mail_server(self) -> MailServer | None:
        if not self.mail_server:
            return None
        parts = urlsplit(self.mail_server)
        host, implicit = parts.hostname or "", parts.scheme == "smtps"
        return MailServer(
            host=host,
            port=parts.port or _PORTS[parts.scheme],
            sender=self.mail_from,
            user=parts.username or "",
            password=self.mail_password.get_secret_value(),
            tls=implicit or host not in _HERE,
            implicit=implicit,
        )
