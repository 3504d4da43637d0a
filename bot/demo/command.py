"""`orbits demo`."""

import asyncio
from pathlib import Path

import structlog
from rich.console import Console

from bot.demo.stage import tell


def tell_story(home: Path, port: int, *, once: bool) -> None:
    """Tell the story on standard output; raises `NotAsTold` where it did not happen."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(tell(home.absolute(), Console(), once=once, port=port))
