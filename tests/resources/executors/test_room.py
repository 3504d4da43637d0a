"""Who may go now, what is charged for it, and what is learned: plain values, no processes."""

from resources.executors.load import Load
from resources.executors.needs import LEAST_CPU, UNKNOWN, Learned, Needs, Shown, began
from resources.executors.room import Guest, Room

MB = 1024 * 1024
PLENTY = 100_000 * MB


def room(*, cpus: float = 2, memory: int = PLENTY, **needs: Needs) -> Room:
    """Answer a room in which scripts of some sorts have shown what they need."""
    learned = Learned()
    for sort, each in needs.items():
        learned.learn(sort, shown(each.cpu, own=each.further, common=each.common))
    return Room(cpus, memory, learned)


def shown(cpu: float, *, own: int = 0, common: int | None = 0, seconds: float = 10) -> Shown:
    load = Load(at=seconds, cpu=cpu * seconds, whole=own + (common or 0), own=own)
    return began(0.0).after(load, alone=common is not None)


def lines_up(room: Room, *sorts: str) -> list[Guest]:
    guests = [Guest(sort) for sort in sorts]
    for guest in guests:
        room.line_up(guest)
    return guests


def test_as_many_go_on_as_there_are_cpus_and_the_others_in_their_order() -> None:
    here = room(cpus=2)
    first, second, third, fourth = lines_up(here, "a", "b", "c", "d")

    assert here.let_in(0.0) == [first, second]
    assert here.let_in(0.0) == []
    here.leave(second)
    assert here.let_in(0.0) == [third]
    here.leave(first)
    assert here.let_in(0.0) == [fourth]


def test_nobody_small_overtakes_somebody_large() -> None:
    large, small = Needs(0.1, 900 * MB, 900 * MB), Needs(0.1, 10 * MB, 10 * MB)
    here = room(memory=1000 * MB, large=large, small=small)
    first, second, third = lines_up(here, "large", "large", "small")

    assert here.let_in(0.0) == [first]
    here.leave(first)
    assert here.let_in(0.0) == [second, third]


def test_what_a_sort_has_in_common_counts_once() -> None:
    here = room(cpus=100, memory=1500 * MB, aws=Needs(1.0, 820 * MB, 310 * MB))
    guests = lines_up(here, "aws", "aws", "aws", "aws")

    assert here.let_in(0.0) == guests[:3]
    assert here.held_memory == (820 + 310 + 310) * MB
    here.leave(guests[0])
    assert here.held_memory == (820 + 310) * MB


def test_who_needs_more_than_there_is_goes_alone() -> None:
    here = room(memory=100 * MB, vast=Needs(1.0, 900 * MB, 900 * MB), small=Needs(1.0, MB, MB))
    before, vast, after = lines_up(here, "small", "vast", "small")

    assert here.let_in(0.0) == [before]
    here.leave(before)
    assert here.let_in(0.0) == [vast]
    here.leave(vast)
    assert here.let_in(0.0) == [after]


def test_half_a_cpu_lets_one_at_a_time_work() -> None:
    here = room(cpus=0.5)
    first, second = lines_up(here, "a", "b")

    assert here.let_in(0.0) == [first]
    here.leave(first)
    assert here.let_in(0.0) == [second]


def test_who_needs_more_than_there_is_does_not_wait_for_those_who_only_wait() -> None:
    here = room(cpus=0.5)
    idler, next_one = lines_up(here, "psql", "psql")
    here.let_in(0.0)

    here.look(idler, Load(at=0.1, cpu=0.02, whole=9 * MB, own=5 * MB))
    assert here.let_in(0.1) == []
    here.look(idler, Load(at=0.3, cpu=0.02, whole=9 * MB, own=5 * MB))
    assert here.let_in(0.3) == [next_one]


def test_who_only_waits_gives_its_cpu_to_others_until_it_works_again() -> None:
    here = room(cpus=1)
    waits, second, third = lines_up(here, "a", "b", "c")
    assert here.let_in(0.0) == [waits]

    here.look(waits, Load(at=1.0, cpu=0.0, whole=0, own=0))
    assert here.let_in(1.0) == [second]
    here.look(waits, Load(at=2.0, cpu=0.9, whole=0, own=0))
    here.leave(second)
    assert here.let_in(2.0) == []
    here.look(waits, Load(at=3.0, cpu=0.9, whole=0, own=0))
    assert here.let_in(3.0) == [third]


