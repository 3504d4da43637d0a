"""The whole world of one simulated Slack, without its web face: channels, people, apps."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.simulated.slack.apps import SCOPES, App, Webhook, app_of, new_token
from bot.simulated.slack.channels import Channel
from bot.simulated.slack.outages import Outages
from bot.simulated.slack.rate_limits import RateLimits
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.requests_seen import SeenRequest
from bot.simulated.slack.workspace import Member, Workspace


class World:
    """One workspace in memory, time by `clock` (aware); every URL begins with `address`."""

    def __init__(
        self,
        name: str = "Agency",
        *,
        clock: Callable[[], datetime] | None = None,
        address: str = "http://slack.test",
    ) -> None:
        self.workspace = Workspace(name, clock, address)
        self.channels: list[Channel] = []
        self.apps: list[App] = []
        self.requests: list[SeenRequest] = []
        self.outages = Outages()
        self.rate_limits = RateLimits(self.workspace.now)

    @property
    def address(self) -> str:
        """Where browsers find it; the Web API is at `/api/` below."""
        return self.workspace.address

    @address.setter
    def address(self, address: str) -> None:
        self.workspace.address = address.rstrip("/")

    @property
    def api_url(self) -> str:
        """What a client takes as its base URL; on Slack it is `https://slack.com/api/`."""
        return f"{self.address}/api/"

    def channel(self, name: str, *, private: bool = False, topic: str = "") -> Channel:
        """Return the channel of a name, which begins to exist when first asked for."""
        name = name.removeprefix("#")
        for channel in self.channels:
            if channel.name == name:
                return channel
        channel = Channel(self.workspace, self.workspace.new_id("C"), name, private, topic)
        self.channels.append(channel)
        return channel

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with all that is in it."""
        self.channels.remove(channel)

    def person(self, name: str) -> Member:
        """Return the person of a name, who begins to exist when first asked for."""
        for member in self.workspace.members.values():
            if member.name == name and not member.is_bot:
                return member
        return self.workspace.enter(Member(self.workspace.new_id("U"), name))

    def app(self, name: str, scopes: Sequence[str] = SCOPES) -> App:
        """Return the app of a name, which is installed with these scopes when first asked for."""
        for app in self.apps:
            if app.name == name:
                return app
        new_id = self.workspace.new_id
        member = Member(new_id("U"), name, bot_id=new_id("B"), app_id=new_id("A"))
        self.workspace.enter(member)
        app = App(self.workspace, member, new_token(self.workspace), tuple(scopes))
        self.apps.append(app)
        return app

    def app_of(self, token: str) -> App:
        """Return whose token it is; refused with `not_authed`, `invalid_auth` and the like."""
        return app_of(self.apps, token)

    def channel_seen_by(self, app: App, wanted: str, *, by_name: bool = False) -> Channel:
        """Return the channel of an id, or refuse it; only members see private ones.

        `chat.postMessage` alone also takes a name: api.slack.com/methods/chat.postMessage#channels.
        """
        for channel in self.channels:
            named = by_name and wanted.removeprefix("#") == channel.name
            if wanted != channel.id and not named:
                continue
            if channel.private and app.member not in channel.members:
                break
            return channel
        raise SlackRefused("channel_not_found")

    def webhook(self, path: str) -> Webhook:
        """Return the webhook of an address; refused with 403 or 404 if there is none.

        The words: api.slack.com/messaging/webhooks#handling_errors.
        """
        team, _, rest = path.removeprefix("/services/").partition("/")
        webhook_id, _, secret = rest.partition("/")
        if team != self.workspace.id:
            raise SlackRefused("no_team", status=404)
        found = (each for app in self.apps if app.installed for each in app.webhooks)
        webhook = next((each for each in found if each.id == webhook_id), None)
        if webhook is None or not webhook.active:
            raise SlackRefused("no_service", status=404)
        if webhook.secret != secret:
            raise SlackRefused("invalid_token", status=403)
        if webhook.channel not in self.channels:
            raise SlackRefused("channel_not_found", status=404)
        return webhook

    def calls(self, method: str) -> list[SeenRequest]:
        """Return the calls of one method, oldest first."""
        return [each for each in self.requests if each.method == method]
