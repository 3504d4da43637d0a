"""What changed, as GitHub tells it and as far as it tells."""

import pytest

from bot.github.answers import ChangedPaths
from tests.github.conftest import NAME, Agency, answering


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_a_merge_tells_which_files_it_changed(agency: Agency, method: str) -> None:
    pull = await agency.opened("src/new.py")
    merged = await agency.maya.merges(pull, method)  # type: ignore[arg-type]

    changed = await agency.door.changed_paths(NAME, merged, pull.number)

    assert changed == ChangedPaths(("src/new.py",), complete=True)


async def test_a_rebase_of_several_commits_tells_the_files_of_all(agency: Agency) -> None:
    pull = await agency.opened("src/first.py")
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


async def test_a_pull_request_tells_which_files_it_would_change(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    await agency.maya.adds_to(pull, {"src/app.py": None, "lib/app.py": "1\n"})

    changed = await agency.door.proposed_paths(NAME, pull.number)

    assert changed == ChangedPaths(("lib/app.py", "src/app.py", "src/new.py"), complete=True)


async def test_a_long_list_of_a_pull_request_is_read_to_its_end(agency: Agency) -> None:
    many = [f"src/{number}.py" for number in range(250)]
    pull = await agency.opened(*many)

    changed = await agency.door.proposed_paths(NAME, pull.number)

    assert (set(changed.paths), changed.complete) == (set(many), True)


@pytest.mark.parametrize(("files", "complete"), [(2999, True), (3000, False)])
async def test_as_many_files_as_github_lists_of_a_pull_request_may_not_be_all(
    files: int, complete: bool
) -> None:
    listed = [{"filename": f"src/{number}.py"} for number in range(files)]
    async with answering(listed) as door:
        changed = await door.proposed_paths(NAME, 7)

    assert (len(changed.paths), changed.complete) == (files, complete)


async def test_a_push_tells_which_files_it_changed(agency: Agency) -> None:
    before = await agency.repository.commit_named("main")
    await agency.maya.pushes(agency.repository, {"src/first.py": "1\n"})
    after = await agency.maya.pushes(agency.repository, {"src/second.py": "2\n"})

    changed = await agency.door.changed_between(NAME, before, after)

    assert changed == ChangedPaths(("src/first.py", "src/second.py"), complete=True)


async def test_a_forced_push_changes_back_what_it_throws_away(agency: Agency) -> None:
    base = await agency.repository.commit_named("main")
    kept = await agency.maya.pushes(agency.repository, {"src/kept.py": "1\n"}, branch="other")
    thrown = await agency.maya.pushes(agency.repository, {"src/thrown.py": "1\n"})

    diverged = await agency.door.changed_between(NAME, thrown, kept)
    back = await agency.door.changed_between(NAME, thrown, base)

    assert diverged == ChangedPaths(("src/kept.py", "src/thrown.py"), complete=True)
    assert back == ChangedPaths(("src/thrown.py",), complete=True)


async def test_a_long_list_of_a_push_is_not_taken_for_whole(agency: Agency) -> None:
    before = await agency.repository.commit_named("main")
    many = {f"src/{number}.py": "new\n" for number in range(301)}
    after = await agency.maya.pushes(agency.repository, many)

    assert not (await agency.door.changed_between(NAME, before, after)).complete


@pytest.mark.parametrize("before", ["0" * 40, "f" * 40])
async def test_of_a_new_branch_and_of_commits_that_are_gone_nothing_is_known(
    agency: Agency, before: str
) -> None:
    after = await agency.repository.commit_named("main")

    assert await agency.door.changed_between(NAME, before, after) == ChangedPaths(
        (), complete=False
    )


async def test_a_commit_contains_itself_and_those_before_it(agency: Agency) -> None:
    first = await agency.repository.commit_named("main")
    second = await agency.maya.pushes(agency.repository, {"a.py": "1\n"})

    assert await agency.door.contains(NAME, second, first)
    assert await agency.door.contains(NAME, first, first)
    assert not await agency.door.contains(NAME, first, second)
    assert not await agency.door.contains(NAME, second, "f" * 40)
