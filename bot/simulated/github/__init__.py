"""A GitHub of people, repositories, branches and pull requests that behave, over real HTTP.

It knows nothing of any bot. Repositories are real git repositories; what GitHub
refuses is refused here (`GitHubRefused`).
"""

from bot.simulated.github.apps import App, Installation
from bot.simulated.github.checks import CheckRun, CheckSuite
from bot.simulated.github.deliveries import Delivery
from bot.simulated.github.deployments import CommitStatus, Deployment
from bot.simulated.github.issues import Comment, Issue
from bot.simulated.github.merge_queue import MergeGroup
from bot.simulated.github.organizations import Organization
from bot.simulated.github.people import User
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.repositories import Repository
from bot.simulated.github.requests_seen import SeenRequest
from bot.simulated.github.simulator import SimulatedGitHub

__all__ = [
    "App",
    "CheckRun",
    "CheckSuite",
    "Comment",
    "CommitStatus",
    "Delivery",
    "Deployment",
    "GitHubRefused",
    "Installation",
    "Issue",
    "MergeGroup",
    "Organization",
    "PullRequest",
    "Repository",
    "SeenRequest",
    "SimulatedGitHub",
    "User",
]
