"""Which tenants an issue tells of, whether the store knows that or the issue itself says so."""

from bot.drift import notices
from bot.github.failures import NotFound
from bot.github.shapes import IssueSeen
from bot.handlers.registry import Bot
from bot.outbox.issue import HiddenKey

_OF_ONE, _OF_MANY = f"{notices.DRIFT} ", "drifts of "


async def tenants_told_in(repository: str, number: int, bot: Bot) -> tuple[str, ...] | None:
    """Answer the tenants of an issue of ours about drift; `None` for any other issue.

    One that the store does not know, as it was put back to what it was, says it by its hidden key.
    """
    known = await bot.drifts.database.read(
        lambda session: notices.told_in(session, repository, number)
    )
    if known is not None:
        return tuple(known)
    seen = await issue_now(repository, number, bot)
    key = HiddenKey.of(seen.body) if seen else None
    if seen is None or key is None or seen.user is None:
        return None
    if seen.user.login != (await bot.github.me()).login:
        return None
    if key.subject.startswith(_OF_ONE):
        return (key.subject.removeprefix(_OF_ONE),)
    if not key.subject.startswith(_OF_MANY):
        return None
    home = key.subject.removeprefix(_OF_MANY)
    many = await bot.drifts.database.read(lambda session: notices.in_umbrella(session, home))
    return tuple(many)


async def issue_now(repository: str, number: int, bot: Bot) -> IssueSeen | None:
    """Answer an issue as it is now; `None` once it is deleted or transferred."""
    try:
        return await bot.github.issue(repository, number)
    except NotFound:
        return None
