"""What people read on an open pull request: whom merging it would reach, and what would change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.report.check import LONGEST as LONGEST_OF_A_CHECK
from bot.report.comment import LONGEST
from bot.report.facts import ExcludedFacts, PullRequestFacts
from bot.report.plan import plan_check, plan_comment
from bot.report.plan_verdict import conclusion, mark, verdict
from bot.report.planned import (
    ChangeFacts,
    PlanFacts,
    ProblemFacts,
    Said,
    Standing,
    TenantPlanFacts,
)

HEAD, NEWER = "a1b2c3d" + "0" * 33, "9f8e7d6" + "0" * 33
ADDS = (ChangeFacts("backend/migrations/0002_phone.sql", "adds"),)
LOSES = (
    ChangeFacts("backend/migrations/0003_no_phone.sql", "adds"),
    ChangeFacts("backend/files/service.conf", "changes"),
)
ACME = TenantPlanFacts("acme", Said.PLANNED, wave=1, changes=1, first=ADDS)
GLOBEX = TenantPlanFacts("globex", Said.PLANNED, wave=2, changes=1, first=ADDS)
HOOLI = TenantPlanFacts("hooli", Said.PLANNED, wave=2, changes=3, destructive=True, first=LOSES)
INITECH = TenantPlanFacts(
    "initech", Said.FAILED, wave=2, problem="step `fetch-source`: there is no such commit."
)
UMBRELLA = TenantPlanFacts(
    "umbrella", Said.PLANNED, keeps="frozen", reason="frozen by `sale` until 2026-11-30 00:00 (UTC)"
)
WAYNE = TenantPlanFacts("wayne", keeps="held", reason="is held by @maria: their fair")
PULL = PullRequestFacts(381, "Use new session store", "maria")
PLANNED = PlanFacts(
    services=("backend",),
    revision=HEAD,
    base="main",
    tenants=(ACME, GLOBEX, HOOLI, INITECH, UMBRELLA, WAYNE),
    excluded=(ExcludedFacts("stark", "stark does not use backend"),),
    pull_request=PULL,
)
QUIET = replace(PLANNED, tenants=(ACME, GLOBEX), excluded=())
NOBODY = replace(PLANNED, tenants=())
REFUSED = replace(
    PLANNED,
    tenants=(),
    own_policy=True,
    problems=(ProblemFacts("`rollout.wave` is unknown. Did you mean `waves`?", 2),),
)


def test_those_who_would_lose_data_come_first_and_those_who_stay_last() -> None:
    assert (
        plan_comment(PLANNED)
        == """\
<!-- orbits: the rollout of this pull request -->

### ❌ backend at a1b2c3d would reach 4 tenants in 2 waves, 1 frozen, 1 held, 1 would lose data, \
1 could not be planned
#381 "Use new session store" by maria · into `main`

| Tenant | Wave | What would change |
|---|---|---|
| **hooli** | 2 | ⚠️ 3 changes, data would be lost |
| **initech** | 2 | ❌ the plan failed: step `fetch-source`: there is no such commit |
| acme | 1 | 1 change |
| globex | 2 | 1 change |
| umbrella |  | ⏸️ frozen by `sale` until 2026-11-30 00:00 (UTC) · no changes |
| wayne |  | ⏸️ is held by @&#8203;maria: their fair |

<details><summary>hooli: ⚠️ 3 changes, data would be lost</summary>

- adds `backend/migrations/0003_no_phone.sql`
- changes `backend/files/service.conf`
- … and 1 more

</details>

<details><summary>acme, globex: 1 change</summary>

- adds `backend/migrations/0002_phone.sql`

</details>

<details><summary>1 not affected</summary>

- stark: stark does not use backend

</details>

Next: `/orbits plan` looks again.
"""
    )


def test_the_check_says_the_same_in_its_own_parts() -> None:
    words = plan_check(
        replace(QUIET, stopped="waits for `/orbits approve`: 2 tenants are more than 1")
    )

    assert (words.status, words.conclusion) == ("completed", "success")
    assert words.title == "Backend at a1b2c3d would reach 2 tenants in 2 waves"
    assert (
        words.summary
        == """\
#381 "Use new session store" by maria · into `main`

Once merged it waits for `/orbits approve`: 2 tenants are more than 1.

| Tenant | Wave | What would change |
|---|---|---|
| acme | 1 | 1 change |
| globex | 2 | 1 change |

Merging it rolls it out. `/orbits plan` looks again."""
    )
    assert (
        words.text
        == """\
<details><summary>acme, globex: 1 change</summary>

- adds `backend/migrations/0002_phone.sql`

</details>"""
    )


def test_an_orbits_toml_that_cannot_be_used_is_told_line_by_line() -> None:
    assert (
        plan_comment(REFUSED)
        == """\
<!-- orbits: the rollout of this pull request -->

### ❌ `orbits.toml` cannot be used: merging it would roll nothing out
#381 "Use new session store" by maria · into `main`

The `orbits.toml` of this change cannot be used, and nothing is rolled out by it:

- line 2: `rollout.wave` is unknown. Did you mean `waves`?

<details><summary>1 not affected</summary>

- stark: stark does not use backend

</details>
"""
    )


def test_a_new_orbits_toml_is_what_the_waves_go_by() -> None:
    odd = ProblemFacts("`rollout.waves[0]` reaches no tenant of today: `ring:canary`.", 3, True)
    comment = plan_comment(replace(QUIET, own_policy=True, pauses=True, problems=(odd,)))

    assert (
        """
In the `orbits.toml` of this change:

- line 3: ⚠️ `rollout.waves[0]` reaches no tenant of today: `ring:canary`.

