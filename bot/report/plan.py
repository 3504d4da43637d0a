"""What a pull request would do once it is merged: the check `orbits/plan`, and the comment."""

from collections.abc import Callable, Sequence

from bot.report.check import LONGEST as LONGEST_OF_A_CHECK
from bot.report.check import NOT_WRITTEN, CheckWords
from bot.report.comment import LONGEST, MARKER
from bot.report.harmless import plain, words
from bot.report.plan_verdict import conclusion, failed, mark, status, verdict
from bot.report.planned import PlanFacts, Said, Standing, TenantPlanFacts
from bot.report.sections import fitted, folded, left_alone, revision
from bot.report.suggestions import in_code

CHECK_NAME = "orbits/plan"

_MOST_GROUPS = 20
_ROOM_FOR_PROBLEMS = 8_000
_TABLE_HEAD = "| Tenant | Wave | What would change |\n|---|---|---|"


def plan_check(facts: PlanFacts, untold: Sequence[str] = ()) -> CheckWords:
    """Say what merging the commit would do; green only where every stack that was asked said so.

    `untold` says why the comment on the pull request could not be written.
    """
    title = verdict(facts)
    unwritten = [f"⚠️ {NOT_WRITTEN} {words(why, 400)}" for why in untold]
    first = [_origin(facts), *unwritten, *_problems(facts), *_notes(facts)]
    last = _what_next(facts)
    room = LONGEST_OF_A_CHECK - sum(len(part) + 2 for part in (*first, last))
    parts = [*first, _table(facts, room), last]
    return CheckWords(
        status=status(facts),
        conclusion=conclusion(facts),
        title=title[0].upper() + title[1:],
        summary="\n\n".join(filter(None, parts)) or f"{title}.",
        text=_details(facts, LONGEST_OF_A_CHECK),
    )


def plan_comment(facts: PlanFacts) -> str:
    """Write the comment on an open pull request, its marker included.

    Where it grows too long, what matters least is cut first: who is not affected, then what
    changes in detail, then who it would reach.
    """
    heading = "\n".join(filter(None, [f"### {mark(facts)} {verdict(facts)}", _origin(facts)]))
    first, last = [MARKER, heading, *_problems(facts), *_notes(facts)], _what_next(facts)
    room = LONGEST - sum(len(part) + 2 for part in (*first, last))
    table = _table(facts, room - 4)
    details = _details(facts, room - len(table) - 6)
    return "\n\n".join(filter(None, [*first, table, details, last])) + "\n"


def _origin(facts: PlanFacts) -> str:
    """Say what is to be merged into what; one line."""
    base = f"into {in_code(facts.base, 100)}"
    if facts.pull_request is None:
        return f"a group of the merge queue · {base}" if facts.group else base
    pull = facts.pull_request
    title, author = plain(pull.title, 400), plain(pull.author, 80)
    return f'#{pull.number} "{title}" by {author} · {base}'


def _problems(facts: PlanFacts) -> list[str]:
    """List what is wrong with `orbits.toml`."""
    if not facts.problems:
        return []
    whose = "this change" if facts.own_policy else in_code(facts.base, 100)
    if facts.refused:
        head = f"The `orbits.toml` of {whose} cannot be used, and nothing is rolled out by it:"
    else:
        head = f"In the `orbits.toml` of {whose}:"
    lines = [
        ("- " if one.line is None else f"- line {one.line}: ")
        + ("⚠️ " if one.is_warning else "")
        + words(one.sentence, 400)
        for one in facts.problems
    ]
    return [fitted(f"{head}\n", lines, _ROOM_FOR_PROBLEMS)]


def _notes(facts: PlanFacts) -> list[str]:
    """Say what else matters: whose waves they are, what is not known, what will be waited for."""
    notes = [words(facts.problem, 600)]
    if facts.refused or not facts.tenants:
        return notes
    if facts.own_policy:
        notes.append("The waves are those of the `orbits.toml` that this change brings.")
    left = [one for one in facts.tenants if _is_left(one)]
    if left and facts.not_asked:
        notes.append(words(facts.not_asked, 400))
    elif left and facts.standing is Standing.DONE:
        these = "1 tenant was" if len(left) == 1 else f"{len(left)} tenants were"
        notes.append(
            f"{these} not looked at; `/orbits plan {left[0].tenant}` looks at one by its name."
        )
    if facts.pauses and facts.waves > 1:
        notes.append("Between the waves it pauses, as `orbits.toml` says.")
    if facts.stopped:
        notes.append(f"Once merged it {words(facts.stopped, 300)}.")
    return notes


