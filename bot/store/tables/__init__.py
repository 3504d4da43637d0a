"""The tables; JSON is a column of that kind where people and queries look into it."""

from bot.store.tables.deliveries import Delivery, Head, Look, Recovered
from bot.store.tables.drifts import Accepted, Drift, KeptPolicy, Watch
from bot.store.tables.mishaps import Mishap
from bot.store.tables.notices import Notice, Silence, Written
from bot.store.tables.rollouts import Deployment, Order, Plan, Rollout
from bot.store.tables.runs import (
    LIVE_ROWS,
    DoneOnce,
    Owner,
    Place,
    Printed,
    Recorded,
    Run,
    Signal,
    Step,
    Wait,
)
from bot.store.tables.tallies import Tally
from bot.store.tables.tenants import Deployed, Hold, Tenant
from bot.store.tables.terraform import TerraformImport, TerraformLock, TerraformState

__all__ = [
    "LIVE_ROWS",
    "Accepted",
    "Delivery",
    "Deployed",
    "Deployment",
    "DoneOnce",
    "Drift",
    "Head",
    "Hold",
    "KeptPolicy",
    "Look",
    "Mishap",
    "Notice",
    "Order",
    "Owner",
    "Place",
    "Plan",
    "Printed",
    "Recorded",
    "Recovered",
    "Rollout",
    "Run",
    "Signal",
    "Silence",
    "Step",
    "Tally",
    "Tenant",
    "TerraformImport",
    "TerraformLock",
    "TerraformState",
    "Wait",
    "Watch",
    "Written",
]
