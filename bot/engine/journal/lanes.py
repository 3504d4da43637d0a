"""The places of runs in lanes, of which each lane has so many."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlmodel import col

from bot.states import State
from bot.store.tables import Place, Run

_of_these = col(Place.run_id).in_(bindparam("runs", expanding=True))
_PLACES = select(Place).where(_of_these)
_HOLD = update(Place).where(_of_these).values(held=True)
_HOLDERS = (
    select(col(Place.lane), col(Place.run_id))
    .join(Run, col(Run.id) == col(Place.run_id))
    .where(
        col(Place.lane).in_(bindparam("lanes", expanding=True)),
        col(Place.held),
        # Who has ended, or was told to wait after all, takes no room.
        col(Run.state) == State.RUNNING,
    )
)


class Room:
    """The room in the lanes of some runs, as it was read once, and as it was given away since."""

    def __init__(self, connection: Connection, runs: Sequence[str]) -> None:
        self._places: dict[str, list[Any]] = defaultdict(list)
        for place in connection.execute(_PLACES, {"runs": list(runs)}):
            self._places[place.run_id].append(place)
        self._holders: dict[str, set[str]] = defaultdict(set)
        if wanted := {place.lane for place in self._all() if not place.held}:
            for row in connection.execute(_HOLDERS, {"lanes": sorted(wanted)}):
                self._holders[row.lane].add(row.run_id)
        self._given: set[str] = set()

    def has_places(self, run_id: str) -> bool:
        """Answer whether a run is in any lane."""
        return run_id in self._places

    def give(self, run_id: str) -> bool:
        """Give a run a place in each of its lanes, or in none; answer whether it has them.

        It takes room from others as soon as it goes on.
        """
        places = self._places.get(run_id, [])
        if run_id not in self._given and any(map(self._is_full_for, places)):
            return False
        if places:
            self._given.add(run_id)
        return True

    def goes_on(self, run_id: str) -> None:
        """Note that a run which has its places is at work."""
        for place in self._places.get(run_id, []):
            self._holders[place.lane].add(run_id)

    def write(self, connection: Connection) -> None:
        """Write down which places were given away."""
        if self._given:
            connection.execute(_HOLD, {"runs": sorted(self._given)})

    def _all(self) -> list[Any]:
        return [place for places in self._places.values() for place in places]

    def _is_full_for(self, place: Any) -> bool:
        return not place.held and len(self._holders[place.lane]) >= place.most


def occupy(connection: Connection, run_id: str) -> bool:
    """Take a place in every lane of a run, or in none; answer whether it has them."""
    room = Room(connection, [run_id])
    has_places = room.give(run_id)
    room.write(connection)
    return has_places


def leave_lanes(connection: Connection, run_id: str) -> None:
    """Give a run's places up while it waits for others."""
    connection.execute(update(Place).where(col(Place.run_id) == run_id).values(held=False))