def _is_left(one: TenantPlanFacts) -> bool:
    return one.said is Said.NOT_ASKED and one.keeps != "held"


def _table(facts: PlanFacts, room: int) -> str:
    """Make a table of the tenants: first those who would lose data, then those who failed."""
    if facts.refused or not facts.tenants:
        return ""
    tenants = sorted(facts.tenants, key=_loudest_first)
    rows: list[str] = []
    for most in (400, 120, 0):
        rows = [_row(one, most) for one in tenants]
        if len(_TABLE_HEAD) + sum(len(row) + 1 for row in rows) <= room:
            break
    return fitted(_TABLE_HEAD, rows, room)


def _loudest_first(one: TenantPlanFacts) -> tuple[bool, bool, bool, int, str]:
    stays = one.keeps is not None
    return not one.destructive, one.said is not Said.FAILED, stays, one.wave or 0, one.tenant


def _row(one: TenantPlanFacts, most: int) -> str:
    name = plain(one.tenant, 120)
    if one.destructive or one.said is Said.FAILED:
        name = f"**{name}**"
    return f"| {name} | {one.wave or ''} | {_result(one, most)} |"


_SAYS: dict[Said, Callable[[TenantPlanFacts, int], str]] = {
    Said.WAITING: lambda _, __: "🔄 being looked at",
    Said.PLANNED: lambda one, _: _counted(one),
    Said.NOT_SAID: lambda one, most: _because("not said", one.problem, most),
    Said.FAILED: lambda one, most: _because("❌ the plan failed", one.problem, most),
    Said.NOT_ASKED: lambda one, _: "" if one.keeps == "held" else "not looked at",
}


def _result(one: TenantPlanFacts, most: int) -> str:
    parts = [_SAYS[one.said](one, most)]
    if one.keeps is not None:
        parts.insert(0, f"⏸️ {words(one.reason, most) if most else one.keeps}")
    elif one.reason and most:
        parts.append(words(one.reason, most))
    return " · ".join(filter(None, parts))


def _because(what: str, why: str, most: int) -> str:
    return f"{what}: {words(why, most).removesuffix('.')}" if why and most else what


def _counted(one: TenantPlanFacts) -> str:
    if not one.changes:
        return "⚠️ data would be lost" if one.destructive else "no changes"
    count = "1 change" if one.changes == 1 else f"{one.changes:,} changes"
    return f"⚠️ {count}, data would be lost" if one.destructive else count


def _details(facts: PlanFacts, room: int) -> str:
    """Fold away what would change, once for all who would get the same; then who is left alone."""
    alike: dict[tuple[object, ...], list[TenantPlanFacts]] = {}
    for one in sorted(facts.tenants, key=_loudest_first):
        if one.first and not facts.refused:
            alike.setdefault((one.changes, one.destructive, one.first), []).append(one)
    parts = []
    for same in list(alike.values())[:_MOST_GROUPS]:
        part = _changes_of(same)
        if len(part) + 2 <= room:
            parts.append(part)
            room -= len(part) + 2
    parts.append(left_alone(facts.excluded, room - 2, facts.left_out))
    return "\n\n".join(filter(None, parts))


def _changes_of(same: Sequence[TenantPlanFacts]) -> str:
    one = same[0]
    names = ", ".join(plain(each.tenant, 60) for each in same[:5])
    if len(same) > 5:
        names += f" and {len(same) - 5} more"
    lines = [f"- {change.act} {in_code(change.path, 200)}" for change in one.first]
    if one.changes > len(one.first):
        lines.append(f"- … and {one.changes - len(one.first):,} more")
    return folded(f"{names}: {_counted(one)}", "\n".join(lines))


def _what_next(facts: PlanFacts) -> str:
    """Say what merging does, and what may be typed; one line or none."""
    again = "`/orbits plan` looks again."
    rules = (
        (facts.closed, "It was closed without being merged, and rolls nothing out."),
        (
            facts.standing is Standing.SUPERSEDED,
            f"The plan is made for {revision(facts.after)}, which took its place.",
        ),
        (facts.group or facts.standing in {Standing.GOES_ON, Standing.MERGED}, ""),
        (facts.standing is Standing.CANCELLED or failed(facts), f"Next: {again}"),
        (facts.refused or not facts.tenants, ""),
        (
            all(one.keeps == "held" for one in facts.tenants),
            f"Merging it rolls nothing out while they are held. {again}",
        ),
    )
    return next((words for holds, words in rules if holds), f"Merging it rolls it out. {again}")
