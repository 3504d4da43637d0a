"""Every tenant's stack, side by side, none in the way of another."""

import asyncio
from pathlib import Path

from resources.errors import OrbitsError, StepFailed
from resources.example.stack import MyStack
from resources.library import Notification
from resources.model.workflow import Workflow


class TenantsFailed(OrbitsError):
    """Some tenants' stacks could not be brought to their revisions; the others were."""


class Tenants(Workflow):
    """Bring many tenants to their revisions, and tell people once how it went.

        Tenants(rollout="7f3c", stacks=tuple(stacks), notifications=home / "notifications.jsonl")

    One tenant fails alone: the others are done all the same, and it is named at the end.
    """

    rollout: str
    stacks: tuple[MyStack, ...]
    notifications: Path

    async def define(self) -> dict[str, dict[str, str]]:
        """Answer the revisions of each tenant; raises `TenantsFailed` where any failed."""
        results = await asyncio.gather(
            *(self.do("deploy-stack", stack) for stack in self.stacks), return_exceptions=True
        )
        done: dict[str, dict[str, str]] = {}
        failed: dict[str, StepFailed] = {}
        for stack, result in zip(self.stacks, results, strict=True):
            match result:
                case StepFailed():
                    failed[stack.tenant] = result
                case BaseException():  # a cancellation, or a bug: not a tenant's failure
                    raise result
                case revisions:
                    done[stack.tenant] = revisions
        await self._notify(done, failed)
        if failed:
            raise _summary(done, failed)
        return done

    async def _notify(self, done: dict[str, dict[str, str]], failed: dict[str, StepFailed]) -> None:
        text = f"{len(done)} of {len(self.stacks)} tenants updated"
        if failed:
            text += f", {', '.join(failed)} failed"
        await self.do(
            "notify",
            Notification(
                file=self.notifications,
                key=f"rollout-{self.rollout}",
                text=text,
                facts={"updated": list(done), "failed": list(failed)},
            ),
        )


def _summary(done: dict[str, dict[str, str]], failed: dict[str, StepFailed]) -> TenantsFailed:
    total = len(done) + len(failed)
    reasons = "\n".join(f"{tenant}: {error}" for tenant, error in failed.items())
    return TenantsFailed(
        f"{len(failed)} of {total} tenants failed, the others were updated.\n{reasons}",
        failed={tenant: str(error) for tenant, error in failed.items()},
        updated=list(done),
    )
