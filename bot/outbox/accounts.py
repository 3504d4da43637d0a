"""Whose limits a write counts towards: an owner on GitHub, or `way/name` elsewhere."""

GITHUB = "github"


def way_of(account: str) -> str:
    """Answer the way on which an account is written to, such as `github` or `slack`."""
    way, slash, _ = account.partition("/")
    return way if slash else GITHUB
