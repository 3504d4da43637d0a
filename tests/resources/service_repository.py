"""A git repository that a developer works in."""

import subprocess
from pathlib import Path

DEVELOPER = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Maya",
    "GIT_AUTHOR_EMAIL": "maya@example.com",
    "GIT_COMMITTER_NAME": "Maya",
    "GIT_COMMITTER_EMAIL": "maya@example.com",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}


class ServiceRepository:
    """A folder with a working tree; every commit is a revision that can be deployed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")

    @property
    def address(self) -> str:
        return str(self.path)

    def commit(self, files: dict[str, str | bytes | None]) -> str:
        """Write the files, remove those that are `None`, and answer the commit."""
        for name, content in files.items():
            path = self.path / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "Change it")
        return self._git("rev-parse", "HEAD").strip()

    def branch(self, name: str) -> None:
        """Go on on a branch of that name."""
        self._git("checkout", "--quiet", "-B", name)

    def leave(self, name: str) -> None:
        """Go back to main and remove the branch, so that its commits are on no branch."""
        self._git("checkout", "--quiet", "main")
        self._git("branch", "--quiet", "-D", name)

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=DEVELOPER,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout
