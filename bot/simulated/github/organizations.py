"""Organizations: the owners of repositories."""

from pathlib import Path

from bot.simulated.github.accounts import GITHUB_SIGNATURE, Account
from bot.simulated.github.git import Changes, Draft, Executable
from bot.simulated.github.platform import Platform
from bot.simulated.github.refusals import GitHubRefused, invalid
from bot.simulated.github.repositories import Repository


class Organization(Account):
    """An owner of repositories; nobody may do anything in them until they are allowed to."""

    def __init__(self, login: str, platform: Platform) -> None:
        super().__init__(login, platform.next_id(), "Organization")
        self._platform = platform
        self.repositories: dict[str, Repository] = {}
        self.teams: dict[str, set[str]] = {}
        """The logins of each team, by its slug."""

    def __repr__(self) -> str:
        return f"<Organization {self.login}>"

    def members_of(self, team: str) -> set[str]:
        """Return the logins in a team; nobody is in one that does not exist."""
        return self.teams.get(team, set())

    async def create_repository(
        self,
        name: str,
        files: Changes | Path | None = None,
        *,
        default_branch: str = "main",
        private: bool = True,
    ) -> Repository:
        """Create a repository with a first commit of some files, or of a whole directory.

        Without files it holds a README. Refused if the name is taken.
        """
        repository = await self.create_empty(name, default_branch=default_branch, private=private)
        first = files_of(files) if isinstance(files, Path) else files
        await self.fill(repository, first or {"README.md": f"# {name}\n"})
        return repository

    async def create_empty(
        self, name: str, *, default_branch: str = "main", private: bool = True
    ) -> Repository:
        """Create a repository without a commit; refused if the name is taken."""
        if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise invalid("Repository", "name")
        if self.repository(name):
            message = "name already exists on this account"
            raise invalid("Repository", "name", "custom", message)
        repository = Repository(self._platform, self, name, private=private)
        repository.default_branch = default_branch
        # Nobody else gets the name while the folder is made.
        self.repositories[name.lower()] = repository
        await repository.git.create(default_branch)
        return repository

    async def fill(self, repository: Repository, files: Changes) -> None:
        """Give an empty repository its first commit."""
        draft = Draft("Initial commit", GITHUB_SIGNATURE, GITHUB_SIGNATURE)
        sha = await repository.git.commit_changes(None, files, draft)
        await repository.git.point(f"refs/heads/{repository.default_branch}", sha)

    def repository(self, name: str) -> Repository | None:
        """Return a repository by its name."""
        return self.repositories.get(name.lower())


def files_of(directory: Path) -> Changes:
    """Return every file under a directory, what may be run as such; `.git` is left out."""
    if not directory.is_dir():
        raise GitHubRefused(f"{directory} is no directory to make a repository of.")
    found: dict[str, str | bytes | None] = {}
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory)
        if path.is_file() and not {".git", "__pycache__"} & set(relative.parts):
            content = path.read_bytes()
            runnable = path.stat().st_mode & 0o100
            found[relative.as_posix()] = Executable(content) if runnable else content
    return found
