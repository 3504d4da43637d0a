"""What it costs to keep 200 tenants' infrastructure by the bot, beside the same commands by hand.

By hand is what an agency has without a bot: `init` once, then for each tenant `plan -out` and
`apply` of that plan, as many at once as there are CPUs (`xargs -P`). Its states are served too,
by Terraform's `http` backend, from a server that does nothing but keep bytes: whoever works on
them from more than one machine has such a store. Its CPU counts, as that of the bot's own does,
which is in the same process as the engine. What the same commands cost with states in files stands
beside it. Each contender has a process of its own, and its CPU seconds are those of that process
and all that it started.

Of the 1,000 tenants of whom nothing differs, no Terraform is run the first time either: a program
that does nothing stands in for it.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.apart import apart
from tests.bench.measuring import NotAvailable, Part, Row, Sample, any_failed, in_turn
from tests.bench.stores import DISK, Store, migrated

TENANTS = 200
UNCHANGED = 1_000
ROUNDS = 3
MOST = 1.15
MOST_SECONDS = 3.0
MODULE = """
variable "tenant" {
  type = string
}

resource "terraform_data" "site" {
  input = var.tenant
}

output "address" {
  value = "${terraform_data.site.output}.internal"
}
"""
STAND_IN = "#!/bin/sh\n"
COLUMNS = {
    "who": "",
    "CPU s": ".1f",
    "of which the bot or xargs": ".1f",
    "ms a tenant": ".0f",
    "seconds": ".1f",
    "of by hand": ".2f",
    "at most": ".2f",
}
SKIPPED = {"database": "", "seconds": ".2f", "at most": ".0f", "ms a tenant": ".2f"}
BY_HAND, IN_FILES = "by hand, states served", "by hand, states in files"


def parts(*stores: Store) -> Iterator[Part]:
    """Measure on both databases; nothing is measured where there is no Terraform."""
    yield _applied(stores)
    yield _skipped(stores)


def _applied(stores: tuple[Store, ...]) -> Part:
    rounds: dict[str, Callable[[], Sample]] = {
        BY_HAND: partial(_by_hand, "served"),
        IN_FILES: partial(_by_hand, "in_files"),
        **{f"the bot, {store.name}": partial(_by_the_bot, store) for store in stores},
    }
    measured = in_turn(rounds, ROUNDS, fewer={IN_FILES: 1})
    rows: list[Row] = []
    for who, each in measured.items():
        cpu = each.median("cpu")
        figures = (
            f"{who} {each.problem}" if each.problem else who,
            cpu,
            each.median("own"),
            None if cpu is None else 1e3 * cpu / TENANTS,
            each.median("seconds"),
            each.ratio(measured[BY_HAND], "cpu"),
            MOST if who.startswith("the bot") else None,
        )
        rows.append(dict(zip(COLUMNS, figures, strict=True)))
    title = f"{TENANTS} tenants planned and applied by Terraform, {os.cpu_count()} at once"
    return Part(title, COLUMNS, rows, any_failed(measured))


def _skipped(stores: tuple[Store, ...]) -> Part:
    rounds = {store.name: partial(_nothing_to_do, store) for store in stores}
    measured = in_turn(rounds, 1)
    rows: list[Row] = []
    for name, each in measured.items():
        seconds = each.median("seconds")
        figures = (
            f"{name} {each.problem}" if each.problem else name,
            seconds,
            MOST_SECONDS,
            None if seconds is None else 1e3 * seconds / UNCHANGED,
        )
        rows.append(dict(zip(SKIPPED, figures, strict=True)))
    return Part(f"{UNCHANGED:,} tenants, nothing to do", SKIPPED, rows, any_failed(measured))


def _by_hand(way: str) -> Sample:
    terraform = _terraform()
    with _folder() as folder:
        names = tenants(TENANTS)
        function = f"tests.bench.terraform_by_hand:{way}"
        sample: Sample = apart(function, folder=str(folder), terraform=terraform, names=names)
        return sample


def _by_the_bot(store: Store) -> Sample:
    terraform = _terraform()
    with _folder() as folder, migrated(store) as url:
        function = "tests.bench.terraform_by_the_bot:applied"
        sample: Sample = apart(
            function, url=url, folder=str(folder), terraform=terraform, names=tenants(TENANTS)
        )
        return sample


def _nothing_to_do(store: Store) -> Sample:
    with _folder() as folder, migrated(store) as url:
        stand_in = folder / "terraform"
        stand_in.write_text(STAND_IN)
        stand_in.chmod(0o755)
        function = "tests.bench.terraform_by_the_bot:skipped"
        sample: Sample = apart(
            function, url=url, folder=str(folder), terraform=str(stand_in), names=tenants(UNCHANGED)
        )
        return sample


def tenants(number: int) -> list[str]:
    """Answer names of tenants."""
    return [f"tenant-{each:04}" for each in range(number)]


@contextmanager
def _folder() -> Iterator[Path]:
    """Have a folder with the module in `module`, gone afterwards."""
    DISK.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=DISK.resolve(), ignore_cleanup_errors=True) as name:
        module = Path(name) / "module"
        module.mkdir()
        (module / "main.tf").write_text(MODULE)
        yield Path(name)


def _terraform() -> str:
    """Answer the program; raises `NotAvailable`."""
    found = shutil.which("terraform")
    if found is None:
        raise NotAvailable(
            "no `terraform` on PATH: https://developer.hashicorp.com/terraform/install"
        )
    return found
