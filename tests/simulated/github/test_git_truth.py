import pytest

from bot.simulated.github import GitHubRefused, Repository, SimulatedGitHub, User
from bot.simulated.github.history import changed_files, log, one_commit
from tests.simulated.github.conftest import Clock


async def test_a_pull_request_brings_its_commit_and_its_files(
    backend: Repository, maya: User
) -> None:
    changes = {"src/app.py": "one\n2\nthree\n", "old.txt": None, "new.txt": "new\n"}
    pull = await maya.opens_pull_request(backend, "Renew", changes)

    files = await changed_files(backend.git, pull.merge_base, pull.head_sha)

    assert [(file.path, file.status, file.additions, file.deletions) for file in files] == [
        ("new.txt", "added", 1, 0),
        ("old.txt", "removed", 0, 1),
        ("src/app.py", "modified", 1, 1),
    ]
    assert files[2].patch == "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
    assert (pull.number, pull.branch, pull.state) == (1, "maya-patch-1", "open")
    assert (pull.size.commits, pull.size.additions, pull.size.changed_files) == (1, 2, 3)


async def test_a_merge_has_two_parents(backend: Repository, maya: User) -> None:
    before = await backend.head()
    pull = await maya.opens_pull_request(backend, "Add b", {"b.txt": "b\n"}, branch="topic")

    sha = await maya.merges(pull)

    commit = await one_commit(backend.git, sha)
    assert commit.parents == (before, pull.head_sha)
    assert commit.message == "Merge pull request #1 from agency/topic\n\nAdd b"
    assert await backend.head() == sha == pull.merge_commit_sha
    assert await backend.git.blob(sha, "b.txt") == b"b\n"
    assert (pull.merged, pull.merged_by) == (True, maya)


async def test_a_squash_is_one_commit_on_the_base(backend: Repository, maya: User) -> None:
    pull = await maya.opens_pull_request(backend, "Add b", {"b.txt": "b\n"})
    await maya.adds_to(pull, {"c.txt": "c\n"}, "Add c")
    moved = await maya.pushes(backend, {"d.txt": "d\n"})

    sha = await maya.merges(pull, "squash")

    commit = await one_commit(backend.git, sha)
    assert commit.parents == (moved,)
    assert commit.message == "Add b (#1)\n\n* Add b\n\n* Add c"
    assert {path for path in ("b.txt", "c.txt", "d.txt") if await backend.git.blob(sha, path)} == {
        "b.txt",
        "c.txt",
        "d.txt",
    }


async def test_a_rebase_writes_every_commit_anew(backend: Repository, maya: User) -> None:
    pull = await maya.opens_pull_request(backend, "Add b", {"b.txt": "b\n"})
    await maya.adds_to(pull, {"c.txt": "c\n"}, "Add c")
    moved = await maya.pushes(backend, {"d.txt": "d\n"})

    sha = await maya.merges(pull, "rebase")

    commits = await log(backend.git, f"{moved}..{sha}")
    assert [commit.message for commit in commits] == ["Add c", "Add b"]
    assert pull.head_sha not in {commit.sha for commit in commits}
    assert pull.merge_commit_sha == sha == await backend.head()
    files = await changed_files(backend.git, f"{sha}^", sha)
    assert [file.path for file in files] == ["c.txt"]


async def test_a_rename_is_seen_as_one(backend: Repository, maya: User) -> None:
    changes = {"src/app.py": None, "src/main.py": "one\ntwo\nthree\n"}
    pull = await maya.opens_pull_request(backend, "Rename", changes)

    [file] = await changed_files(backend.git, pull.merge_base, pull.head_sha)

    assert (file.status, file.path, file.previous_path) == ("renamed", "src/main.py", "src/app.py")


async def test_the_same_acts_at_the_same_time_make_the_same_commits(
    backend: Repository, maya: User
) -> None:
    pull = await maya.opens_pull_request(backend, "Add b", {"b.txt": "b\n"})
    sha = await maya.merges(pull, "squash")

    assert sha == "2d0a5223687dc762cab906ecb95c35c321cfa64a"


async def test_commits_carry_the_time_of_the_clock(
    backend: Repository, maya: User, clock: Clock
) -> None:
    sha = await maya.pushes(backend, {"b.txt": "b\n"})

    assert (await one_commit(backend.git, sha)).committed_at == clock()


async def test_what_conflicts_cannot_be_merged(backend: Repository, maya: User) -> None:
    pull = await maya.opens_pull_request(backend, "Mine", {"src/app.py": "mine\n"}, branch="mine")
    await maya.pushes(backend, {"src/app.py": "theirs\n"})

    with pytest.raises(GitHubRefused) as refused:
        await maya.merges(pull)

    assert str(refused.value) == (
        "Pull Request is not mergeable: agency/backend#1: mine conflicts with main."
    )
    assert pull.state == "open"


async def test_a_rebase_that_conflicts_changes_nothing(backend: Repository, maya: User) -> None:
    pull = await maya.opens_pull_request(backend, "Mine", {"src/app.py": "mine\n"})
    head = await maya.pushes(backend, {"src/app.py": "theirs\n"})

    with pytest.raises(GitHubRefused):
        await maya.merges(pull, "rebase")

    assert await backend.head() == head


