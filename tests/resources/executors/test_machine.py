"""How much of a machine may be used, by what the system says."""

from pathlib import Path

import pytest

from resources.executors.machine import free_memory, usable_cpus

GB = 1024**3


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A system on which this process is in the group `/bots/ours`."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text("1:name=systemd:/x\n0::/bots/ours\n")
    meminfo = "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\nSwapFree: 0 kB\n"
    (tmp_path / "proc" / "meminfo").write_text(meminfo)
    (tmp_path / "groups" / "bots" / "ours").mkdir(parents=True)
    return tmp_path


def told(system: Path) -> tuple[float, float]:
    places = (system / "proc", system / "groups")
    return usable_cpus(*places), free_memory(*places) / GB


def grant(system: Path, group: str, **files: str) -> None:
    for name, text in files.items():
        (system / "groups" / group / name.replace("_", ".")).write_text(f"{text}\n")


def test_without_limits_it_is_the_whole_machine(system: Path) -> None:
    grant(system, "bots/ours", cpu_max="max 100000", memory_max="max", memory_current="5000")
    cpus, memory = told(system)
    assert cpus >= 1
    assert memory == 8


def test_a_group_may_use_less(system: Path) -> None:
    grant(system, "bots/ours", cpu_max="50000 100000")
    grant(system, "bots/ours", memory_max=str(2 * GB), memory_current=str(GB))
    assert told(system) == (0.5, 1)


def test_the_limits_of_the_groups_around_it_count_too(system: Path) -> None:
    grant(system, "bots", cpu_max="20000 100000", memory_max=str(GB), memory_current=str(GB // 2))
    assert told(system) == (0.2, 0.5)


def test_where_nothing_is_told_something_is_assumed(tmp_path: Path) -> None:
    cpus, memory = told(tmp_path)
    assert cpus >= 1
    assert memory == 2


def test_a_group_that_has_used_all_leaves_nothing(system: Path) -> None:
    grant(system, "bots/ours", memory_max=str(GB), memory_current=str(2 * GB), cpu_max="1 100000")
    assert told(system) == (0.1, 0)
