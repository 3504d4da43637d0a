"""Rollouts to write about: one that failed, and any that can be."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.report.facts import (
    DeploymentFacts,
    ExcludedFacts,
    PullRequestFacts,
    RolloutFacts,
)
from bot.states import State

BEFORE, AFTER = "9f8e7d6" + "0" * 33, "a1b2c3d" + "0" * 33
START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PULL_REQUEST = PullRequestFacts(381, "Use new session store", "maria")


def updated(tenant: str) -> DeploymentFacts:
    return DeploymentFacts(tenant, State.SUCCEEDED, BEFORE, AFTER, took=timedelta(seconds=42))


ACME_FAILED = DeploymentFacts(
    tenant="acme",
    state=State.FAILED,
    before=BEFORE,
    after=AFTER,
    reason="`alembic upgrade head` ended with status 3",
    took=timedelta(minutes=7, seconds=10),
    failed_step="sql-migrate",
    tail="INFO  Running upgrade\nERROR relation does not exist\n",
    rolled_back_to=BEFORE,
    run_id="7f3c",
)

ONE_FAILED = RolloutFacts(
    services=("backend",),
    revision=AFTER,
    state=State.FAILED,
    deployments=(
        updated("hooli"),
        ACME_FAILED,
        DeploymentFacts("globex", State.HELD, BEFORE, AFTER, "wave 3 not started"),
        updated("umbrella"),
    ),
    excluded=(ExcludedFacts("initech", "initech does not use backend"),),
    pull_request=PULL_REQUEST,
    note="wave 2 of 3 · stopped by the failure limit (1)",
    started=START,
    finished=START + timedelta(minutes=12),
    run_url="https://orbits.agency.test/rollouts/7",
    next_steps=("`/orbits retry acme`", "`/orbits rollback`"),
)

UNDER_WAY = RolloutFacts(
    services=("backend",),
    revision=AFTER,
    state=State.RUNNING,
    deployments=(
        *(updated(tenant) for tenant in ("acme", "globex", "hooli", "initech")),
        DeploymentFacts("umbrella", State.RUNNING, BEFORE, AFTER),
        DeploymentFacts("wayne", State.RUNNING, None, AFTER),
    ),
    pull_request=PULL_REQUEST,
    started=START,
)

HOSTILE = st.text(
    alphabet=st.sampled_from([*"ab_@#`|<>&*~[]()\\!$\"':/-=\n\r\t \x1b\x00\u202e\u200bé😀"]),
    max_size=60,
) | st.sampled_from(
    [
        "</details></summary><script>alert(1)</script>",
        "`code` and `` more ``",
        "```\n@everyone\n```",
        "a | b | c\n|---|---|",
        "@maria #12 GH-12 agency/backend#3 https://github.com/a/b/issues/1 www.a.test",
        "![x](https://evil.test/x.png) [y](javascript:alert(1))",
        "<!-- orbits -->",
        "\x1b[31mred\x1b[0m \x1b]8;;https://evil.test\x07link",
        "`" * 500,
        "| `a\\` | b",
        "$`x`$ and $$x$$",
    ]
)
ANY_TEXT = HOSTILE | st.text(max_size=60)


@st.composite
def any_deployment(draw: st.DrawFn) -> DeploymentFacts:
    return DeploymentFacts(
        tenant=draw(ANY_TEXT),
        state=draw(st.sampled_from(State)),
        before=draw(st.none() | st.just(BEFORE) | ANY_TEXT),
        after=draw(st.none() | st.just(AFTER) | ANY_TEXT),
        reason=draw(ANY_TEXT),
        took=draw(st.none() | st.timedeltas(timedelta(0), timedelta(days=2))),
        failed_step=draw(st.none() | ANY_TEXT),
        tail=draw(ANY_TEXT | ANY_TEXT.map(lambda text: text * 200)),
        rolled_back_to=draw(st.none() | ANY_TEXT),
        run_id=draw(st.none() | ANY_TEXT),
    )


@st.composite
def any_rollout(draw: st.DrawFn) -> RolloutFacts:
    """A rollout to up to 24 tenants, of up to three kinds of outcome."""
    excluded = st.builds(ExcludedFacts, ANY_TEXT, ANY_TEXT)
    kinds = draw(st.lists(any_deployment(), min_size=1, max_size=3))
    tenants = draw(st.integers(0, 24))
    return RolloutFacts(
        services=tuple(draw(st.lists(ANY_TEXT, max_size=3))),
        revision=draw(st.just(AFTER) | ANY_TEXT),
        state=draw(st.sampled_from(State)),
        deployments=tuple(kinds[number % len(kinds)] for number in range(tenants)),
        excluded=tuple(draw(st.lists(excluded, max_size=4))),
        pull_request=draw(
            st.none() | st.builds(PullRequestFacts, st.integers(1, 9999), ANY_TEXT, ANY_TEXT)
        ),
        note=draw(ANY_TEXT),
        started=START,
        finished=draw(st.none() | st.just(START + timedelta(minutes=5))),
        run_url=draw(st.none() | ANY_TEXT),
        next_steps=tuple(draw(st.lists(ANY_TEXT, max_size=3))),
    )


class Page(HTMLParser):
    """What a reader of rendered Markdown gets: its tags, and its text outside of code."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.prose = ""
        self.code = ""
        self._in_code = 0
        parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
        self.feed(parser.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._in_code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.code += data
        else:
            self.prose += data
