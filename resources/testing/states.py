"""The states of Terraform's modules in a rehearsal, served to a real Terraform on this machine."""

import base64
import hmac
import json
import secrets
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import parse_qs, urlsplit

from resources.library.terraform.states import StateAccess, TerraformStates

_POLL_SECONDS = 0.1
"""How long somebody is waited for before it is looked whether anybody may still come."""


class RehearsedStates(TerraformStates):
    """Keeps each version of a state in memory, and gives them to Terraform on loopback.

        states = RehearsedStates()
        async with Engine(database, given=[states]) as engine:
            await engine.run(TerraformModule(...))

    A rehearsal has one of its own, with its own `clock`; who tries an engine without a bot gives
    it one. Whoever asks for access to a state last has it: older passwords open nothing, and a lock
    goes with its password. It is served from then on, until this is garbage.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        hear: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._states: dict[str, _State] = {}
        self._imported: dict[str, set[str]] = {}
        self._clock = clock
        self._hear = hear
        self._address = ""

    async def access(self, identity: str, run_id: str) -> StateAccess:
        """Answer how that run comes to that state, and nobody else any more."""
        if not self._address:
            self._address = self._served()
        state = self._states.setdefault(identity, _State(self._clock))
        password = state.opened_to(run_id)
        self._hear(password)
        return StateAccess(address=f"{self._address}/{identity}", user=run_id, password=password)

    async def newest(self, identity: str) -> bytes | None:
        """Answer the state as Terraform wrote it last, or `None` where there is none."""
        state = self._states.get(identity)
        return state.newest if state else None

    async def as_of(self, identity: str, moment: datetime) -> bytes | None:
        """Answer the state as it was at that moment, or `None` where there was none."""
        state = self._states.get(identity)
        then = [body for at, body in state.versions if at <= moment] if state else []
        return then[-1] if then else None

    async def note_imported(self, identity: str, addresses: Collection[str]) -> None:
        """Remember which objects are taken into the state that were there before."""
        self._imported.setdefault(identity, set()).update(addresses)

    async def imported(self, identity: str) -> frozenset[str]:
        """Answer the addresses of all objects that were ever taken into the state."""
        return frozenset(self._imported.get(identity, ()))

    def _served(self) -> str:
        server = _Server(self._states)
        Thread(target=server.serve, daemon=True, name="states").start()
        weakref.finalize(self, server.over.set)
        return f"http://127.0.0.1:{server.server_port}"


@dataclass
class _State:
    """All versions of one state, who may come to it, and who has locked it."""

    clock: Callable[[], datetime]
    versions: list[tuple[datetime, bytes]] = field(default_factory=list)
    login: bytes = b""
    held: bytes = b""
    alone: Lock = field(default_factory=Lock)

    @property
    def newest(self) -> bytes | None:
        return self.versions[-1][1] if self.versions else None

    def opened_to(self, user: str) -> str:
        password = secrets.token_urlsafe(18)
        with self.alone:
            self.login = b"Basic " + base64.b64encode(f"{user}:{password}".encode())
            self.held = b""
        return password

    def answered(self, login: bytes, method: str, lock_id: str, body: bytes) -> tuple[int, bytes]:
        """Answer a request with a status and a body, as Terraform's `http` backend wants it.

        https://developer.hashicorp.com/terraform/language/backend/http
        """
        with self.alone:
            if not hmac.compare_digest(login, self.login):
                return 401, b""
            if method == "GET":
                return (404, b"") if self.newest is None else (200, self.newest)
            if method == "LOCK":
                if self.held:
                    return 423, self.held
                self.held = body
            elif method == "UNLOCK":
                self.held = b""
            elif self.held and lock_id != json.loads(self.held).get("ID"):
                return 423, self.held
            else:
                self.versions.append((self.clock(), body))
            return 200, b""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    timeout = _POLL_SECONDS

    def __init__(self, states: dict[str, _State]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.states = states
        self.over = Event()

    def serve(self) -> None:
        """Serve until it is over; whoever ends it waits for nothing, as it may be this thread."""
        with self:
            while not self.over.is_set():
                self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    """One request of Terraform's."""

    server: _Server

    def answer(self) -> None:
        """Answer it from the state that its path names."""
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        login = self.headers.get("Authorization", "").encode()
        lock_id = parse_qs(url.query).get("ID", [""])[0]
        state = self.server.states.get(url.path.removeprefix("/"))
        status, text = 404, b""
        if state is not None:
            status, text = state.answered(login, self.command, lock_id, body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_LOCK = do_UNLOCK = answer  # noqa: N815 (named by http.server)

    def log_message(self, *_: object) -> None:
        """Tell nobody."""
