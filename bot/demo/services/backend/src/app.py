"""The API: who the customers of a shop are, and what they ordered."""


def greeting(name: str) -> str:
    return f"Hello {name}, here are your orders."
