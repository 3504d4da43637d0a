"""The `orbits.toml` of a repository, as it is at a commit or on a branch."""

from bot.github.door import GitHub
from bot.github.failures import FileNotReadable
from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.problems import PolicyRefused
from bot.rollouts.policy.reading import POLICY_FILE, read_policy


async def policy_text(github: GitHub, repository: str, ref: str) -> str:
    """Answer its text, empty where there is none; may raise `FileNotReadable`."""
    return await github.file_at(repository, POLICY_FILE, ref) or ""


async def policy_at(github: GitHub, repository: str, ref: str) -> Policy | None:
    """Answer the policy; `None` for one that cannot be read."""
    try:
        return read_policy(await policy_text(github, repository, ref))
    except (FileNotReadable, PolicyRefused):
        return None
