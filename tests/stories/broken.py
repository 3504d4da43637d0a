"""Stacks as somebody may write them who forgot an import."""

stacks = Stack  # type: ignore[name-defined]  # noqa: F821
