"""Scripts that are answered by rules of the test, in place of a machine that runs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple
from weakref import WeakValueDictionary

from resources.errors import OrbitsError, ScriptFailed
from resources.executors.executor import Executor, unheard
from resources.executors.failures import command_line, ended, no_output, not_started, timed_out
from resources.executors.output import BoundedOutput
from resources.executors.script import Script, ScriptResult

REST = "**"
"""At the end of a pattern, it stands for any further words."""


class SecretInArgv(OrbitsError):
    """A script would show a secret to everybody who lists the processes of its machine."""


class Ran(NamedTuple):
    """A script that was run, without what may be secret in it.

    `stdin` is masked; of the environment and the files it has the names.
    """

    argv: tuple[str, ...]
    stdin: str
    environment: tuple[str, ...]
    files: tuple[str, ...]


@dataclass
class _Rule:
    pattern: tuple[str, ...]
    output: str
    status: int
    files: Mapping[str, bytes]
    takes: timedelta
    left: int | None


class Scripts:
    """What the scripts of a test answer, and which of them were run.

        scripts = Scripts()
        scripts.answer("psql", "--version", output="psql 17\\n")
        scripts.fail("psql", "**", status=3, output="no such table", times=1)
        RunScript(argv=("psql", "--version"), executor=scripts.executor)

    A pattern has a glob for each word; `**` at its end stands for any further words. The first
    rule that fits, and is not used up after its `times`, answers. The executor is stored by
    `name`: of two with one name, the newer one answers.
    """

    def __init__(self, name: str = "scripts") -> None:
        self.executor = ScriptedExecutor(scripts=name)
        self.ran: list[Ran] = []
        self.mask: Callable[[str], str] = str
        """Takes secrets out of a text; a rehearsal that is given these scripts brings it."""
        self._rules: list[_Rule] = []
        _known[name] = self

    def answer(
        self,
        *pattern: str,
        output: str = "",
        files: Mapping[str, bytes] | None = None,
        takes: timedelta = timedelta(),
        times: int | None = None,
    ) -> None:
        """Let scripts like this succeed; `files` are the outputs that they leave.

        One that `takes` longer than its timeout is ended then, and fails.
        """
        self._rules.append(_Rule(pattern, output, 0, files or {}, takes, times))

    def fail(
        self, *pattern: str, status: int = 1, output: str = "", times: int | None = None
    ) -> None:
        """Let scripts like this end with a status; a negative one is a signal's number."""
        self._rules.append(_Rule(pattern, output, status, {}, timedelta(), times))

    def run(self, script: Script, on_output: Callable[[str], None]) -> ScriptResult:
        """Answer a script; raises `ScriptFailed`, and `SecretInArgv`."""
        shown = tuple(self.mask(word) for word in script.argv)
        if shown != script.argv:
            raise SecretInArgv(
                f"The command line `{self.mask(command_line(script))}` holds a secret, which "
                "everybody on its machine can see. Hand it over by `environment`, `stdin` or "
                "`files`."
            )
        self.ran.append(
            Ran(shown, self.mask(script.stdin), tuple(script.environment), tuple(script.files))
        )
        return _ended_by(self._rule_for(script), script, on_output)

    def _rule_for(self, script: Script) -> _Rule:
        for rule in self._rules:
            if rule.left != 0 and _fits(rule.pattern, script.argv):
                if rule.left is not None:
                    rule.left -= 1
                return rule
        words = ", ".join(f'"{word}"' for word in script.argv[:1])
        raise not_started(
            script, f'the test has no answer for it. Give one: scripts.answer({words}, "**").'
        )


class ScriptedExecutor(Executor):
    """Runs nothing: the `Scripts` of that name answer, in the process that has made them."""

    scripts: str = "scripts"

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Answer as the rules say; see `Executor.execute`."""
        known = _known.get(self.scripts)
        if known is None:
            raise ScriptFailed(
                f"`{command_line(script)}` could not be started: there are no Scripts "
                f'"{self.scripts}" in this process. Make them in the test, and hold them.'
            )
        return known.run(script, on_output)


def _ended_by(rule: _Rule, script: Script, on_output: Callable[[str], None]) -> ScriptResult:
    output = BoundedOutput(script.kept, on_output)
    output.take(rule.output.encode())
    printed = output.result()
    if rule.takes > script.timeout:
        raise timed_out(script, printed)
    if rule.status:
        raise ended(script, rule.status, printed)
    for path in script.outputs:
        if path not in rule.files:
            raise no_output(script, path, "was not left", printed)
    return printed.model_copy(update={"files": {path: rule.files[path] for path in script.outputs}})


def _fits(pattern: tuple[str, ...], argv: tuple[str, ...]) -> bool:
    if pattern and pattern[-1] == REST:
        pattern = pattern[:-1]
        argv = argv[: len(pattern)]
    pairs = zip(pattern, argv, strict=False)
    return len(pattern) == len(argv) and all(fnmatchcase(word, glob) for glob, word in pairs)


_known: WeakValueDictionary[str, Scripts] = WeakValueDictionary()
