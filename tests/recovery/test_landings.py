"""What landed on a branch, by its commits alone."""

from datetime import UTC, datetime, timedelta

from bot.github.answers import Commit, CommitsBetween
from bot.recovery.landings import MOST_COMMITS, stretches, trail

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def commit(sha: str, *parents: str, minutes_old: int = 60) -> Commit:
    """A commit of some age at noon."""
    at = NOON - timedelta(minutes=minutes_old)
    return Commit(sha=sha, parents=parents, title=sha, author="maya", committed_at=at)


def test_a_merge_is_one_step_whatever_it_merged() -> None:
    side = commit("side", "old")
    merge = commit("merge", "own", "side")
    between = CommitsBetween((commit("own", "old"), side, merge), complete=True)

    way = trail(between, "merge")

    assert [each.sha for each in way.commits] == ["merge", "own"]
    assert way.whole


def test_a_branch_that_went_very_far_is_followed_only_so_far() -> None:
    chain = tuple(commit(str(n + 1), str(n)) for n in range(MOST_COMMITS + 10))

    way = trail(CommitsBetween(chain, complete=True), chain[-1].sha)

    assert (len(way.commits), way.whole) == (MOST_COMMITS, False)


def test_a_list_that_github_cut_is_not_whole() -> None:
    assert not trail(CommitsBetween((commit("b", "a"),), complete=False), "b").whole


def test_only_what_is_young_at_the_end_of_a_branch_is_left_for_later() -> None:
    chain = (
        commit("a", "old"),
        commit("b", "a", minutes_old=3),
        commit("c", "b", minutes_old=10),
        commit("d", "c", minutes_old=2),
    )
    way = trail(CommitsBetween(chain, complete=True), "d")

    assert [each.sha for each in way.without_young(NOON).commits] == ["c", "b", "a"]


def test_a_commit_from_the_future_is_not_young() -> None:
    way = trail(CommitsBetween((commit("a", "old", minutes_old=-60),), complete=True), "a")

    assert way.without_young(NOON) == way


def test_what_was_pushed_lies_between_merges_and_what_was_handled() -> None:
    chain = tuple(commit(new, old) for old, new in zip("0abcde", "abcdef", strict=True))
    way = trail(CommitsBetween(chain, complete=True), "f")

    found = [(each.newest.sha, each.before) for each in stretches(way, {"d"}, "0")]

    assert found == [("f", "d"), ("c", "0")]


def test_of_a_forced_push_what_it_threw_away_counts_too() -> None:
    way = trail(CommitsBetween((commit("new", "shared"),), complete=True), "new")

    (stretch,) = stretches(way, (), "thrown-away")

    assert (stretch.newest.sha, stretch.before) == ("new", "thrown-away")
