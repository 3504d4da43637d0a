"""How a page becomes HTML: the templates, what they may call, the headers that keep it harmless."""

from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.simulated.github.pages.markdown import diff_lines, rendered
from bot.simulated.github.pages.pictures import mark, mark_of
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.world import World
from bot.simulated.templates import templates_in

HERE = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'"
_FACES = {
    "+1": "👍",
    "-1": "👎",
    "laugh": "😄",
    "confused": "😕",
    "heart": "❤️",
    "hooray": "🎉",
    "rocket": "🚀",
    "eyes": "👀",
}


class Renderer:
    """Renders the templates of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._templates = templates_in(HERE / "templates")
        self._templates.filters |= {"markdown": rendered, "ago": self._ago, "diff": diff_lines}
        self._templates.globals |= {
            "mark": mark,
            "mark_of": mark_of,
            "faces": _FACES,
            "is_pull": lambda issue: isinstance(issue, PullRequest),
            "people": lambda: world.people,
        }

    def page(
        self, request: Request, template: str, status: int = 200, **facts: Any
    ) -> HTMLResponse:
        """Return a page; forms on it lead back to this site only."""
        facts = {"person": request.cookies.get("person", ""), "live": 0, "refusal": "", **facts}
        html = self._templates.get_template(template).render(facts)
        headers = {"content-security-policy": f"{POLICY}; form-action 'self'"}
        return HTMLResponse(html, status, headers)

    def _ago(self, moment: datetime) -> str:
        seconds = int((self._world.platform.now() - moment).total_seconds())
        for length, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
            if seconds >= length:
                count = seconds // length
                return f"{count} {name}{'s' if count > 1 else ''} ago"
        return "just now"
