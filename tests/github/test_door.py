"""What the bot asks of GitHub, and what comes of it."""

import pytest

from bot.github.answers import ChangedPaths, CheckRun, Me
from bot.github.auth import PersonalToken
from bot.github.door import GitHub
from bot.github.failures import GitHubFailed, NotFound
from bot.simulated.github import PullRequest
from tests.github.conftest import Agency

NAME = "agency/backend"
MARKER = "<!-- orbits -->"


def check(**changed: str | None) -> CheckRun:
    words: dict[str, str | None] = {
        "name": "orbits/deploy",
        "external_id": "rollout-1",
        "status": "in_progress",
        "conclusion": None,
        "title": "1 of 6 tenants updated",
        "summary": "It goes on.",
        "text": "",
    }
    return CheckRun(**{**words, **changed})  # type: ignore[arg-type]


async def opened(agency: Agency, *paths: str) -> PullRequest:
    changes = {path: f"{path}\n" for path in paths}
    return await agency.maya.opens_pull_request(agency.repository, "A change", changes)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_a_merge_tells_which_files_it_changed(agency: Agency, method: str) -> None:
    pull = await opened(agency, "src/new.py")
    merged = await agency.maya.merges(pull, method)  # type: ignore[arg-type]

    changed = await agency.door.changed_paths(NAME, merged, pull.number)

    assert changed == ChangedPaths(("src/new.py",), complete=True)


async def test_a_rebase_of_several_commits_tells_the_files_of_all(agency: Agency) -> None:
    pull = await opened(agency, "src/first.py")
    await agency.maya.adds_to(pull, {"src/second.py": "2\n"})
    merged = await agency.maya.merges(pull, "rebase")

    alone = await agency.door.changed_paths(NAME, merged)
    together = await agency.door.changed_paths(NAME, merged, pull.number)

    assert alone.paths == ("src/second.py",)
    assert set(together.paths) == {"src/first.py", "src/second.py"}


async def test_a_renamed_file_counts_under_both_names(agency: Agency) -> None:
    moved = {"src/app.py": None, "lib/app.py": "1\n"}
    sha = await agency.maya.pushes(agency.repository, moved)

    changed = await agency.door.changed_paths(NAME, sha)

    assert changed == ChangedPaths(("lib/app.py", "src/app.py"), complete=True)


async def test_a_list_that_github_cuts_is_not_taken_for_whole(agency: Agency) -> None:
    many = {f"src/{number}.py": "new\n" for number in range(301)}
    sha = await agency.maya.pushes(agency.repository, many)

    changed = await agency.door.changed_paths(NAME, sha)

    assert len(changed.paths) == 300
    assert not changed.complete


async def test_the_first_commit_of_a_repository_changed_all_its_files(agency: Agency) -> None:
    files = {"a.py": "1\n", "b.py": "2\n"}
    fresh = await agency.organization.create_repository("fresh", files)
    sha = await fresh.commit_named("main")

    changed = await agency.door.changed_paths("agency/fresh", sha)

    assert changed == ChangedPaths(("a.py", "b.py"), complete=True)


