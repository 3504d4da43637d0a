"""What the engine does with resources: install, update, skip, share, queue, roll back."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from bot.engine.engine import Engine
from resources import Difference, NoWayBack, Plan, Resource, StepFailed
from tests.engine.things import Database, Fleet, Ledger, Mirror, Service


async def test_the_first_time_installs_and_updates(engine: Engine, ledger: Ledger) -> None:
    assert await engine.run(Database(name="a", size=2)) == "db://a?size=2"
    assert ledger.entries == ["open a", "resize a to 2"]


async def test_what_is_up_to_date_is_skipped_and_its_output_answered(
    engine: Engine, ledger: Ledger
) -> None:
    await engine.run(Database(name="a"))
    assert await engine.run(Database(name="a")) == "db://a?size=1"
    assert ledger.entries == ["open a", "resize a to 1"]


async def test_other_arguments_update_without_installing(engine: Engine, ledger: Ledger) -> None:
    await engine.run(Database(name="a", size=1))
    await engine.run(Database(name="a", size=2))
    assert ledger.entries == ["open a", "resize a to 1", "resize a to 2"]


async def test_force_does_what_is_up_to_date(engine: Engine, ledger: Ledger) -> None:
    await engine.run(Database(name="a"))
    await engine.run(Database(name="a"), force=True)
    assert ledger.entries == ["open a", "resize a to 1", "resize a to 1"]


async def test_a_new_version_of_the_class_installs_again(engine: Engine, ledger: Ledger) -> None:
    class NewDatabase(Database):
        version = 2

    await engine.run(Database(name="a"))
    await engine.run(_importable(NewDatabase)(name="a"))
    assert ledger.entries == ["open a", "resize a to 1"] * 2


async def test_after_a_failure_nothing_is_taken_for_up_to_date(
    engine: Engine, ledger: Ledger
) -> None:
    await engine.run(Database(name="a", size=1))
    with pytest.raises(StepFailed):
        await engine.run(Database(name="a", size=2, fails=True))
    await engine.run(Database(name="a", size=1))
    assert ledger.entries[-2:] == ["resize a to 2", "resize a to 1"]


async def test_the_same_asked_for_many_times_at_once_is_done_once(
    engine: Engine, ledger: Ledger
) -> None:
    outputs = await asyncio.gather(*(engine.run(Database(name="a")) for _ in range(20)))
    assert set(outputs) == {"db://a?size=1"}
    assert ledger.entries == ["open a", "resize a to 1"]


async def test_what_many_share_is_made_once_and_one_failure_stays_alone(
    engine: Engine, ledger: Ledger
) -> None:
    outcome = await engine.run(Fleet(names=("acme", "globex", "hooli"), failing=("globex",)))
    assert outcome == {"acme": "up", "globex": "RuntimeError: port taken", "hooli": "up"}
    assert ledger.entries.count("resize shared to 1") == 1


async def test_other_arguments_of_one_identity_take_their_turn_in_order(
    engine: Engine, ledger: Ledger
) -> None:
    sizes = [1, 2, 3, 4]
    runs = [await engine.submit(Database(name="a", size=size, gate="go")) for size in sizes]
    ledger.gate("go").set()
    for run in runs:
        await engine.outcome(run)
    done = [entry for entry in ledger.entries if entry.startswith("resize")]
    assert done == [f"resize a to {size}" for size in sizes]
    assert [entry for entry in ledger.entries if "arrived" in entry] == [
        f"arrived a {size}" for size in sizes
    ]


async def test_two_that_wait_for_each_other_are_found_and_both_named(engine: Engine) -> None:
    outcomes = await asyncio.gather(
        engine.run(Mirror(name="left")), engine.run(Mirror(name="right")), return_exceptions=True
    )
    told = " ".join(str(outcome) for outcome in outcomes)
    assert "would wait for itself" in told
    assert "mirror-left (update) → mirror-right (update) → mirror-left (update)" in told or (
        "mirror-right (update) → mirror-left (update) → mirror-right (update)" in told
    )


async def test_one_that_asks_for_itself_is_told_so(engine: Engine) -> None:
    class Vain(Resource):
        def identity(self) -> str:
            return "vain"

        async def define_update(self) -> None:
            await self.do("myself", Vain(), force=True)

    with pytest.raises(StepFailed, match="vain \\(update\\) would wait for itself"):
        await engine.run(_importable(Vain)())


async def test_a_rollback_goes_to_the_arguments_it_is_given(engine: Engine, ledger: Ledger) -> None:
    for size in (1, 2):
        await engine.run(Database(name="a", size=size))
    assert await engine.run(Database(name="a", size=1), "rollback") == "db://a?size=1"
    assert ledger.entries[-1] == "resize a to 1"


async def test_what_was_never_brought_about_has_no_way_back(engine: Engine) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(Database(name="a"), "rollback")
    assert isinstance(failed.value.cause, NoWayBack)
    assert failed.value.reason == (
        "database-a cannot be rolled back: it was never brought about with success, so there is "
        "nothing to go back to. Nothing was changed."
    )


async def test_what_was_uninstalled_is_installed_anew(engine: Engine, ledger: Ledger) -> None:
    await engine.run(Database(name="a"))
    await engine.run(Database(name="a"), "uninstall")
    await engine.run(Database(name="a"))
    assert ledger.entries == ["open a", "resize a to 1", "remove a", "open a", "resize a to 1"]


async def test_a_plan_knows_what_was_brought_about_last_and_changes_nothing(
    engine: Engine, ledger: Ledger
) -> None:
    await engine.run(Database(name="a", size=1))
    plan = await engine.run(Database(name="a", size=3), "plan")
    assert plan == Plan(changes=(Difference(path="size", desired=3, observed=1),))
    await engine.run(Database(name="a", size=1))
    assert ledger.entries == ["open a", "resize a to 1"]


async def test_a_resource_may_have_commands_of_its_own(engine: Engine, ledger: Ledger) -> None:
    assert await engine.run(Database(name="a"), "vacuum") == "vacuumed"


async def test_an_unknown_command_is_refused_with_those_that_exist(engine: Engine) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(Database(name="a"), "explode")
    assert failed.value.reason == (
        "database-a knows no command `explode`; it knows cycle, install, plan, rollback, "
        "uninstall, update, vacuum. Nothing was changed."
    )


async def test_a_hook_that_matters_and_is_not_defined_raises(engine: Engine) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(Service(name="web"), "uninstall")
    assert failed.value.reason == (
        "service-web cannot be asked to uninstall: its class Service defines no "
        "`define_uninstall`. Nothing was changed."
    )


async def test_what_is_not_intact_is_brought_about_again(engine: Engine, ledger: Ledger) -> None:
    class Fragile(Resource):
        def identity(self) -> str:
            return "fragile"

        async def intact(self) -> bool:
            return "mend" in ledger.entries

        async def define_update(self) -> None:
            ledger.note("broken" if not ledger.entries else "mend")

    fragile = _importable(Fragile)
    for _ in range(3):
        await engine.run(fragile())
    assert ledger.entries == ["broken", "mend"]


async def test_a_failure_in_a_nested_resource_names_the_step_that_its_author_named(
    engine: Engine,
) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(Service(name="web", fails=True))
    assert (failed.value.identity, failed.value.step) == ("service-web", "start")


_numbers = itertools.count()


def _importable(kind: type[Resource]) -> Callable[..., Resource]:
    """Let a class that is made in a test be found by its name, as the store's rows name it."""
    kind.__qualname__ = f"{kind.__name__}{next(_numbers)}"
    globals()[kind.__qualname__] = kind
    return kind
