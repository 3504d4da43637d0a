"""Terraform's `http` backend: the state of a module, read, locked and written by its runs.

https://developer.hashicorp.com/terraform/language/backend/http
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import Session
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.store.database import Database
from bot.terraform_state import locks, versions
from bot.terraform_state.access import PATH
from bot.terraform_state.locks import Held, Holder, LeaseLost, Wish
from bot.terraform_state.passwords import Bearer, Passwords
from bot.terraform_state.versions import NoState, Put, Written

LARGEST_STATE = 50 * 1024 * 1024
LARGEST_LOCK = 64 * 1024
SMALL_STATE = 32 * 1024
"""To read and compress one keeps the event loop for less than a thread would cost."""

READ_WITHIN = timedelta(seconds=60)

_LOG = structlog.get_logger(__name__)


class _Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class _LockInfo(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    ID: str = Field(min_length=1, max_length=200)


def terraform_state_route(
    database: Database, passwords: Passwords, clock: Callable[[], datetime]
) -> Route:
    """Answer the route `GET/POST/LOCK/UNLOCK/DELETE /terraform/state/{identity}`.

    Whoever asks is a run, by its id and its password for that one state; the password ends with
    the run. A state is written under its lock only, and the last 50 versions are kept.
    """
    keeper = _Keeper(database, passwords, clock)
    methods = ["GET", "POST", "LOCK", "UNLOCK", "DELETE"]
    return Route(f"{PATH}/{{identity}}", keeper.answer, methods=methods)


@dataclass(frozen=True)
class _Keeper:
    database: Database
    passwords: Passwords
    clock: Callable[[], datetime]

    async def answer(self, request: Request) -> Response:
        identity = str(request.path_params["identity"])
        answers = {
            "POST": self._post,
            "LOCK": self._lock,
            "UNLOCK": self._unlock,
            "DELETE": self._delete,
        }
        try:
            bearer = self._bearer(request, identity)
            return await answers.get(request.method, self._get)(request, identity, bearer)
        except _Refused as refused:
            challenge = {"WWW-Authenticate": 'Basic realm="orbits"'}
            headers = challenge if refused.status == 401 else None
            return PlainTextResponse(refused.sentence, refused.status, headers)
        except LeaseLost as lost:
            return PlainTextResponse(str(lost), 403)
        except SQLAlchemyError as error:
            # The error's own text may quote the row, and so the state.
            _LOG.error("state_unreachable", identity=identity, error=type(error).__name__)
            return PlainTextResponse("The database does not answer. Try again.", 503)

    def _bearer(self, request: Request, identity: str) -> Bearer:
        """Answer who asks; whether that run goes on is looked up together with what it wants."""
        user, password = _credentials(request.headers.get("authorization", ""))
        bearer = self.passwords.bearer(user, password, identity)
        if bearer is None:
            raise _Refused(401, "That is no password of a run for this state.")
        return bearer

    async def _get(self, _: Request, identity: str, bearer: Bearer) -> Response:
        state = await versions.newest_for_run(self.database, identity, bearer)
        if state is None:
            return PlainTextResponse("There is no state yet.", 404)
        return Response(state, media_type="application/json")

    async def _post(self, request: Request, identity: str, bearer: Bearer) -> Response:
        length = _length(request)
        small = length is not None and length <= SMALL_STATE
        if not small:
            # No more than that is read for a run that goes on no more.
            await self.database.read(partial(locks.demand_that_it_goes_on, bearer=bearer))
        text = await _body_of(request, SMALL_STATE if small else LARGEST_STATE)
        md5 = request.headers.get("content-md5")
        read = partial(versions.written, text, md5)
        try:
            state = read() if small else await asyncio.to_thread(read)
        except NoState as error:
            raise _Refused(400, str(error)) from None
        return await self._put(request, identity, bearer, state)

    async def _delete(self, request: Request, identity: str, bearer: Bearer) -> Response:
        return await self._put(request, identity, bearer, versions.DELETED)

    async def _put(
        self, request: Request, identity: str, bearer: Bearer, state: Written
    ) -> Response:
        held = Held(identity, request.query_params.get("ID", ""), bearer)
        put = Put(held, state, self.clock())
        if await self.database.write_together(versions.put_under_lock, put):
            return Response()
        holder = await self.database.read(partial(_other_holder, held=held))
        if holder is not None:
            return _locked_by(holder)
        raise _Refused(409, f"The run {bearer.run_id} has not locked this state. Lock it.")

    async def _lock(self, request: Request, identity: str, bearer: Bearer) -> Response:
        info = await _body_of(request, LARGEST_LOCK)
        wish = Wish(identity, _lock_id(info), info.decode(), bearer, self.clock())
        try:
            if await self.database.write_together(locks.take_free, wish):
                return Response()
            held = await self.database.write(partial(_take, wish))
        except IntegrityError:
            # Another process took it at the same moment.
            held = await self.database.write(partial(_take, wish))
        return Response() if held is None else _locked_by(held)

    async def _unlock(self, request: Request, identity: str, bearer: Bearer) -> Response:
        # `terraform force-unlock` names no lock in a body.
        info = await _body_of(request, LARGEST_LOCK)
        lock_id = _lock_id(info) if info else None
        if lock_id is not None:
            own = Held(identity, lock_id, bearer)
            if await self.database.write_together(locks.release_own, own):
                return Response()

        def release(session: Session) -> Holder | None:
            locks.demand_that_it_goes_on(session, bearer)
            return locks.release(session, identity, lock_id, bearer)

        held = await self.database.write(release)
        return Response() if held is None else _locked_by(held)


def _take(wish: Wish, session: Session) -> Holder | None:
    locks.demand_that_it_goes_on(session, wish.bearer)
    return locks.take(session, wish)


def _other_holder(session: Session, held: Held) -> Holder | None:
    locks.demand_that_it_goes_on(session, held.bearer)
    return locks.holder(session, held.identity)


def _locked_by(holder: Holder) -> Response:
    """Name the holder where Terraform prints it: it shows the `ID` of the answer, no more."""
    named = {"ID": str(holder), "Who": str(holder), "Created": holder.since.isoformat()}
    return JSONResponse(named, 423)


def _lock_id(info: bytes) -> str:
    try:
        return _LockInfo.model_validate_json(info).ID
    except ValidationError:
        raise _Refused(400, "The lock has no ID.") from None


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    user, colon, password = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _Refused(401, "This state is for runs of the bot, which have a password for it.")
    return user, password


async def _body_of(request: Request, largest: int) -> bytes:
    """Read the body, but never more than is allowed, whatever Content-Length says."""
    too_large = _Refused(413, f"That is larger than {largest:,} bytes.")
    if (_length(request) or 0) > largest:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN.total_seconds()):
            async for chunk in request.stream():
                body += chunk
                if len(body) > largest:
                    raise too_large
    except TimeoutError:
        raise _Refused(408, "The body did not arrive in time.") from None
    except ClientDisconnect:
        raise _Refused(400, "The body did not arrive whole.") from None
    return bytes(body)


def _length(request: Request) -> int | None:
    """Answer how long the body is said to be; whatever has 13 digits or more is too long."""
    length = request.headers.get("content-length", "")
    return int(length[:13]) if length.isdecimal() else None
