"""A process of the bot on whose machine trees go as soon as they are made, and git forgets at once.

    python -m tests.resources.forgetful_process ADDRESS CACHE REVISION...

The file `a` of each revision holds its number among all that there are.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from resources.library import Checkout
from resources.library.git.mirrors import in_use
from resources.testing import Rehearsal

TURNS = 3
TOO_MANY_IN_ONE_FOLDER = 40
"""Git counts the loose objects in one of 256 folders, and takes the others to be like it."""


def let_it_be_tidied(mirror: Path) -> None:
    """Let the mirror be due, and have so many loose objects that git packs and prunes."""
    loose = mirror / "objects" / "17"
    loose.mkdir(exist_ok=True)
    for number in range(TOO_MANY_IN_ONE_FOLDER):
        file = loose / f"{number:038x}"
        file.touch()
        os.utime(file, (0, 0))
    os.utime(mirror.with_suffix(".lock"), (0, 0))


async def main(address: str, cache: Path, revisions: list[str]) -> None:
    """Have each revision, turn by turn, and read it."""
    for _ in range(TURNS):
        for revision in revisions:
            checkout = Checkout(repository=address, revision=revision, cache=cache)
            tree = await Rehearsal().do(checkout)
            if sorted(path.name for path in tree.path.iterdir()) != ["a", "b"]:
                raise RuntimeError(f"{tree.path} is not whole")
            shutil.rmtree(tree.path)
            for mirror in (cache / "mirrors").glob("*.git"):
                async with in_use(mirror):
                    let_it_be_tidied(mirror)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
