"""The comment on a merged pull request, word by word, and what can never be in it."""

import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.report.comment import LONGEST, MARKER, comment
from bot.report.facts import DeploymentFacts, ExcludedFacts, RolloutFacts
from bot.states import State
from tests.report.rollouts import (
    ACME_FAILED,
    AFTER,
    BEFORE,
    ONE_FAILED,
    START,
    UNDER_WAY,
    Page,
    any_deployment,
    any_rollout,
    updated,
)


def test_a_failure_comes_first_with_what_happened_and_what_to_type() -> None:
    assert (
        comment(ONE_FAILED)
        == """\
<!-- orbits: the rollout of this pull request -->

### ❌ backend → a1b2c3d: 2 of 4 tenants updated, 1 failed, 1 held
#381 "Use new session store" by maria · wave 2 of 3 · stopped by the failure limit (1) · took 12m00

| Tenant | From → To | Result | Took |
|---|---|---|---|
| **acme** | 9f8e7d6 → a1b2c3d | ❌ step `sql-migrate`: `alembic upgrade head` ended with \
status 3 · rolled back to 9f8e7d6 · run 7f3c | 7m10 |
| globex | 9f8e7d6 | ⏸️ wave 3 not started |  |

<details><summary>acme: what <code>sql-migrate</code> printed last</summary>

```text
INFO  Running upgrade
ERROR relation does not exist
```

</details>

<details><summary>2 updated</summary>

| Tenant | From → To | Result | Took |
|---|---|---|---|
| hooli | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |
| umbrella | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |

</details>

<details><summary>1 not affected</summary>

- initech: initech does not use backend

</details>

Next: `/orbits retry acme` · `/orbits rollback` · [run](<https://orbits.agency.test/rollouts/7>)
"""
    )


def test_progress_says_how_far_it_is() -> None:
    assert (
        comment(UNDER_WAY)
        == """\
<!-- orbits: the rollout of this pull request -->

### 🔄 backend → a1b2c3d: 4 of 6 tenants updated, 2 running
#381 "Use new session store" by maria

| Tenant | From → To | Result | Took |
|---|---|---|---|
| umbrella | 9f8e7d6 → a1b2c3d | 🔄 running |  |
| wayne | none → a1b2c3d | 🔄 running |  |

<details><summary>4 updated</summary>

| Tenant | From → To | Result | Took |
|---|---|---|---|
| acme | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |
| globex | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |
| hooli | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |
| initech | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |

</details>
"""
    )


def test_success_is_short() -> None:
    facts = replace(
        UNDER_WAY,
        state=State.SUCCEEDED,
        deployments=(updated("acme"),),
        finished=START + timedelta(seconds=42),
    )
    assert (
        comment(facts)
        == """\
<!-- orbits: the rollout of this pull request -->

### ✅ backend → a1b2c3d: 1 of 1 tenant updated
#381 "Use new session store" by maria · took 42s

<details><summary>1 updated</summary>

| Tenant | From → To | Result | Took |
|---|---|---|---|
| acme | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |

</details>
"""
    )


def test_where_nobody_is_affected_it_says_why() -> None:
    facts = RolloutFacts(
        services=("backend",),
        revision=AFTER,
        state=State.SKIPPED,
        excluded=(ExcludedFacts("backend", "no changed file matches src/** of backend"),),
    )
    assert (
        comment(facts)
        == """\
<!-- orbits: the rollout of this pull request -->

### ⏭️ backend → a1b2c3d: no tenant is affected

<details><summary>1 not affected</summary>

- backend: no changed file matches src/&#42;&#42; of backend

</details>
"""
    )


def test_what_others_wrote_stays_text() -> None:
    hostile = "| @maria <b>*_`#12 x://a.test GH-1"
    facts = replace(
        ONE_FAILED,
        deployments=(replace(ACME_FAILED, tenant=hostile, tail="```\n@maria\n</details>"),),
        excluded=(),
    )
    name = "&#124; @&#8203;maria &#60;b&#62;&#42;&#95;&#96;#&#8203;12 x:&#8203;//a.test GH&#8203;-1"
    text = comment(facts)
    assert f"\n| **{name}** | 9f8e7d6 → a1b2c3d | ❌ step `sql-migrate`" in text
    assert (
        f"""
<details><summary>{name}: what <code>sql-migrate</code> printed last</summary>

````text
```
@maria
</details>
````

</details>
"""
        in text
    )


