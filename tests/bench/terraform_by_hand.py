"""The commands that somebody types, or puts into a script, who has Terraform and no bot."""

import asyncio
import os
import resource
import subprocess
import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.simulated.serving import serving

QUIET = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
BACKEND = 'terraform {\n  backend "http" {}\n}\n'
IN_FILES = """
cd "$FOLDER/module" || exit 255
state="$FOLDER/$1.tfstate" plan="$FOLDER/$1.tfplan"
"$TERRAFORM" plan -json -state="$state" -out="$plan" -var "tenant=$1" &&
"$TERRAFORM" apply -json -state="$state" "$plan" || exit 255
rm "$plan"
"""
SERVED = """
cd "$FOLDER/module" || exit 255
export TF_HTTP_ADDRESS="$ADDRESS/$1" TF_HTTP_LOCK_ADDRESS="$ADDRESS/$1"
export TF_HTTP_UNLOCK_ADDRESS="$ADDRESS/$1" plan="$FOLDER/$1.tfplan"
"$TERRAFORM" plan -json -out="$plan" -var "tenant=$1" &&
"$TERRAFORM" apply -json "$plan" || exit 255
rm "$plan"
"""


def in_files(folder: str, terraform: str, names: list[str]) -> dict[str, float]:
    """Keep each tenant's state in a file."""
    return asyncio.run(_measured(IN_FILES, Path(folder), terraform, names, ""))


def served(folder: str, terraform: str, names: list[str]) -> dict[str, float]:
    """Keep each tenant's state on a server, by the `http` backend."""
    (Path(folder) / "module" / "backend.tf").write_text(BACKEND)
    return asyncio.run(_served(Path(folder), terraform, names))


async def _served(folder: Path, terraform: str, names: list[str]) -> dict[str, float]:
    states: dict[str, bytes] = {}

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if request.method == "POST":
            states[name] = await request.body()
        if request.method == "GET":
            return Response(states[name]) if name in states else Response(status_code=404)
        return Response()

    route = Route("/{name}", answer, methods=["GET", "POST", "LOCK", "UNLOCK"])
    async with serving(Starlette(routes=[route])) as address:
        sample = await _measured(SERVED, folder, terraform, names, address)
    if len(states) != len(names):
        raise RuntimeError(f"of {len(names)} states, {len(states)} were written")
    return sample


async def _measured(
    script: str, folder: Path, terraform: str, names: list[str], address: str
) -> dict[str, float]:
    environment = {
        **os.environ,
        **QUIET,
        "FOLDER": str(folder),
        "TERRAFORM": terraform,
        "ADDRESS": address,
        "TF_HTTP_ADDRESS": f"{address}/init",
    }
    at_once = str(os.cpu_count() or 1)
    began, before, own = time.perf_counter(), spent(), time.process_time()
    init = [terraform, f"-chdir={folder / 'module'}", "init"]
    await _done(init, environment, "")
    xargs = ["xargs", "-P", at_once, "-n", "1", "sh", "-c", script, "sh"]
    await _done(xargs, environment, "\n".join(names))
    return {
        "cpu": spent() - before,
        "own": time.process_time() - own,
        "seconds": time.perf_counter() - began,
    }


async def _done(argv: list[str], environment: dict[str, str], stdin: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *argv,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    await process.communicate(stdin.encode())
    if process.returncode != 0:
        raise RuntimeError(f"{argv[0]} ended with status {process.returncode}")


def spent() -> float:
    """Answer the CPU seconds of this process, and of all that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