async def test_a_check_is_made_found_again_and_updated(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")

    made = await agency.door.create_check(NAME, sha, check())
    found = await agency.door.find_check(NAME, sha, "orbits/deploy", "rollout-1")
    done = check(status="completed", conclusion="success", title="6 of 6 tenants updated")
    await agency.door.update_check(NAME, made, done)

    [run] = agency.repository.check_runs(sha)
    assert found == made == run.id
    assert (run.status, run.conclusion, run.title) == (
        "completed",
        "success",
        "6 of 6 tenants updated",
    )


async def test_a_check_without_text_takes_the_earlier_text_away(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    made = await agency.door.create_check(NAME, sha, check(text="it failed"))

    await agency.door.update_check(NAME, made, check())

    [run] = agency.repository.check_runs(sha)
    assert not run.text


async def test_a_check_of_another_rollout_is_not_found(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    await agency.door.create_check(NAME, sha, check(external_id="rollout-2"))

    assert await agency.door.find_check(NAME, sha, "orbits/deploy", "rollout-1") is None


async def test_a_comment_is_written_found_again_and_edited(agency: Agency) -> None:
    pull = await opened(agency, "src/new.py")

    made = await agency.door.create_comment(NAME, pull.number, f"{MARKER}\nfirst")
    found = await agency.door.find_comment(NAME, pull.number, MARKER)
    await agency.door.edit_comment(NAME, made, f"{MARKER}\nsecond")

    assert found == made
    assert [comment.body for comment in pull.comments] == [f"{MARKER}\nsecond"]


async def test_a_comment_of_somebody_else_with_our_marker_is_not_ours(agency: Agency) -> None:
    pull = await opened(agency, "src/new.py")
    await agency.maya.comments(pull, f"{MARKER}\nI am the bot")

    assert await agency.door.find_comment(NAME, pull.number, MARKER) is None


async def test_a_comment_is_found_behind_a_hundred_others(agency: Agency) -> None:
    pull = await opened(agency, "src/new.py")
    for number in range(100):
        await agency.maya.comments(pull, f"word {number}")
    made = await agency.door.create_comment(NAME, pull.number, MARKER)

    assert await agency.door.find_comment(NAME, pull.number, MARKER) == made


async def test_a_pull_request_is_read_as_it_is_now(agency: Agency) -> None:
    pull = await opened(agency, "src/new.py")
    before = await agency.door.pull_request(NAME, pull.number)
    sha = await agency.maya.merges(pull)
    after = await agency.door.pull_request(NAME, pull.number)

    assert (before.merged, before.title, before.base.ref) == (False, "A change", "main")
    assert (after.merged, after.merge_commit_sha, after.commits) == (True, sha, 1)


async def test_the_app_knows_its_own_login_and_asks_once(agency: Agency) -> None:
    for _ in range(2):
        assert await agency.door.me() == Me(login="orbits[bot]", app_id=agency.app.id)
    assert agency.asked("GET", "/app") == 1


async def test_a_personal_token_serves_for_comments(agency: Agency) -> None:
    pull = await opened(agency, "src/new.py")
    door = GitHub(
        f"{agency.simulator.address}/api/v3",
        PersonalToken(agency.maya.personal_token()),
        clock=agency.clock,
        transport=agency.transport(),
    )
    async with door:
        made = await door.create_comment(NAME, pull.number, MARKER)
        assert await door.me() == Me(login="maya", app_id=None)
        assert await door.find_comment(NAME, pull.number, MARKER) == made


async def test_a_personal_token_is_told_that_it_may_not_write_checks(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    door = GitHub(
        f"{agency.simulator.address}/api/v3",
        PersonalToken(agency.maya.personal_token()),
        clock=agency.clock,
        transport=agency.transport(),
    )
    async with door:
        with pytest.raises(GitHubFailed) as failed:
            await door.create_check(NAME, sha, check())
    assert str(failed.value) == (
        "GitHub answered 403 to POST /api/v3/repos/agency/backend/check-runs. "
        "The App lacks a permission, or the installation is suspended."
    )


async def test_what_is_not_there_says_so(agency: Agency) -> None:
    with pytest.raises(NotFound) as missing:
        await agency.door.pull_request(NAME, 99)
    assert str(missing.value) == (
        "GitHub answered 404 to GET /api/v3/repos/agency/backend/pulls/99. "
        "It does not exist, or the App is not installed there or may not read it."
    )


async def test_a_repository_that_is_no_name_is_refused_before_anything_is_sent(
    agency: Agency,
) -> None:
    with pytest.raises(ValueError, match="owner/name"):
        await agency.door.pull_request("agency/backend/../../user", 1)
    assert agency.simulator.requests == []
