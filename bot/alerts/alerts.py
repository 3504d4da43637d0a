"""The words of alerts, rendered from rows when they are sent, for each kind of matter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.alerts.bot_alerts import find_mishap
from bot.alerts.drift_alerts import UMBRELLA, find_drift, find_umbrella, find_watch
from bot.alerts.rollout_alerts import find_rollout
from bot.alerts.routing import Reachable
from bot.alerts.told import NOTHING, Found, rendered
from bot.outbox.rendering import Render, Rendered

Find = Callable[[Session, str, str], Found | None]
"""Answers what there is to alert of a name, with links to a host."""

_FINDS: Mapping[str, Find] = {
    "rollout-alert": find_rollout,
    "drift-alert": find_drift,
    UMBRELLA: find_umbrella,
    "watch-alert": find_watch,
    "bot-alert": find_mishap,
}


@dataclass(frozen=True)
class Alerts:
    """Renders what channels are told; `host` is that of GitHub's pages."""

    reachable: Reachable
    host: str = "github.com"

    @property
    def renderers(self) -> dict[str, Render]:
        """What renders which source."""
        return {scheme: partial(self._render, scheme) for scheme in _FINDS}

    def _render(
        self, scheme: str, session: Session, name: str, target: Any, untold: Sequence[str]
    ) -> Rendered:
        del untold
        found = _FINDS[scheme](session, name, self.host)
        if found is None:
            return NOTHING
        source = found.source or f"{scheme}:{name}"
        return rendered(session, source, found, target, self.reachable)
