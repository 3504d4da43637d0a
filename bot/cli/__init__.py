"""The command line: what can be typed, and what carries it out."""

from bot.cli.typed.orbits import app, main

__all__ = ["app", "main"]
