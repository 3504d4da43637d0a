"""The differences between a database's schema and what migration files make of it."""

from resources.model.resource import Difference, Severity


def of_file(name: str, desired: str | None, applied: str | None) -> Difference | None:
    """Answer how a file differs that is desired, or applied, or both, by its checksums."""
    if applied is None:
        return not_applied(name)
    if desired is None:
        return not_desired(name)
    return None if applied == desired else edited(name, desired, applied)


def not_applied(name: str) -> Difference:
    """Answer that a file should be applied, and is not."""
    return _critical(f"migrations/{name}", "applied", None)


def not_desired(name: str) -> Difference:
    """Answer that a file is applied, and should not be."""
    return _critical(f"migrations/{name}", None, "applied")


def cut_off(name: str) -> Difference:
    """Answer that a file, which is no transaction, was begun and never ended."""
    return _critical(f"migrations/{name}", "applied", "begun")


def edited(name: str, desired: str, applied: str) -> Difference:
    """Answer that a file is not what it was when it was applied, by both checksums."""
    return _critical(f"migrations/{name}", f"sha256:{desired}", f"sha256:{applied}")


def changed_by_hand(name: str, recorded: str | None, observed: str | None) -> Difference:
    """Answer that an object of the schema is not as the last file left it."""
    return _critical(f"schema/{name}", recorded, observed)


def _critical(path: str, desired: str | None, observed: str | None) -> Difference:
    return Difference(path=path, desired=desired, observed=observed, severity=Severity.CRITICAL)
