"""Files that a script elsewhere is to leave, fetched one after the other and bounded together."""

from collections.abc import Awaitable, Callable

from resources.executors.failures import no_output
from resources.executors.script import FILES_LIMIT, Script, ScriptResult


async def files_back(
    script: Script, printed: ScriptResult, take: Callable[[str], Awaitable[bytes | None]]
) -> ScriptResult:
    """Answer the result with the files that the script was to leave; `take` fetches one of them.

    Raises `ScriptFailed` where one is not there, or all are more than is brought back.
    """
    files: dict[str, bytes] = {}
    for path in script.outputs:
        content = await take(path)
        if content is None:
            raise no_output(script, path, "is not there", printed)
        files[path] = content
        if sum(map(len, files.values())) > FILES_LIMIT:
            raise no_output(script, path, f"is more than the {FILES_LIMIT:,} bytes", printed)
    return printed.model_copy(update={"files": files})
