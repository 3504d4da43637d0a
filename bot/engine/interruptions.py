"""Why this process cannot go on with a run, though the run itself has not failed.

They are no `Exception`s: a workflow that catches what its steps raise must not take them for a
failure of the step, and nothing about them is remembered.
"""


class RunInterrupted(BaseException):
    """The run goes on later, here or elsewhere, from its last durable step."""


class LeaseLost(RunInterrupted):
    """Another process has taken the run over: nothing that this one does counts any more."""


class StoreFailed(RunInterrupted):
    """The store could not write or read; what was not answered as durable is done again."""


class Drained(RunInterrupted):
    """This process ends: what it has not begun is left to the next one."""