The waves are those of the `orbits.toml` that this change brings.

Between the waves it pauses, as `orbits.toml` says.

| Tenant |"""
        in comment
    )


def test_who_was_not_looked_at_is_said_to_be() -> None:
    left = TenantPlanFacts("umbrella", wave=1)
    comment = plan_comment(replace(QUIET, tenants=(ACME, left)))

    assert (
        "\n1 tenant was not looked at; `/orbits plan umbrella` looks at one by its name.\n"
        in comment
    )
    assert "| umbrella | 1 | not looked at |" in comment


def test_a_fork_says_why_no_stack_is_asked() -> None:
    tenants = (replace(ACME, said=Said.NOT_ASKED, changes=0, first=()),)
    facts = replace(QUIET, tenants=tenants, not_asked="It is a fork.")

    assert (
        plan_check(facts).summary
        == """\
#381 "Use new session store" by maria · into `main`

It is a fork.

| Tenant | Wave | What would change |
|---|---|---|
| acme | 1 | not looked at |

Merging it rolls it out. `/orbits plan` looks again."""
    )
    assert conclusion(facts) == "neutral"


def test_a_group_of_the_merge_queue_is_green_without_asking_any_stack() -> None:
    tenants = (TenantPlanFacts("acme", wave=1),)
    group = replace(QUIET, tenants=tenants, group=True, pull_request=None, not_asked="Not again.")

    words = plan_check(group)

    assert words.conclusion == "success"
    assert words.summary.startswith("a group of the merge queue · into `main`\n\nNot again.\n\n|")
    assert words.summary.endswith("| acme | 1 | not looked at |")


@pytest.mark.parametrize(
    ("facts", "concluded", "sign", "words"),
    [
        (QUIET, "success", "📋", "backend at a1b2c3d would reach 2 tenants in 2 waves"),
        (
            replace(QUIET, tenants=(ACME,)),
            "success",
            "📋",
            "backend at a1b2c3d would reach 1 tenant",
        ),
        (
            replace(QUIET, tenants=(HOOLI,)),
            "success",
            "⚠️",
            "backend at a1b2c3d would reach 1 tenant in 2 waves, 1 would lose data",
        ),
        (
            replace(QUIET, tenants=(WAYNE,)),
            "neutral",
            "📋",
            "backend at a1b2c3d would reach nobody now, 1 held",
        ),
        (NOBODY, "skipped", "⏭️", "no tenant is affected"),
        (
            REFUSED,
            "failure",
            "❌",
            "`orbits.toml` cannot be used: merging it would roll nothing out",
        ),
        (replace(QUIET, problem="It was cut off."), "failure", "❌", verdict(QUIET)),
        (replace(QUIET, standing=Standing.GOES_ON), None, "🔄", verdict(QUIET)),
        (
            replace(QUIET, standing=Standing.CANCELLED),
            "cancelled",
            "🚫",
            "the plan was cancelled",
        ),
        (
            replace(QUIET, standing=Standing.MERGED),
            "cancelled",
            "🚫",
            "merged before the plan was made",
        ),
        (
            replace(QUIET, standing=Standing.CLOSED, closed=True),
            "cancelled",
            "🚫",
            "closed before the plan was made",
        ),
        (
            replace(QUIET, standing=Standing.SUPERSEDED, after=NEWER),
            "cancelled",
            "🚫",
            "superseded by 9f8e7d6",
        ),
    ],
)
def test_a_plan_is_said_in_one_line(
    facts: PlanFacts, concluded: str | None, sign: str, words: str
) -> None:
    assert (conclusion(facts), mark(facts), verdict(facts)) == (concluded, sign, words)


def test_one_that_was_given_up_rolls_nothing_out() -> None:
    comment = plan_comment(replace(QUIET, closed=True))

    assert comment.endswith("\n\nIt was closed without being merged, and rolls nothing out.\n")


def test_why_the_comment_could_not_be_written_is_in_the_check() -> None:
    assert (
        "⚠️ The comment on the pull request could not be written. It is locked."
        in plan_check(QUIET, ["It is locked."]).summary
    )


NAMES = st.text(max_size=120)
CHANGES = st.builds(ChangeFacts, NAMES, st.sampled_from(["adds", "changes", "removes"]))
TENANTS = st.builds(
    TenantPlanFacts,
    tenant=NAMES,
    said=st.sampled_from(Said),
    wave=st.none() | st.integers(1, 9),
    keeps=st.sampled_from([None, "held", "frozen"]),
    reason=NAMES,
    changes=st.integers(0, 10**6),
    destructive=st.booleans(),
    first=st.lists(CHANGES, max_size=3).map(tuple),
    problem=NAMES,
)
PLANS = st.builds(
    PlanFacts,
    services=st.lists(NAMES, max_size=3).map(tuple),
    revision=st.just(HEAD),
    base=NAMES,
    standing=st.sampled_from(Standing),
    tenants=st.lists(TENANTS, max_size=5).map(tuple),
    pull_request=st.none() | st.just(PULL),
    problems=st.lists(st.builds(ProblemFacts, NAMES), max_size=2).map(tuple),
    not_asked=NAMES,
)


@given(PLANS, st.sampled_from([1, 400]))
def test_whatever_it_is_about_the_words_fit(facts: PlanFacts, times: int) -> None:
    many = replace(facts, tenants=facts.tenants * times)

    words = plan_check(many)

    assert len(plan_comment(many)) <= LONGEST
    assert words.title
    assert 0 < len(words.summary) <= LONGEST_OF_A_CHECK
    assert len(words.text) <= LONGEST_OF_A_CHECK
