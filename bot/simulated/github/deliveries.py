"""Webhook deliveries: their queue, their log, and the mischief that may befall them."""

import asyncio
import hashlib
import hmac
import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from bot.simulated.github.apps import App, Installation
from bot.simulated.github.platform import Platform

TIMEOUT = timedelta(seconds=10)
REDELIVERABLE_FOR = timedelta(days=3)


@dataclass(frozen=True)
class Parcel:
    """One event for one App: a GUID and a body that never change, however often it is sent."""

    guid: str
    app: App
    url: str
    event: str
    action: str | None
    installation: Installation | None
    repository_id: int | None
    body: bytes
    target_type: str = "integration"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that GitHub sends with the body."""
        secret = self.app.webhook_secret.encode()
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/51ed0f9",
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": str(self.app.hook_id),
            "X-GitHub-Hook-Installation-Target-ID": str(self.app.id),
            "X-GitHub-Hook-Installation-Target-Type": self.target_type,
        }
        if secret:
            for name, digest in (("", hashlib.sha1), ("-256", hashlib.sha256)):
                signature = hmac.new(secret, self.body, digest).hexdigest()
                kind = "sha256" if name else "sha1"
                headers[f"X-Hub-Signature{name}"] = f"{kind}={signature}"
        return headers


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver a parcel, as the delivery log keeps it."""

    id: int
    parcel: Parcel
    delivered_at: datetime
    duration: float
    redelivery: bool
    status: str
    status_code: int
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the App answered 2xx in time."""
        return 200 <= self.status_code < 300


@dataclass
class Mischief:
    """What goes wrong on the way to the Apps; nothing, unless a test asks for it."""

    paused: bool = False
    lose: int = 0
    lose_answers: int = 0
    duplicate: int = 0
    duplicate_all: bool = False
    shuffled_by: random.Random | None = None

    def duplicates(self) -> bool:
        """Say whether the next parcel is to be sent twice, and count it."""
        if self.duplicate_all:
            return True
        self.duplicate -= (due := self.duplicate > 0)
        return due


class DeliveryQueue:
    """Sends parcels one after another and logs each attempt; it never sends one again by itself."""

    def __init__(self, platform: Platform, transport: httpx.AsyncBaseTransport | None) -> None:
        self._platform = platform
        self._transport = transport
        self._waiting: list[tuple[Parcel, bool]] = []
        self._sending = False
        self._worker: asyncio.Task[None] | None = None
        self._due = asyncio.Event()
        self._settled = asyncio.Event()
        self.log: list[Delivery] = []
        self.mischief = Mischief()

    @property
    def waiting(self) -> list[Parcel]:
        """What is not yet sent, in order."""
        return [parcel for parcel, _ in self._waiting]

    def put(self, parcel: Parcel, *, redelivery: bool = False) -> None:
        """Queue a parcel; it is sent in the background."""
        self._waiting.append((parcel, redelivery))
        if not redelivery and self.mischief.duplicates():
            self._waiting.append((parcel, True))
        self.look_again()

    def look_again(self) -> None:
        """Let the worker notice that the queue or the mischief changed."""
        if self._waiting and not self.mischief.paused:
            self._settled.clear()
            self._due.set()
        else:
            self._due.clear()
            if not self._sending:
                self._settled.set()

    def attempts(self, guid: str) -> list[Delivery]:
        """Return every attempt to deliver one event, oldest first."""
        return [delivery for delivery in self.log if delivery.parcel.guid == guid]

    def redeliverable(self, app: App) -> list[Delivery]:
        """Return the attempts of the last three days, newest first: the rest is forgotten."""
        since = self._platform.now() - REDELIVERABLE_FOR
        mine = (each for each in reversed(self.log) if each.parcel.app is app)
        return [delivery for delivery in mine if delivery.delivered_at >= since]

    async def settled(self) -> None:
        """Wait until everything was sent once; what a pause holds back is not waited for.

        Raises RuntimeError if nothing is sending, and the worker's error if it ended with one.
        """
        self.look_again()
        if self._settled.is_set():
            return
        if self._worker is None:
            raise RuntimeError("Deliveries are sent only inside `async with github:`.")
        waiting = asyncio.create_task(self._settled.wait())
        await asyncio.wait({waiting, self._worker}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._worker.done():
            self._worker.result()

    async def start(self) -> None:
        """Begin to send."""
        self._worker = asyncio.create_task(self._work(), name="github-deliveries")

    async def stop(self) -> None:
        """Stop sending; what waits goes on waiting.

        Raises the worker's error, if it ended with one.
        """
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.cancel()
        await asyncio.wait({worker})
        if not worker.cancelled():
            worker.result()

    async def _work(self) -> None:
        async with httpx.AsyncClient(
            transport=self._transport, timeout=TIMEOUT.total_seconds(), trust_env=False
        ) as client:
            while True:
                await self._due.wait()
                if not self._due.is_set():
                    continue  # a pause came between the waking and the look
                parcel, redelivery = self._waiting.pop(self._next())
                self._sending = True
                try:
                    self.log.append(await self._attempt(client, parcel, redelivery=redelivery))
                finally:
                    self._sending = False
                self.look_again()

    def _next(self) -> int:
        shuffled_by = self.mischief.shuffled_by
        return shuffled_by.randrange(len(self._waiting)) if shuffled_by else 0

    async def _attempt(
        self, client: httpx.AsyncClient, parcel: Parcel, *, redelivery: bool
    ) -> Delivery:
        delivered_at = self._platform.now()
        started = time.monotonic()
        answer = await self._send(client, parcel)
        return Delivery(
            id=self._platform.next_id(),
            parcel=parcel,
            delivered_at=delivered_at,
            duration=round(time.monotonic() - started, 3),
            redelivery=redelivery,
            status=answer.status,
            status_code=answer.status_code,
            response_headers=answer.headers,
            response_body=answer.body,
        )

    async def _send(self, client: httpx.AsyncClient, parcel: Parcel) -> "_Answer":
        if self.mischief.lose > 0:
            self.mischief.lose -= 1
            return _Answer("failed to connect to host", 502)
        try:
            async with asyncio.timeout(TIMEOUT.total_seconds()):
                response = await client.post(
                    parcel.url, content=parcel.body, headers=parcel.headers
                )
        except (TimeoutError, httpx.TimeoutException):
            return _Answer("timed out", 504)
        except httpx.HTTPError:
            return _Answer("failed to connect to host", 502)
        if self.mischief.lose_answers > 0:
            self.mischief.lose_answers -= 1
            return _Answer("timed out", 504)
        status = "OK" if response.is_success else f"Invalid HTTP Response: {response.status_code}"
        return _Answer(status, response.status_code, dict(response.headers), response.text)


@dataclass(frozen=True)
class _Answer:
    status: str
    status_code: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
