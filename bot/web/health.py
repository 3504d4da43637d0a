"""What a load balancer and an operator ask: is the process up, and can it do its work."""

from collections.abc import Callable, Mapping

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.store.database import Database

log = structlog.get_logger(__name__)


def health_routes(
    database: Database,
    role: Callable[[], str],
    recovered: Callable[[Session], Mapping[str, int]],
    metrics: Callable[[Session], bytes],
) -> list[Route]:
    """Answer `/healthz` (it answers), `/readyz` (it can take deliveries in) and `/metrics`.

    `role` says what the process does about the work that waits in the database, `recovered` how
    much of each kind was missed and found later, `metrics` what Prometheus is told.
    """

    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"status": "up"})

    async def readyz(_: Request) -> JSONResponse:
        try:
            found = await database.read(recovered)
        except SQLAlchemyError:
            log.exception("database_unreachable")
            return JSONResponse({"status": "the database does not answer"}, status_code=503)
        return JSONResponse({"status": "ready", "role": role(), "recovered": dict(found)})

    async def told(_: Request) -> Response:
        try:
            return Response(await database.read(metrics), media_type=CONTENT_TYPE_LATEST)
        except SQLAlchemyError:
            log.exception("database_unreachable")
            return JSONResponse({"status": "the database does not answer"}, status_code=503)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", told)]
