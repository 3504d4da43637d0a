"""Changes of tenants in the store: all of them or none, and only of what was looked at."""

import pytest

from bot.engine.clock import SystemClock
from bot.rollouts.profiles.differences import TenantChange
from bot.rollouts.profiles.profile import Profile
from bot.rollouts.tenants import Tenants, facts_of_tenants
from bot.store.database import Database
from bot.store.tables import Tenant
from resources.errors import Refused

EARLY, LATE = Profile(ring="early"), Profile(ring="late")
SIZED = Profile.model_construct(variables={"size": 3})


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database of the test's own, of each kind in turn."""
    own = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(own)
    return url


@pytest.fixture
async def tenants(database: Database) -> Tenants:
    """Two of them."""
    tenants = Tenants(database, SystemClock())
    await tenants.add(Tenant(name="acme", ring="early"))
    await tenants.add(Tenant(name="globex", ring="early", branches={"backend": "next"}))
    return tenants


async def test_they_are_added_changed_and_forgotten_at_once(tenants: Tenants) -> None:
    globex = (await tenants.profiles())["globex"]

    await tenants.carry_out(
        [
            TenantChange("acme", EARLY, LATE),
            TenantChange("globex", globex, None),
            TenantChange("hooli", None, SIZED),
        ]
    )

    assert await tenants.profiles() == {"acme": LATE, "hooli": SIZED}


@pytest.mark.parametrize(
    "stale",
    [
        TenantChange("globex", EARLY, LATE),
        TenantChange("globex", None, LATE),
        TenantChange("wayne", EARLY, LATE),
        TenantChange("wayne", EARLY, None),
    ],
)
async def test_who_was_changed_meanwhile_is_left_and_so_are_the_others(
    tenants: Tenants, stale: TenantChange
) -> None:
    before = await tenants.profiles()

    with pytest.raises(Refused) as refused:
        await tenants.carry_out([TenantChange("acme", EARLY, LATE), stale])

    assert str(refused.value) == (
        f"Somebody else changed `{stale.name}` meanwhile. Nothing was changed. Look at it, and "
        "type the same again."
    )
    assert await tenants.profiles() == before


async def test_what_matters_to_a_rollout_is_read(tenants: Tenants, database: Database) -> None:
    del tenants
    acme, globex = await database.read(facts_of_tenants)

    assert (acme.name, acme.ring, acme.services, acme.branches) == ("acme", "early", None, {})
    assert globex.branches == {"backend": "next"}