def test_long_output_keeps_its_end_and_says_how_much_was_cut() -> None:
    lines = "".join(f"line {number}\n" for number in range(10_000))
    facts = replace(ONE_FAILED, deployments=(replace(ACME_FAILED, tail=lines),))

    text = comment(facts)

    assert "line 9999\n```" in text
    [cut] = re.findall(r"```text\n\[(\d+) characters cut here\]\n", text)
    shown = text.partition("cut here]\n")[2].partition("\n```")[0]
    assert int(cut) + len(shown) == len(lines.strip())


def test_above_twenty_tenants_there_are_tables_only() -> None:
    many = tuple(updated(f"tenant-{number}") for number in range(20))
    text = comment(replace(ONE_FAILED, deployments=(ACME_FAILED, *many)))

    assert "```" not in text
    assert "What the failed steps printed is in the check `orbits/deploy` of this commit." in text


def test_a_thousand_tenants_are_cut_from_what_went_well() -> None:
    failed = tuple(
        replace(ACME_FAILED, tenant=f"failed-{number:03}", reason="why " * 200)
        for number in range(100)
    )
    well = tuple(updated(f"tenant-{number}") for number in range(900))
    text = comment(replace(ONE_FAILED, deployments=(*well, *failed)))

    assert len(text) <= LONGEST
    assert all(f"**failed-{number:03}**" in text for number in range(100))
    assert "<details><summary>900 updated</summary>" in text
    assert re.search(r"… and \d+ more, not listed here\.", text)
    assert "Next: `/orbits retry acme`" in text


@settings(max_examples=200, deadline=None)
@given(any_rollout())
def test_it_is_bounded_and_can_be_found_again(facts: RolloutFacts) -> None:
    text = comment(facts)

    assert len(text) <= LONGEST
    assert text.startswith(f"{MARKER}\n")
    assert text.encode()


FAILED_NAMES = st.lists(
    st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True), unique=True, min_size=1, max_size=100
)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_every_failed_tenant_is_named_up_to_a_hundred(data: st.DataObject) -> None:
    names = data.draw(FAILED_NAMES)
    worst = data.draw(any_deployment())
    failed = [replace(worst, tenant=name, state=State.FAILED) for name in names]
    well = [updated(f"well-{number}") for number in range(data.draw(st.integers(0, 300)))]
    text = comment(replace(ONE_FAILED, deployments=(*well, *failed)))

    assert len(text) <= LONGEST
    assert all(f"| **{name}** |" in text for name in names)


ALLOWED = {
    *("h3", "p", "a", "strong", "code", "pre", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}
LINKED = re.compile(r"@\w|#\d|\w://|\bgh-\d|\bwww\.\w", re.IGNORECASE)


@settings(max_examples=200, deadline=None)
@given(any_rollout())
def test_nothing_that_others_wrote_does_anything(facts: RolloutFacts) -> None:
    page = Page(comment(facts))

    assert set(page.tags) <= ALLOWED
    assert {name for name, _ in page.attributes} <= {"href", "class"}
    assert page.tags.count("a") == (facts.run_url is not None)
    assert page.tags.count("h3") == 1
    ours = f"#{facts.pull_request.number}" if facts.pull_request else ""
    assert not LINKED.search(page.prose.replace(ours, "", 1))
    assert page.tags.count("td") == 4 * (page.tags.count("tr") - page.tags.count("thead"))


@settings(max_examples=50, deadline=None)
@given(any_rollout(), st.text(max_size=200))
def test_a_tenants_row_is_one_row(facts: RolloutFacts, reason: str) -> None:
    one = DeploymentFacts("acme", State.FAILED, BEFORE, AFTER, reason)
    page = Page(comment(replace(facts, deployments=(one,), excluded=())))

    assert page.tags.count("tr") == 2
