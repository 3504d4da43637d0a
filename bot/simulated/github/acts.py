"""Every act that the world knows, bound together over one stream of happenings."""

from bot.simulated.github.accounts import Account
from bot.simulated.github.apps import App
from bot.simulated.github.branches import Branches
from bot.simulated.github.check_reports import CheckReports
from bot.simulated.github.checking import Checks
from bot.simulated.github.conversations import Conversations
from bot.simulated.github.departures import Departures
from bot.simulated.github.happenings import Announce
from bot.simulated.github.merge_queue import MergeQueue
from bot.simulated.github.pull_requests import PullRequests
from bot.simulated.github.reporting import Reports


class Acts:
    """What can be done; people, REST and pages all act through here."""

    def __init__(self, announce: Announce, apps: dict[str, App], queue_bot: Account) -> None:
        self.announce = announce
        self.branches = Branches(announce)
        self.conversations = Conversations(announce)
        self.departures = Departures(announce, self.conversations)
        self.pull_requests = PullRequests(self.branches, self.conversations)
        self.checks = Checks(announce, apps)
        self.check_reports = CheckReports(self.checks)
        self.reports = Reports(announce, self.branches)
        self.merge_queue = MergeQueue(announce, self.branches, self.pull_requests, queue_bot)
        self.branches.watchers += [self.checks.branch_moved, self.pull_requests.branch_moved]
