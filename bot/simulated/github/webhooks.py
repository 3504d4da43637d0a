"""Addresses what happened to every App that is installed there and listens."""

import json
import random
import uuid
from collections.abc import Iterable

from bot.simulated.github.apps import App, Installation
from bot.simulated.github.deliveries import DeliveryQueue, Parcel
from bot.simulated.github.happenings import Happening
from bot.simulated.github.platform import Platform, node_id
from bot.simulated.github.shapes.accounts import Json, account_json, organization_json
from bot.simulated.github.shapes.repositories import repository_json


class Webhooks:
    """Turns one happening into one parcel for each App concerned."""

    def __init__(self, platform: Platform, apps: dict[str, App], queue: DeliveryQueue) -> None:
        self._platform = platform
        self._apps = apps
        self._queue = queue
        self._random = random.Random(0)  # noqa: S311 - GUIDs that repeat from run to run

    def announce(self, happening: Happening) -> None:
        """Queue what the Apps are to hear of a happening."""
        for app in self._listeners(happening):
            installation = _installation(app, happening)
            if happening.event != "ping" and installation is None:
                continue
            body = self._body(happening, installation)
            self._queue.put(
                Parcel(
                    guid=str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
                    app=app,
                    url=app.webhook_url or "",
                    event=happening.event,
                    action=happening.action,
                    installation=installation,
                    repository_id=happening.repository.id if happening.repository else None,
                    body=json.dumps(body, separators=(",", ":")).encode(),
                )
            )

    def _listeners(self, happening: Happening) -> Iterable[App]:
        for app in self._apps.values():
            addressed = happening.only_for in (None, app.id)
            if addressed and app.webhook_url and app.hears(happening.event):
                yield app

    def _body(self, happening: Happening, installation: Installation | None) -> Json:
        action = {"action": happening.action} if happening.action else {}
        body: Json = {**action, **happening.payload}
        if happening.repository:
            body["repository"] = repository_json(happening.repository)
        if happening.account.kind == "Organization" and happening.event != "installation":
            body["organization"] = organization_json(happening.account, self._platform)
        if happening.event != "ping":
            body["sender"] = account_json(happening.sender, self._platform)
        if installation and "installation" not in body:
            body["installation"] = {
                "id": installation.id,
                "node_id": node_id("Installation", installation.id),
            }
        return body


def _installation(app: App, happening: Happening) -> Installation | None:
    if happening.repository:
        return app.installation_on(happening.repository)
    mine = (each for each in app.installations if each.account is happening.account)
    return next(mine, None)
