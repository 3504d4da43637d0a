from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.simulated.github import App, PullRequest, Repository, SimulatedGitHub, User
from bot.simulated.github.pages.markdown import rendered
from tests.simulated.github.conftest import Clock

COMMENT = """### ✅ Done

| Tenant | Result |
|---|---|
| **acme** | `ok` |

<details><summary>1 updated</summary>

```
x < 1
```

</details>
<!-- orbits:sticky --><script>alert(1)</script><img src=x onerror=alert(1)>
"""


@pytest.fixture
async def pull(backend: Repository, maya: User) -> PullRequest:
    return await maya.opens_pull_request(backend, "Use <b>", {"src/app.py": "one\n2\nthree\n"})


async def page(browser: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def report(github: SimulatedGitHub, app: App, pull: PullRequest, **fields: object) -> None:
    repository = github.repository("agency", "backend")
    output = {"title": "1 tenant", "summary": "**acme** is well"}
    body = {"name": "deploy", "output": output, **fields}
    github.acts.check_reports.create(repository, app, pull.head_sha, body)


async def test_a_person_finds_their_way(
    browser: httpx.AsyncClient, app: App, pull: PullRequest, maya: User, backend: Repository
) -> None:
    await maya.opens_issue(backend, "It is broken", labels=("bug",))

    assert 'href="/agency/backend"' in await page(browser, "/")
    repository = await page(browser, "/agency/backend")
    for part in ("Initial commit", "Use &lt;b&gt;", "It is broken", "src/app.py"):
        assert part in repository
    assert "It is broken" in await page(browser, "/agency/backend/issues")
    assert "/agency/backend/pull/1" in await page(browser, "/agency/backend/pulls")
    assert "It is broken" in await page(browser, "/agency/backend/issues/2")
    assert "three" in await page(browser, "/agency/backend/blob/main/src/app.py")
    assert "Files changed" in await page(browser, f"/agency/backend/commit/{pull.head_sha}")
    assert "issues" in await page(browser, "/apps/orbits")
    await page(browser, "/style.css")
    await page(browser, f"/avatars/{maya.id}.svg")
    assert "Not Found" in await page(browser, "/agency/nothing", 404)
    assert "Not Found" in await page(browser, "/agency/backend/pull/99", 404)


async def test_a_pull_request_shows_what_it_is_about(
    browser: httpx.AsyncClient, github: SimulatedGitHub, app: App, pull: PullRequest, maya: User
) -> None:
    report(github, app, pull, conclusion="failure")
    await maya.reacts(await maya.comments(pull, COMMENT), "eyes")

    html = await page(browser, "/agency/backend/pull/1")

    for part in (
        "<h1>Use &lt;b&gt;",
        '<span class="state open">Open</span>',
        "<code>maya-patch-1</code> into <code>main</code>",
        '<span class="removed">-two\n</span>',
        '<span class="added">+2\n</span>',
        "<strong>acme</strong> is well",
        '<span class="sign bad" title="failure">✗</span>',
        "<td><code>ok</code></td>",
        "<details><summary>1 updated</summary>",
        "👀 1",
        'value="squash"',
    ):
        assert part in html
    assert "<script" not in html
    assert "orbits:sticky" not in html


async def test_a_check_shows_what_it_says_of_lines(
    browser: httpx.AsyncClient, github: SimulatedGitHub, app: App, pull: PullRequest
) -> None:
    note = {"path": "src/app.py", "start_line": 2, "end_line": 3, "message": "Use <b>"}
    annotations = [
        {**note, "annotation_level": "failure", "title": "acme"},
        {**note, "annotation_level": "warning", "end_line": 2},
    ]
    output = {"title": "1 tenant", "summary": "It failed", "annotations": annotations}
    report(github, app, pull, conclusion="failure", output=output)
    (run,) = github.repository("agency", "backend").check_runs(pull.head_sha)

    html = await page(browser, f"/agency/backend/runs/{run.id}")

    said = '<span class="grow">Use &lt;b&gt;</span>'
    for part in (
        f'title="failure">✗</span> <code>src/app.py:2-3</code> <b>acme</b> {said}',
        f'title="warning">!</span> <code>src/app.py:2</code> {said}',
    ):
        assert part in html


def test_only_harmless_html_is_html() -> None:
    assert rendered('a <script>x</script> <b onclick="x">b</b> <!-- gone -->') == (
        "<p>a &lt;script&gt;x&lt;/script&gt; <b>b</b> </p>\n"
    )
    assert rendered("<details open>\n<form action=x>\n</details>") == (
        "<details open>\n&lt;form action=x&gt;\n</details>"
    )
    assert rendered("[a](javascript:alert(1))") == "<p>[a](javascript:alert(1))</p>\n"


async def test_no_page_runs_scripts(browser: httpx.AsyncClient, pull: PullRequest) -> None:
    policy = (await browser.get("/agency/backend/pull/1")).headers["content-security-policy"]

    assert policy == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'self'"
    )


async def test_a_person_comments_and_merges(
    browser: httpx.AsyncClient, pull: PullRequest, rowan: User
) -> None:
    url = "/agency/backend/pull/1"

    said = await browser.post(url, data={"person": "rowan", "body": "Good\r\nthing"})
    merged = await browser.post(url, data={"person": "maya", "act": "merge", "method": "squash"})

    assert (said.status_code, said.headers["location"]) == (303, f"{url}?live=1#end")
    assert [(comment.author.login, comment.body) for comment in pull.comments] == [
        ("rowan", "Good\nthing")
    ]
    assert merged.status_code == 303
    assert (pull.merged, pull.merged_by) == (True, pull.author)
    html = await page(browser, url)
    assert '<span class="state merged">Merged</span>' in html
    assert "on the merge commit" in html