def test_who_works_at_half_speed_holds_its_slot_all_the_same() -> None:
    here = room(cpus=1)
    slowed, _ = lines_up(here, "a", "b")
    here.let_in(0.0)

    here.look(slowed, Load(at=1.0, cpu=0.5, whole=0, own=0))

    assert here.held_cpus == 1.0
    assert here.let_in(1.0) == []


def test_who_needs_more_than_was_thought_holds_more() -> None:
    here = room(cpus=100, memory=1000 * MB, sort=Needs(0.5, 100 * MB, 100 * MB))
    (grows,) = lines_up(here, "sort")
    here.let_in(0.0)

    here.look(grows, Load(at=1.0, cpu=0.5, whole=950 * MB, own=950 * MB))
    lines_up(here, "sort")
    assert here.let_in(1.0) == []
    here.look(grows, Load(at=2.0, cpu=1.0, whole=10 * MB, own=10 * MB))
    assert here.held_memory == 950 * MB


def test_an_unknown_sort_is_thought_to_need_much_until_it_has_settled() -> None:
    here = room(memory=1000 * MB, cpus=100)
    (unknown,) = lines_up(here, "new")
    here.let_in(0.0)

    here.look(unknown, Load(at=4.9, cpu=0.0, whole=9 * MB, own=5 * MB))
    assert here.held_memory == UNKNOWN.further + 4 * MB
    here.look(unknown, Load(at=5.1, cpu=0.0, whole=9 * MB, own=5 * MB))
    assert here.held_memory == 9 * MB


def test_who_leaves_the_line_leaves_no_hole() -> None:
    here = room(cpus=1)
    first, second, third = lines_up(here, "a", "b", "c")
    assert here.let_in(0.0) == [first]

    here.leave(second)
    here.leave(second)
    here.leave(first)

    assert here.let_in(0.0) == [third]


def test_what_is_had_in_common_is_learned_only_from_one_that_was_alone() -> None:
    here = room(cpus=100)
    first, second = lines_up(here, "aws", "aws")
    here.let_in(0.0)
    here.look(first, Load(at=1.0, cpu=1.0, whole=565 * MB, own=310 * MB))
    here.leave(first)
    here.look(second, Load(at=2.0, cpu=2.0, whole=820 * MB, own=310 * MB))
    here.leave(second)

    learned = Learned()
    learned.learn("beside", shown(1.0, own=310 * MB, common=None))
    assert learned.of("beside") == Needs(1.0, UNKNOWN.first, 310 * MB)
    (third,) = lines_up(here, "aws")
    here.let_in(3.0)
    assert here.held_memory == 820 * MB
    assert third.needs == Needs(1.0, 820 * MB, 310 * MB)


def test_more_is_learned_at_once_and_less_slowly() -> None:
    learned = Learned()
    learned.learn("a", shown(0.8, own=800 * MB, common=80 * MB))
    learned.learn("a", shown(0.4, own=0, common=0))
    assert learned.of("a") == Needs(0.75, 770 * MB, 700 * MB)
    learned.learn("a", shown(1.0, own=900 * MB, common=None))
    assert learned.of("a") == Needs(1.0, 970 * MB, 900 * MB)


def test_who_ended_before_anybody_looked_teaches_nothing() -> None:
    here = room()
    (quick,) = lines_up(here, "true")
    here.let_in(0.0)
    here.leave(quick)

    assert not here.knows("true")


def test_who_idles_still_counts_for_a_little() -> None:
    learned = Learned()
    learned.learn("psql", shown(0.0))
    assert learned.of("psql") == Needs(LEAST_CPU, 0, 0)


def test_many_cpus_at_once_count_as_one() -> None:
    assert shown(3.5).cpu == 1.0
    assert shown(3.5).now == 1.0


def test_of_very_many_sorts_those_are_remembered_that_were_asked_for_last() -> None:
    learned = Learned(most=2)
    for sort in ("a", "b"):
        learned.learn(sort, shown(1.0))
    learned.of("a")
    learned.learn("c", shown(1.0))

    assert [sort for sort in ("a", "b", "c") if learned.of(sort)] == ["a", "c"]
