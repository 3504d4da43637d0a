import base64

import httpx
import pytest

from bot.simulated.github import Repository, SimulatedGitHub, User

BACKEND = "/repos/agency/backend"


async def test_a_repository_and_its_branches(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    head = await maya.creates_branch(backend, "feature/one")

    repository = (await bot.get(BACKEND)).json()
    branches = (await bot.get(f"{BACKEND}/branches")).json()
    branch = (await bot.get(f"{BACKEND}/branches/feature/one")).json()
    reference = (await bot.get(f"{BACKEND}/git/ref/heads/feature/one")).json()

    assert (repository["id"], repository["default_branch"]) == (backend.id, "main")
    assert repository["clone_url"] == "http://github.test/agency/backend.git"
    assert [each["name"] for each in branches] == ["feature/one", "main"]
    assert (branch["commit"]["sha"], reference["object"]["sha"]) == (head, head)
    missing = await bot.get(f"{BACKEND}/branches/none")
    assert (missing.status_code, missing.json()["message"]) == (404, "Branch not found")


async def test_a_commit_with_its_files(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    sha = await maya.pushes(backend, {"src/app.py": "one\n"}, message="Cut\n\nMuch.")

    commit = (await bot.get(f"{BACKEND}/commits/main")).json()
    listed = (await bot.get(f"{BACKEND}/commits?path=old.txt")).json()

    assert (commit["sha"], commit["commit"]["message"]) == (sha, "Cut\n\nMuch.")
    assert (commit["author"]["login"], commit["stats"]["deletions"]) == ("maya", 2)
    [file] = commit["files"]
    assert (file["filename"], file["status"], file["changes"]) == ("src/app.py", "modified", 2)
    assert [each["commit"]["message"] for each in listed] == ["Initial commit"]
    unknown = await bot.get(f"{BACKEND}/commits/none")
    assert (unknown.status_code, unknown.json()["message"]) == (
        422,
        "No commit found for SHA: none",
    )


async def test_a_comparison_lists_300_files_on_its_first_page_alone(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    base = await backend.head()
    await maya.pushes(backend, {f"files/{number:03}.txt": "x" for number in range(310)})
    head = await maya.pushes(backend, {"one.txt": "more"})

    whole = (await bot.get(f"{BACKEND}/compare/{base}...{head}")).json()
    second = (await bot.get(f"{BACKEND}/compare/{base}...main?page=2&per_page=1")).json()

    assert (whole["status"], whole["ahead_by"], whole["behind_by"]) == ("ahead", 2, 0)
    assert (len(whole["files"]), whole["merge_base_commit"]["sha"]) == (300, base)
    assert [commit["sha"] for commit in second["commits"]] == [head]
    assert second["files"] == []
    back = (await bot.get(f"{BACKEND}/compare/main...{base}")).json()
    assert (back["status"], back["behind_by"]) == ("behind", 2)


async def test_trees_and_contents(bot: httpx.AsyncClient, backend: Repository) -> None:
    head = await backend.head()

    tree = (await bot.get(f"{BACKEND}/git/trees/{head}?recursive=1")).json()
    file = (await bot.get(f"{BACKEND}/contents/src/app.py?ref=main")).json()
    directory = (await bot.get(f"{BACKEND}/contents/src")).json()
    raw = await bot.get(
        f"{BACKEND}/contents/old.txt", headers={"accept": "application/vnd.github.raw+json"}
    )

    assert [(each["path"], each["type"]) for each in tree["tree"]] == [
        ("old.txt", "blob"),
        ("src", "tree"),
        ("src/app.py", "blob"),
    ]
    assert base64.b64decode(file["content"]) == b"one\ntwo\nthree\n"
    assert (file["sha"], file["size"]) == (tree["tree"][2]["sha"], 14)
    assert [each["path"] for each in directory] == ["src/app.py"]
    assert raw.content == b"old\n"
    assert (await bot.get(f"{BACKEND}/contents/none.txt")).status_code == 404


async def test_the_pull_request_that_brought_a_commit(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    pull = await maya.opens_pull_request(backend, "B", {"b": "b"})
    merged = await maya.merges(pull, "squash")
    direct = await maya.pushes(backend, {"c": "c"})

    brought = (await bot.get(f"{BACKEND}/commits/{merged}/pulls")).json()

    assert [(each["number"], each["merge_commit_sha"]) for each in brought] == [(1, merged)]
    assert (await bot.get(f"{BACKEND}/commits/{direct}/pulls")).json() == []


async def test_pull_requests_by_rest(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    await maya.pushes(backend, {"b": "b"}, branch="topic")
    asked = {"title": "By a bot", "head": "topic", "base": "main", "body": "Please."}

    made = (await bot.post(f"{BACKEND}/pulls", json=asked)).json()
    changed = (await bot.patch(f"{BACKEND}/pulls/1", json={"title": "Renamed"})).json()
    files = (await bot.get(f"{BACKEND}/pulls/1/files")).json()
    commits = (await bot.get(f"{BACKEND}/pulls/1/commits")).json()
    listed = (await bot.get(f"{BACKEND}/pulls?head=agency:topic&base=main")).json()

    assert (made["number"], made["user"]["login"], made["user"]["type"]) == (
        1,
        "orbits[bot]",
        "Bot",
    )
    assert (made["head"]["ref"], made["mergeable"], made["commits"]) == ("topic", True, 1)
    assert (changed["title"], changed["body"]) == ("Renamed", "Please.")
    assert [file["filename"] for file in files] == ["b"]
    assert [commit["commit"]["message"] for commit in commits] == ["Update b"]
    assert [each["number"] for each in listed] == [1]
    again = await bot.post(f"{BACKEND}/pulls", json=asked)
    assert again.json()["errors"] == [
        {
            "resource": "PullRequest",
            "code": "custom",
            "message": "A pull request already exists for agency:topic.",
        }
    ]
    closed = (await bot.patch(f"{BACKEND}/pulls/1", json={"state": "closed"})).json()
    assert (closed["state"], closed["merged"]) == ("closed", False)
    assert (await bot.get(f"{BACKEND}/pulls")).json() == []


async def test_a_merge_by_rest_checks_the_head(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    await maya.opens_pull_request(backend, "B", {"b": "b"})
    merge = f"{BACKEND}/pulls/1/merge"

    stale = await bot.put(merge, json={"sha": "0" * 40})
    merged = await bot.put(merge, json={"merge_method": "squash", "commit_title": "Mine"})
    again = await bot.put(merge)

    assert stale.status_code == 409
    assert merged.json() == {
        "sha": await backend.head(),
        "merged": True,
        "message": "Pull Request successfully merged",
    }
    assert (again.status_code, again.json()["message"]) == (405, "Pull Request is not mergeable")


async def test_until_it_is_merged_the_merge_commit_is_a_test(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    pull = await maya.opens_pull_request(backend, "B", {"b": "b"})
    first = (await bot.get(f"{BACKEND}/pulls/1")).json()["merge_commit_sha"]
    moved = await maya.pushes(backend, {"c": "c"})

    second = (await bot.get(f"{BACKEND}/pulls/1")).json()
    await maya.closes(pull)
    closed = (await bot.get(f"{BACKEND}/pulls/1")).json()

    assert first != second["merge_commit_sha"] == closed["merge_commit_sha"]
    assert (closed["state"], closed["merged"]) == ("closed", False)
    test_merge = (await bot.get(f"{BACKEND}/commits/{closed['merge_commit_sha']}")).json()
    assert [parent["sha"] for parent in test_merge["parents"]] == [moved, pull.head_sha]
    assert await backend.head() == moved


async def test_the_newer_version_has_no_merge_commit(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    await maya.opens_pull_request(backend, "B", {"b": "b"})
    found = {}
    for version in ("2022-11-28", "2026-03-10"):
        headers = {"x-github-api-version": version}
        body = (await bot.get(f"{BACKEND}/pulls/1", headers=headers)).json()
        found[version] = "merge_commit_sha" in body

    assert found == {"2022-11-28": True, "2026-03-10": False}
    odd = await bot.get(f"{BACKEND}/pulls/1", headers={"x-github-api-version": "1999-01-01"})
    assert odd.status_code == 400


async def test_lists_come_by_pages(bot: httpx.AsyncClient, backend: Repository, maya: User) -> None:
    for number in range(5):
        await maya.opens_issue(backend, f"Issue {number}")

    titles, url, pages = [], f"{BACKEND}/issues?per_page=2", 0
    while url:
        answer = await bot.get(url)
        titles += [issue["title"] for issue in answer.json()]
        url, pages = answer.links.get("next", {}).get("url", ""), pages + 1

    assert titles == [f"Issue {number}" for number in (4, 3, 2, 1, 0)]
    assert pages == 3
    assert answer.links["prev"]["url"].endswith("?per_page=2&page=2")


async def test_what_did_not_change_is_free(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    first = await bot.get(BACKEND)
    second = await bot.get(BACKEND, headers={"if-none-match": first.headers["etag"]})

    assert (second.status_code, second.content) == (304, b"")
    used = [answer.headers["x-ratelimit-used"] for answer in (first, second)]
    assert used[0] == used[1]
    assert first.headers["x-github-request-id"] != second.headers["x-github-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nonsense", 404),
        ("GET", f"{BACKEND}/pulls/99", 404),
        ("GET", f"{BACKEND}/pulls/nan", 404),
        ("DELETE", BACKEND, 404),
        ("GET", "/meta", 200),
        ("GET", "/rate_limit", 200),
        ("GET", "/app", 401),
        ("GET", "/user", 403),
    ],
)
async def test_every_path_has_an_answer(
    bot: httpx.AsyncClient, backend: Repository, method: str, path: str, status: int
) -> None:
    assert (await bot.request(method, path)).status_code == status


async def test_what_is_no_json_is_refused(bot: httpx.AsyncClient, backend: Repository) -> None:
    broken = await bot.post(f"{BACKEND}/issues", content=b"{")
    a_list = await bot.post(f"{BACKEND}/issues", json=[1])
    mistyped = await bot.post(f"{BACKEND}/issues", json={"title": 1})

    assert (broken.status_code, broken.json()["message"]) == (400, "Problems parsing JSON")
    assert (a_list.status_code, mistyped.status_code) == (400, 422)


async def test_every_request_is_noted(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository
) -> None:
    await bot.post(f"{BACKEND}/issues", json={"title": "Hello"})

    last = github.requests[-1]
    assert (last.method, last.path, last.status) == ("POST", f"{BACKEND}/issues", 201)
    assert (last.json, last.who) == ({"title": "Hello"}, "orbits[bot]")
