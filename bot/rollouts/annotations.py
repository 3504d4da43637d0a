"""From what failed of a rollout to what its checks say beside lines of files."""

from collections.abc import Sequence

from bot.github.answers import Annotation
from bot.report.annotations import annotations
from bot.report.facts import DeploymentFacts
from bot.store.tables import Rollout


def annotations_of(row: Rollout, deployments: Sequence[DeploymentFacts]) -> tuple[Annotation, ...]:
    """Answer what is said of lines of the commit, because of these of its deployments.

    GitHub adds them to a check and never takes one away: say them once the check is completed. A
    script may have gone by the names of its own folder, so that their paths are partial.
    """
    return tuple(
        Annotation(
            path=each.path,
            start_line=each.start_line,
            end_line=each.end_line,
            level=each.level,
            message=each.message,
            title=each.title,
            partial=True,
        )
        for each in annotations(row.sha, deployments)
    )
