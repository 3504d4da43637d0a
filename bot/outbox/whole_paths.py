"""Which file of a commit a script meant that named it by the end of its path."""

from dataclasses import replace

from bot.github.answers import CheckRun
from bot.github.door import GitHub
from bot.github.failures import GitHubFailed
from bot.report.repository_paths import whole_path


async def with_whole_paths(github: GitHub, repository: str, sha: str, words: CheckRun) -> CheckRun:
    """Give partial paths of a check's annotations in full, where the commit changed such a file.

    Else GitHub shows them in the check, but not beside the line. What cannot be asked of the
    commit does not keep the check from being written; raises where it can be asked a little later.
    """
    if not any(each.partial for each in words.annotations):
        return words
    try:
        files = (await github.changed_paths(repository, sha)).paths
    except GitHubFailed as failed:
        if failed.passing:
            raise
        return words
    annotations = tuple(
        replace(each, path=whole_path(each.path, files)) if each.partial else each
        for each in words.annotations
    )
    return replace(words, annotations=annotations)