async def test_what_is_closed_merged_or_a_draft_cannot_be_merged(
    backend: Repository, maya: User
) -> None:
    closed = await maya.opens_pull_request(backend, "A", {"a": "a"})
    await maya.closes(closed)
    merged = await maya.opens_pull_request(backend, "B", {"b": "b"})
    await maya.merges(merged)
    draft = await maya.opens_pull_request(backend, "C", {"c": "c"}, draft=True)

    reasons = []
    for pull in (closed, merged, draft):
        with pytest.raises(GitHubRefused) as refused:
            await maya.merges(pull)
        reasons.append(refused.value.errors[0]["message"])

    assert reasons == [
        "agency/backend#1: it is closed.",
        "agency/backend#2: it is merged already.",
        "agency/backend#3: it is a draft.",
    ]


async def test_who_may_not_write_may_not_merge(
    backend: Repository, maya: User, rowan: User
) -> None:
    pull = await maya.opens_pull_request(backend, "B", {"b": "b"})

    with pytest.raises(GitHubRefused) as refused:
        await rowan.merges(pull)

    assert str(refused.value) == (
        "rowan may not merge in agency/backend: that needs the write role; theirs is read."
    )


async def test_who_may_only_read_works_in_a_fork(
    backend: Repository, maya: User, rowan: User
) -> None:
    pull = await rowan.opens_pull_request(backend, "B", {"b": "b"})
    await rowan.adds_to(pull, {"c": "c"})

    assert pull.label == "rowan:rowan-patch-1"
    assert list(await backend.git.branches()) == ["main"]
    sha = await maya.merges(pull)
    assert (await one_commit(backend.git, sha)).parents[1] == pull.head_sha


async def test_a_repository_exists_once(backend: Repository, github: SimulatedGitHub) -> None:
    with pytest.raises(GitHubRefused) as refused:
        await github.organization("agency").create_repository("Backend")

    assert str(refused.value) == "Validation Failed: name already exists on this account"


async def test_a_commit_is_found_only_where_it_was_pushed(
    backend: Repository, maya: User, github: SimulatedGitHub
) -> None:
    frontend = await github.organization("agency").create_repository("frontend")
    sha = await maya.pushes(backend, {"b.txt": "b\n"})
    assert await backend.git.blob(sha, "b.txt") == b"b\n"

    with pytest.raises(GitHubRefused) as refused:
        await frontend.commit_named(sha)

    assert str(refused.value) == f"No commit found for SHA: {sha}"


async def test_a_branch_is_where_it_was_moved_last(backend: Repository, maya: User) -> None:
    first = await maya.pushes(backend, {"b.txt": "1\n"}, branch="topic/b")
    assert await backend.head("topic/b") == first

    second = await maya.pushes(backend, {"b.txt": "2\n"}, branch="topic/b")
    assert await backend.head("topic/b") == second
    await maya.deletes_branch(backend, "topic/b")

    assert await backend.git.resolve("heads/topic/b") is None
    assert await backend.git.resolve("heads/topic") is None


async def test_a_pull_request_needs_commits(backend: Repository, maya: User) -> None:
    await maya.creates_branch(backend, "empty")

    with pytest.raises(GitHubRefused) as refused:
        await maya.opens_pull_request(backend, "Nothing", branch="empty")

    assert str(refused.value) == "Validation Failed: No commits between main and empty"
    assert backend.pulls == []


async def test_a_branch_has_one_open_pull_request(backend: Repository, maya: User) -> None:
    pull = await maya.opens_pull_request(backend, "B", {"b": "b"}, branch="topic")

    with pytest.raises(GitHubRefused) as refused:
        await maya.opens_pull_request(backend, "Again", branch="topic")

    assert str(refused.value) == (
        "Validation Failed: A pull request already exists for agency:topic."
    )
    await maya.closes(pull)
    assert (await maya.opens_pull_request(backend, "Again", branch="topic")).number == 2


async def test_a_commit_changes_something(backend: Repository, maya: User) -> None:
    with pytest.raises(GitHubRefused, match="would change nothing"):
        await maya.pushes(backend, {"old.txt": "old\n"})
    with pytest.raises(GitHubRefused, match="there is no such file"):
        await maya.pushes(backend, {"never.txt": None})
    with pytest.raises(GitHubRefused, match="cannot be the path"):
        await maya.pushes(backend, {"../outside": "x"})


async def test_a_push_of_a_head_to_the_base_merges_its_pull_request(
    backend: Repository, maya: User
) -> None:
    pull = await maya.opens_pull_request(backend, "B", {"b": "b"})

    await maya.force_pushes(backend, "main", pull.head_sha)

    assert (pull.merged, pull.merge_commit_sha) == (True, pull.head_sha)


async def test_a_deleted_branch_closes_its_pull_request(backend: Repository, maya: User) -> None:
    pull = await maya.opens_pull_request(backend, "B", {"b": "b"})

    await maya.deletes_branch(backend, pull.branch)

    assert (pull.state, pull.merged) == ("closed", False)
    with pytest.raises(GitHubRefused, match="was deleted"):
        await maya.reopens(pull)


async def test_a_queue_of_pull_requests_lands_together(backend: Repository, maya: User) -> None:
    one = await maya.opens_pull_request(backend, "B", {"b": "b"})
    two = await maya.opens_pull_request(backend, "C", {"c": "c"})

    group = await maya.queues(one, two)
    assert await backend.head(group.branch) == group.head_sha
    await group.lands()

    assert await backend.head() == group.head_sha
    assert {one.merge_commit_sha, two.merge_commit_sha} == {group.head_sha}
    assert "main" in await backend.git.branches()
    assert group.branch not in await backend.git.branches()
