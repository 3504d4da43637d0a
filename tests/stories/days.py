"""Days on which a story is told: a quiet one, and one on which everything on the way goes wrong."""

import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from sqlmodel import Session, col, select

from bot.github.events import handles
from bot.simulated.github import PullRequest, User
from bot.simulated.github.issues import Comment
from bot.states import State
from bot.store.tables import Delivery, Look, Notice
from tests.stories.end_states import EndState, Telling
from tests.stories.world import Merge, World

T = TypeVar("T")

MOST_ROUNDS = 20


class Day(ABC):
    """What people do at the agency. After each act they wait until all is at rest, and look."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._pulls: list[PullRequest] = []
        self._typed: list[Comment] = []

    @abstractmethod
    async def does(self, act: Callable[[], Awaitable[T]]) -> T:
        """Let somebody do something, and wait until nothing is left to be done about it."""

    async def configures(self, policy: str) -> None:
        """Let maya push an `orbits.toml` to the backend's main branch."""
        world = self.world
        await self.does(lambda: world.maya.pushes(world.backend, {"orbits.toml": policy}))

    async def merges(self, files: Mapping[str, str]) -> Merge:
        """Let maya propose a change of the backend, and merge it."""
        merge = await self.does(lambda: self.world.merges(files))
        self._pulls.append(merge.pull)
        return merge

    async def opens(self, who: User, files: Mapping[str, str]) -> PullRequest:
        """Let somebody propose a change of the backend."""
        world = self.world
        pull = await self.does(lambda: who.opens_pull_request(world.backend, "", dict(files)))
        self._pulls.append(pull)
        return pull

    async def types(self, pull: PullRequest, line: str) -> None:
        """Let maya write a comment."""
        self._typed.append(await self.does(lambda: self.world.maya.comments(pull, line)))

    async def passes(self, time: timedelta) -> None:
        """Let so much time go by at least."""

        async def wait() -> None:
            self.world.clock.pass_by(time)

        await self.does(wait)

    def end_state(self) -> EndState:
        """Answer what is left of the story."""
        return self.world.stored(
            lambda session: Telling(
                self.world.agency, session, self._pulls, self._typed
            ).end_state()
        )


class QuietDay(Day):
    """Nothing goes wrong."""

    async def does(self, act: Callable[[], Awaitable[T]]) -> T:
        answer = await act()
        await self.world.settles()
        return answer


class BadDay(Day):
    """Chance lets everything go wrong between GitHub and the bot, around each act.

    Deliveries come twice, late, in any order or not at all; requests fail, or are done and
    answered 502, or are too many; and the bot is stopped and started.
    """

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world)
        self._chance = random.Random(seed)  # noqa: S311 - a day that repeats

    async def does(self, act: Callable[[], Awaitable[T]]) -> T:
        self._begins()
        answer = await act()
        if self._falls(0.5):
            await self.world.restart()
        await self._clears_up()
        return answer

    def _begins(self) -> None:
        github, chance = self.world.github, self._chance
        github.duplicate_deliveries()
        github.shuffle_deliveries(chance.randrange(1000))
        if self._falls(0.4):
            github.pause_deliveries()
        if self._falls(0.4):
            github.lose_next_deliveries(chance.randrange(1, 6))
        github.lose_next_delivery_answers(chance.randrange(3))
        github.outages.fail(times=chance.randrange(6))
        github.outages.lose_answer("POST", "/repos/", times=chance.randrange(3))
        github.outages.lose_answer("PATCH", times=chance.randrange(3))
        github.outages.slow_down(times=chance.randrange(3), retry_after=chance.choice(["7", "90"]))
        if self._falls(0.2):
            # The hour's requests are used up: 403, with `x-ratelimit-reset`.
            github.rate_limits.enabled, github.rate_limits.per_hour = True, 0

    async def _clears_up(self) -> None:
        """Let time go by, with mischief at first, until the world has come to rest."""
        for number in range(MOST_ROUNDS):
            if number == 1:
                self._ends()
            self.world.clock.pass_by(timedelta(minutes=self._chance.randrange(6, 15)))
            if self._falls(0.8):
                await self.world.restart()
            await self.world.settles()
            if number >= 1 and not self.world.stored(self._unheard_or_untold):
                return
        raise AssertionError(f"No rest: {self.world.stored(self._unheard_or_untold)}")

    def _ends(self) -> None:
        github = self.world.github
        github.outages.end()
        github.rate_limits.enabled, github.rate_limits.per_hour = False, 5000
        github.lose_next_deliveries(0)
        github.lose_next_delivery_answers(0)
        github.resume_deliveries()

    def _unheard_or_untold(self, session: Session) -> list[str]:
        """Answer what is put off until later, and what GitHub could not hand over."""
        tried = [each.parcel for each in self.world.github.deliveries]
        matter = {each.guid for each in tried if handles(each.event, each.action)}
        pings = {each.guid for each in tried if each.event == "ping"}
        known = set(session.exec(select(Delivery.guid)))
        waiting = select(Delivery.guid).where(col(Delivery.state) == State.QUEUED)
        notices = select(Notice.key).where(
            col(Notice.due).is_(True), col(Notice.given_up).is_(False)
        )
        looks = select(Look.name).where(col(Look.told_to_wait).is_(True))
        left = [*session.exec(waiting), *session.exec(notices), *session.exec(looks)]
        return [*(matter - pings - known), *left]

    def _falls(self, share: float) -> bool:
        return self._chance.random() < share
