"""How a page becomes HTML: the templates, what they may call, the headers that keep it harmless."""

from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.responses import HTMLResponse

from bot.simulated.slack.messages import Json
from bot.simulated.slack.pages.emoji import face
from bot.simulated.slack.pages.mrkdwn import mrkdwn, plain
from bot.simulated.slack.workspace import Member
from bot.simulated.slack.world import World
from bot.simulated.templates import templates_in

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' https:; base-uri 'none'; "
    "form-action 'none'"
)
_COLOURS = 8


class Renderer:
    """Renders the templates of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._templates = templates_in(HERE / "templates")
        self._templates.filters |= {
            "colour": _colour,
            "day": lambda moment: f"{moment:%A, %B} {moment.day}",
            "face": face,
            "mrkdwn": self._mrkdwn,
            "time": lambda moment: f"{moment.hour % 12 or 12}:{moment:%M %p}",
            "words": self._words,
        }
        self._templates.globals |= {"world": world}

    def page(self, template: str, status: int = 200, **facts: Any) -> HTMLResponse:
        """Return a page."""
        html = self._templates.get_template(template).render({"live": 0, **facts})
        return HTMLResponse(html, status, {"content-security-policy": POLICY})

    def _words(self, words: Json) -> Markup:
        """Return a text object of Block Kit."""
        if words["type"] == "plain_text":
            return plain(words["text"])
        return self._mrkdwn(words["text"])

    def _mrkdwn(self, text: str) -> Markup:
        return mrkdwn(text, self._name_of)

    def _name_of(self, identity: str) -> str:
        if member := self._world.workspace.member(identity):
            return member.name
        named = (each.name for each in self._world.channels if each.id == identity)
        return next(named, identity)


def _colour(member: Member) -> str:
    """Return the class that colours the picture of a member."""
    return f"colour-{int(member.id[1:]) % _COLOURS}"
