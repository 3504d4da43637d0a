"""The agency of the example: its three services, and the stack that each client gets."""

from collections.abc import Mapping
from pathlib import Path

from resources.example.stack import MyStack
from resources.fleet import Desired, Fleet, Service


def fleet(home: Path, sources: Mapping[str, str]) -> Fleet:
    """Answer the fleet that keeps everything under `home`.

    `sources` says for each service where git fetches it from.
    """

    def stack(desired: Desired) -> MyStack:
        return MyStack(
            tenant=desired.tenant,
            revisions=desired.revisions,
            variables=desired.variables,
            stages=desired.stages,
            put_back=desired.put_back,
            home=home,
            sources=sources,
        )

    return Fleet(
        services=tuple(
            Service(name=kind.service, repository=f"agency/{kind.service}")
            for kind in MyStack.kinds
        ),
        stack=stack,
    )


def stacks() -> Fleet:
    """Answer the fleet that `ORBITS_STACKS=resources.example:stacks` names, kept in `./agency`."""
    return fleet(
        home=Path.cwd() / "agency",
        sources={
            kind.service: f"https://github.com/agency/{kind.service}.git" for kind in MyStack.kinds
        },
    )
