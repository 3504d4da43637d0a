"""Our numbers for PostgreSQL's advisory locks; their first six bytes spell "orbits"."""

from enum import IntEnum

_ORBITS = 0x6F72626974730000


class Advisory(IntEnum):
    """What only one process does at a time, until its transaction ends."""

    UPGRADING_JOBS = _ORBITS + 1
    MIGRATING = _ORBITS + 2
    SWEEPING = _ORBITS + 3
    CLAIMING = _ORBITS + 4
