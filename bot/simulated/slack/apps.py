"""Apps that are installed in the workspace: their tokens, scopes, bot users and webhooks."""

from dataclasses import dataclass, field

from bot.simulated.slack.channels import Channel
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.workspace import Member, Workspace

SCOPES = (
    *("chat:write", "channels:read", "channels:history", "groups:read", "groups:history"),
    *("channels:join", "reactions:write"),
)
"""What an app that reports, and looks its reports up, asks for (api.slack.com/scopes)."""


@dataclass(eq=False)
class Webhook:
    """An incoming webhook: an address that posts to one channel (api.slack.com/messaging/webhooks).

    The address is the secret.
    """

    app: "App"
    channel: Channel
    id: str
    secret: str
    active: bool = True

    @property
    def path(self) -> str:
        """The path of the address."""
        return f"/services/{self.app.workspace.id}/{self.id}/{self.secret}"

    @property
    def url(self) -> str:
        """The whole address, at the address that the workspace is served at."""
        return f"{self.app.workspace.address}{self.path}"


@dataclass(eq=False)
class App:
    """An app with a bot user, whose token it shows."""

    workspace: Workspace
    member: Member
    token: str
    scopes: tuple[str, ...]
    installed: bool = True
    revoked: set[str] = field(default_factory=set)
    webhooks: list[Webhook] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<App {self.name}>"

    @property
    def name(self) -> str:
        """What the app is called."""
        return self.member.name

    def join(self, *channels: Channel) -> None:
        """Enter channels, as if somebody had invited the app."""
        for channel in channels:
            channel.invite(self.member)

    def webhook(self, channel: Channel) -> Webhook:
        """Add an incoming webhook for a channel."""
        number = self.workspace.new_id("B")
        webhook = Webhook(self, channel, number, f"s3cr3t{number}")
        self.webhooks.append(webhook)
        return webhook

    def revoke_token(self) -> None:
        """End the token; the app stays, and `new_token` gives it another."""
        self.revoked.add(self.token)

    def new_token(self) -> str:
        """Give the app another token."""
        self.token = new_token(self.workspace)
        return self.token

    def uninstall(self) -> None:
        """Take the app out of the workspace, with its tokens and webhooks."""
        self.installed = False

    def check(self, scope: str) -> None:
        """Refuse what the app has no scope for (api.slack.com/methods/chat.postMessage#errors)."""
        if scope not in self.scopes:
            provided = ",".join(self.scopes)
            raise SlackRefused("missing_scope", needed=scope, provided=provided)


def new_token(workspace: Workspace) -> str:
    """Return a bot token that nobody else has."""
    return f"xoxb-{workspace.new_id('')}-{workspace.new_id('')}-simulated"


def app_of(apps: list[App], token: str) -> App:
    """Return whose token it is; refused for none, an unknown one, and one that was ended."""
    if not token:
        raise SlackRefused("not_authed")
    for app in apps:
        if token in app.revoked:
            raise SlackRefused("token_revoked")
        if token == app.token:
            if not app.installed:
                raise SlackRefused("account_inactive")
            return app
    raise SlackRefused("invalid_auth")
