"""Whether the world still has what was brought about, as the resource itself answers."""

import structlog

from resources.model.resource import Resource

log = structlog.get_logger(__name__)


def looks_whether_intact(resource: Resource) -> bool:
    """Answer whether a resource looks at the world for that at all."""
    return type(resource).intact is not Resource.intact


async def is_intact(resource: Resource) -> bool:
    """Answer whether it is all there; where that cannot be told, it is not."""
    try:
        return await resource.intact()
    except Exception:
        log.exception("not_known_whether_intact", identity=resource.identity())
        return False
