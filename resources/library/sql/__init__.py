"""Schemas as numbered SQL files: what all databases have in common, SQLite, and other tools."""
