"""A folder of numbered SQL files, read and put in order."""

import re
from pathlib import Path

from resources.errors import Refused
from resources.library.sql.refusals import no_folder
from resources.library.sql.sqlite_migrate import Migration

NAME = re.compile(r"(?P<number>\d{4})_[A-Za-z0-9_-]+\.sql")
DOWN = ".down.sql"


def read_migrations(folder: Path) -> list[Migration]:
    """Answer the migrations in a folder, in order; raises `Refused` where there is no folder.

    Nobody knows what belongs to a folder that is not there: to take it for an empty one would be
    to take everything back.
    """
    if not folder.is_dir():
        raise no_folder(folder)
    return in_order({path.name: _text(path) for path in folder.glob("*.sql")})


def in_order(files: dict[str, str]) -> list[Migration]:
    """Answer files as migrations: `0001_users.sql`, its `0001_users.down.sql`, `0002_...`.

    Raises `Refused` for a name of another form, two files of one number, a gap, and a way
    down from nowhere.
    """
    names = sorted(name for name in files if not name.endswith(DOWN))
    for before, name in zip([None, *names], names, strict=False):
        _check(before, name)
    downs = {name.removesuffix(DOWN) + ".sql" for name in files if name.endswith(DOWN)}
    for lost in sorted(downs - set(names)):
        down = lost.removesuffix(".sql") + DOWN
        raise Refused(f"{down} leads back from {lost}, which is not there. Nothing was changed.")
    return [
        Migration(name, files[name], files.get(name.removesuffix(".sql") + DOWN)) for name in names
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name} is not UTF-8 text: {error}. Nothing was changed.") from error


def _check(before: str | None, name: str) -> None:
    """Refuse a name that is no migration's, or does not follow the one before it."""
    match = NAME.fullmatch(name)
    if match is None:
        raise Refused(
            f"{name} is no migration's name: it must be like 0007_add_orders.sql. "
            "Nothing was changed."
        )
    wanted = 1 if before is None else int(before[:4]) + 1
    if int(match["number"]) != wanted:
        after = "at the beginning" if before is None else f"after {before}"
        raise Refused(f"{name} should be number {wanted:04} {after}. Nothing was changed.")