async def test_a_refusal_is_shown_where_it_happened(
    browser: httpx.AsyncClient, pull: PullRequest, rowan: User
) -> None:
    url = "/agency/backend/pull/1"

    answer = await browser.post(url, data={"person": "rowan", "act": "merge", "method": "merge"})

    assert answer.status_code == 403
    assert "rowan may not merge in agency/backend" in answer.text
    assert not pull.merged
    for data in ({"person": "nobody", "body": "x"}, {"person": "maya", "body": " "}):
        assert (await browser.post(url, data=data)).status_code == 422


async def test_a_form_from_another_site_is_refused(
    browser: httpx.AsyncClient, pull: PullRequest
) -> None:
    answer = await browser.post(
        "/agency/backend/pull/1",
        data={"person": "maya", "act": "merge"},
        headers={"origin": "http://evil.test"},
    )

    assert answer.status_code == 403
    assert not pull.merged


async def test_a_person_closes_and_reopens(
    browser: httpx.AsyncClient, pull: PullRequest, backend: Repository
) -> None:
    states = []
    for act in ("close", "reopen"):
        await browser.post("/agency/backend/pull/1", data={"person": "maya", "act": act})
        states.append(pull.state)

    assert states == ["closed", "open"]


async def test_a_page_follows_only_what_is_going_on(
    *,
    browser: httpx.AsyncClient,
    github: SimulatedGitHub,
    app: App,
    pull: PullRequest,
    clock: Clock,
) -> None:
    refresh = '<meta http-equiv="refresh" content="2">'
    live = "/agency/backend/pull/1?live=1"

    assert refresh in await page(browser, live)
    assert refresh not in await page(browser, "/agency/backend/pull/1")
    clock.pass_by(timedelta(minutes=2))
    assert refresh not in await page(browser, live)
    report(github, app, pull, status="in_progress")
    html = await page(browser, live)
    assert refresh in html
    assert "<textarea" not in html


async def test_a_change_is_proposed_on_a_page(
    browser: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    form = await page(browser, "/agency/backend/propose?path=src/app.py")
    assert "one\ntwo\nthree" in form
    data = {"person": "maya", "path": "src/app.py", "content": "1\r\n", "title": "Count"}

    made = await browser.post("/agency/backend/propose", data=data)
    nothing = await browser.post(
        "/agency/backend/propose", data={**data, "content": "one\ntwo\nthree\n"}
    )

    assert (made.status_code, made.headers["location"]) == (303, "/agency/backend/pull/1")
    assert await backend.git.blob(backend.pulls[0].head_sha, "src/app.py") == b"1\n"
    assert nothing.status_code == 422
    assert "The commit would change nothing" in nothing.text


async def test_a_check_run_has_buttons(
    browser: httpx.AsyncClient, github: SimulatedGitHub, app: App, pull: PullRequest
) -> None:
    action = {"label": "Roll back", "description": "Go back", "identifier": "rollback"}
    report(github, app, pull, conclusion="failure", actions=[action])
    [run] = github.repository("agency", "backend").check_runs(pull.head_sha)
    path = urlsplit(run.html_url).path

    assert "Roll back" in await page(browser, path)
    pressed = await browser.post(path, data={"person": "maya", "identifier": "rollback"})
    again = await browser.post(path, data={"person": "maya"})
    unknown = await browser.post(path, data={"person": "maya", "identifier": "retry"})
    await github.deliveries_settled()

    assert [pressed.status_code, again.status_code, unknown.status_code] == [303, 303, 422]
    last = [(each.parcel.event, each.parcel.action) for each in github.deliveries[-2:]]
    assert last == [("check_run", "requested_action"), ("check_run", "rerequested")]


async def test_deliveries_are_shown_and_sent_again(
    browser: httpx.AsyncClient, github: SimulatedGitHub, app: App, backend: Repository, maya: User
) -> None:
    github.lose_next_deliveries(1)
    await maya.opens_issue(backend, "Broken")
    await github.deliveries_settled()
    assert "failed to connect to host (502)" in await page(browser, "/apps/orbits/deliveries")

    lost = github.deliveries[-1]
    await browser.post("/apps/orbits/deliveries", data={"delivery": str(lost.id)})
    await github.deliveries_settled()

    assert [each.succeeded for each in github.queue.attempts(lost.parcel.guid)] == [False, True]
    assert "redelivery" in await page(browser, "/apps/orbits/deliveries")


async def test_an_app_is_created_with_one_click(
    browser: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository
) -> None:
    manifest = (
        '{"name": "My Bot", "url": "http://bot.test", "redirect_url": "http://bot.test/created",'
        ' "hook_attributes": {"url": "http://bot.test/hook"},'
        ' "default_permissions": {"issues": "write"}, "default_events": ["issues"]}'
    )
    url = "/organizations/agency/settings/apps/new?state=abc"

    asked = await browser.post(url, data={"manifest": manifest})
    agreed = await browser.post(
        url, data={"manifest": manifest, "agreed": "yes", "name": "Our Bot"}
    )

    assert "Create an App for agency" in asked.text
    assert asked.headers["content-security-policy"].endswith("form-action 'self' http://bot.test")
    where = urlsplit(agreed.headers["location"])
    query = parse_qs(where.query)
    assert (where.netloc, where.path, query["state"]) == ("bot.test", "/created", ["abc"])
    born = (await browser.post(f"/api/v3/app-manifests/{query['code'][0]}/conversions")).json()
    assert (born["slug"], born["html_url"]) == ("our-bot", "http://github.test/apps/our-bot")
    install = f"{born['html_url']}/installations/new"
    assert "Nowhere yet." in (await browser.get(install)).text
    await browser.post(install, data={"organization": "agency"})
    assert [each.account.login for each in github.apps["our-bot"].installations] == ["agency"]
