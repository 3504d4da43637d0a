"""What becomes of issues behind our back is put right, and what is told elsewhere is left alone."""

from datetime import timedelta

from sqlmodel import Session, col, select

from bot.drift.reconciling import reconcile
from bot.simulated.github import Issue
from bot.store.tables import Accepted, Drift, KeptPolicy, Notice
from tests.drift.bureau import NAME, Bureau
from tests.outbox.office import START


async def drifts(bureau: Bureau, tenant: str = "acme") -> None:
    """Somebody changes a tenant by hand, and two looks find it."""
    bureau.world[tenant] = {"files/app.conf": "port=8080"}
    for _ in range(2):
        await bureau.looks(tenant)
    await bureau.writes()


async def tells_of_many(bureau: Bureau) -> None:
    """Whoever drifts after the first one is told of together."""
    policy = KeptPolicy(repository=NAME, text="[drift]\numbrella_above = 1\n", read_at=START)
    await bureau.database.write(lambda session: session.add(policy))


async def is_compared(bureau: Bureau) -> None:
    """Hours later the bot compares the issues that there are with those that should be."""
    bureau.clock.pass_by(timedelta(hours=2))
    await bureau.hears()
    await bureau.writes()
    await reconcile(bureau.drifts, bureau.door)
    await bureau.writes()


async def types(bureau: Bureau, issue: Issue, line: str) -> str:
    """Maya types a command, and is answered."""
    await bureau.maya.comments(issue, line)
    await bureau.hears()
    await bureau.writes()
    return bureau.remarks(issue)[-1].partition("-->")[2].strip()


def _announced(session: Session) -> list[str]:
    chosen = select(Notice.key).where(col(Notice.kind) == "alert")
    return sorted(session.exec(chosen))


async def test_an_issue_that_a_bot_closed_is_opened_again_while_it_drifts(bureau: Bureau) -> None:
    await tells_of_many(bureau)
    await drifts(bureau, "acme")
    await drifts(bureau, "globex")
    stale = bureau.github.register_app("stale").bot
    bureau.repository.allow(stale, "triage")
    for issue in bureau.issues():
        bureau.github.acts.conversations.close(issue, stale, "not_planned")

    await is_compared(bureau)

    assert [issue.state for issue in bureau.issues()] == ["open", "open"]
    for tenant in ("acme", "globex"):
        row = await bureau.row(tenant)
        assert row is not None
        assert (row.phase, row.hidden) == ("open", False)


async def test_what_is_told_in_another_repository_is_decided_there(bureau: Bureau) -> None:
    await drifts(bureau)
    (issue,) = bureau.issues()

    def move(session: Session) -> None:
        session.get_one(Drift, "acme").repository = "agency/operations"

    await bureau.database.write(move)

    for line in ("/orbits drift fix", "/orbits drift ack", "/orbits drift ignore"):
        assert await types(bureau, issue, line) == (
            "@maya The drift of `acme` is told of in `agency/operations`: comment on the issue "
            "there. Nothing was changed."
        )
    row = await bureau.row("acme")
    assert row is not None
    assert (row.phase, row.fixing) == ("open", False)


async def test_the_issue_of_many_is_closed_again_when_it_is_about_nobody(bureau: Bureau) -> None:
    await tells_of_many(bureau)
    await drifts(bureau, "acme")
    await drifts(bureau, "globex")
    (_, many) = bureau.issues()
    announced = await bureau.database.read(_announced)
    assert announced == ["alert/drift-umbrella/agency/backend", "alert/drift/acme"]
    bureau.world.pop("globex")
    await bureau.looks("globex")
    await bureau.writes()
    assert (many.title, many.state) == (
        "Tenants of agency/backend are not as they should be",
        "closed",
    )

    await bureau.maya.reopens(many)
    await is_compared(bureau)

    assert many.state == "closed"
    row = await bureau.row("globex")
    assert row is not None
    assert row.phase == "resolved"


async def test_what_was_accepted_until_some_day_is_explained_until_that_day(
    bureau: Bureau,
) -> None:
    await drifts(bureau)
    (issue,) = bureau.issues()
    await types(bureau, issue, "/orbits drift ignore --until 3d")
    accepted = "- `files/app.conf` may be as it was found until 2026-11-05 09:30 UTC, says maya"
    assert accepted in await types(bureau, issue, "/orbits explain")

    bureau.clock.pass_by(timedelta(days=4))

    assert accepted not in await types(bureau, issue, "/orbits explain")
    await bureau.drifts.sweep()
    assert await bureau.database.read(lambda session: session.exec(select(Accepted)).all()) == []
