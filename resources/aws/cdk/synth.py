"""An app of the CDK, run once for each commit: templates and assets for all tenants."""

import asyncio
import hashlib
import json
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, JsonValue

from resources.aws.cdk.assembly import MANIFEST, CloudAssembly
from resources.errors import OrbitsError, Refused
from resources.executors import Executor, LocalExecutor, Script
from resources.library.git.source import SourceTree
from resources.library.git.trees import clear_away, take
from resources.model.resource import Resource

LONGEST_VARIABLE = 32 * 1024
"""Characters of context beyond which it goes by a file, as the CDK's own tool has it go."""
_LEFT_OUT = shutil.ignore_patterns(".git", "cdk.out")


class CdkApp(BaseModel):
    """An app of the CDK in the files of a commit, and how it is run; no tenant is part of it.

    `directory` is where its `cdk.json` is. `argv` runs it; without one, `app` of `cdk.json` does,
    which no shell reads. `prepare` are commands before that, such as `("npm", "ci")`: they
    may write, as it all happens in a copy of the files. `home` keeps what was synthesized;
    `executor` is one of this machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceTree
    home: Path
    directory: PurePosixPath = PurePosixPath()
    argv: tuple[str, ...] = ()
    prepare: tuple[tuple[str, ...], ...] = ()
    context: Mapping[str, JsonValue] = {}
    executor: Executor = LocalExecutor()
    ends_within: timedelta = timedelta(minutes=10)
    """How long each of its commands may take."""

    @property
    def fingerprint(self) -> str:
        """What tells apart apps whose templates may differ."""
        text = self.model_dump_json(exclude={"home", "ends_within"})
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def assembly(self) -> Path:
        """The folder of what was synthesized."""
        return self.home / "assemblies" / self.fingerprint


class CdkSynth(Resource):
    """What an app of the CDK makes of one commit; whoever asks, it is run once on a machine.

        app = CdkApp(source=source, home=home, argv=("python3", "app.py"))
        assembly = await self.do("synth", CdkSynth(app=app))
        template = assembly.stack("Backend").template

    It is run as the CDK's own tool runs it, but for that tool, with a home of its own, and with
    no account: what differs between tenants is a parameter of the template. What no run has asked
    for in the last 14 days is removed, but for the last 10.
    """

    cycle_every: ClassVar[timedelta | None] = None

    app: CdkApp

    def identity(self) -> str:
        """Answer `cdk-synth-{fingerprint}`."""
        return f"cdk-synth-{self.app.fingerprint}"

    async def output(self) -> CloudAssembly:
        """Answer what was synthesized."""
        return CloudAssembly(path=self.app.assembly)

    async def intact(self) -> bool:
        """Answer whether this machine still has it, whole; if so, it is used from now on."""
        return await asyncio.to_thread(_is_there, self.app.assembly)

    async def define_update(self) -> None:
        """Run the app in a copy of its files, and move what it makes to its place."""
        if await self.intact():
            return
        place = self.app.assembly
        self._demand_files()
        folder = await asyncio.to_thread(_made_beside, place)
        try:
            await self._synthesize(folder)
            await asyncio.to_thread(_move, folder / "out", place)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await asyncio.to_thread(clear_away, place.parent, place)

    async def define_uninstall(self) -> None:
        """Remove what was synthesized."""
        await asyncio.to_thread(shutil.rmtree, self.app.assembly, ignore_errors=True)

    def _demand_files(self) -> None:
        app = self.app
        if not app.source.path.is_dir():
            raise Refused(
                f"{self.identity()} is not synthesized: there is no source tree in "
                f"{app.source.path} on this machine. Let a `Checkout` have it before, and retry. "
                "Nothing was changed."
            )
        if not (app.source.path / app.directory).is_dir():
            raise Refused(
                f"{self.identity()} is not synthesized: the source tree {app.source.path} has no "
                f"folder `{app.directory}`. Let `directory` name the one that has the app. Nothing "
                "was changed."
            )

    async def _synthesize(self, folder: Path) -> None:
        app, out = self.app, folder / "out"
        copied = folder / "source"
        await asyncio.to_thread(
            shutil.copytree, app.source.path, copied, ignore=_LEFT_OUT, symlinks=True
        )
        (folder / "home").mkdir()
        cwd = copied / app.directory
        settings = _read(cwd / "cdk.json")
        argv = app.argv or tuple(shlex.split(str(settings.get("app", ""))))
        if not argv:
            raise Refused(
                f"{self.identity()} is not synthesized: `argv` names no program, and the cdk.json "
                f"of {app.source.path / app.directory} no `app`. Name one. Nothing was changed."
            )
        context = {**_read(cwd / "cdk.context.json"), **settings.get("context", {}), **app.context}
        environment = {
            "HOME": str(folder / "home"),
            "CDK_OUTDIR": str(out),
            **_context_variable(folder, json.dumps(context)),
        }
        for command in (*app.prepare, argv):
            script = Script(argv=command, cwd=cwd, environment=environment, timeout=app.ends_within)
            await app.executor.execute(script, self.log)
        if not (out / MANIFEST).is_file():
            raise OrbitsError(
                f"`{shlex.join(argv)}` of {app.source.path / app.directory} succeeded, but made no "
                f"cloud assembly. Let it end with `app.synth()`, and retry."
            )
        if flaw := CloudAssembly(path=out).flaw():
            raise Refused(
                f"`{shlex.join(argv)}` of {app.source.path / app.directory} succeeded, but its "
                f"cloud assembly is not whole: {flaw}. Let it end with `app.synth()`, and let "
                "nothing else write there. Nothing was changed."
            )


def _context_variable(folder: Path, context: str) -> dict[str, str]:
    """Answer how an app is told its context: aws-cdk-lib/cx-api/lib/cxapi.ts."""
    if len(context) <= LONGEST_VARIABLE:
        return {"CDK_CONTEXT_JSON": context}
    file = folder / "context.json"
    file.write_text(context)
    return {"CONTEXT_OVERFLOW_LOCATION_ENV": str(file)}


def _read(path: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Refused(
            f"{path.name} of the CDK's app is no JSON: {error}. Mend it. Nothing was changed."
        ) from None
    return read


def _is_there(assembly: Path) -> bool:
    """Answer whether it is whole; from now on it counts as used just now."""
    return take(assembly) and CloudAssembly(path=assembly).flaw() is None


def _made_beside(place: Path) -> Path:
    """Have a folder to work in; what a crash leaves of it goes with what is old."""
    place.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=place.parent, prefix="."))


def _move(folder: Path, place: Path) -> None:
    """Move what is finished to its place; whoever was first there did the same work."""
    if not _is_there(place):
        shutil.rmtree(place, ignore_errors=True)
    try:
        folder.rename(place)
    except OSError:
        if not place.is_dir():
            raise
    take(place)
