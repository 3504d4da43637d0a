"""The objects that were there before a module had them: what they hold is not the module's."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from bot.store.tables import TerraformImport


def note(session: Session, identity: str, addresses: Collection[str]) -> None:
    """Remember that these objects are taken into a state, if it is not known yet."""
    for address in addresses:
        session.merge(TerraformImport(identity=identity, address=address))


def noted(session: Session, identity: str) -> frozenset[str]:
    """Answer what was ever taken into a state."""
    query = select(TerraformImport.address).where(col(TerraformImport.identity) == identity)
    return frozenset(session.exec(query))
