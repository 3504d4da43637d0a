"""The guide, followed from its first line to its last by somebody in a hurry."""

import re
import shutil
from pathlib import Path

from tests.docs.conftest import Shell
from tests.docs.documents import GUIDE, ROOT, Document
from tests.docs.test_readme import cells

guide = Document(GUIDE)
set_up, begin, repository, plan_it, test_it, deploy_it, tenants = guide.code("bash")
update, source, plan, crash_test, put_back, way_back, deploy = guide.code("python")


class Reader:
    """Types what the guide shows, in one folder after the first step."""

    def __init__(self, shell: Shell) -> None:
        (shell.home / ".gitconfig").write_text(
            "[user]\n\tname = Maya\n\temail = maya@example.com\n"
        )
        self.shell = shell
        self.folder = shell.home / "first-stack"

    def types(self, code: str) -> str:
        """Answer what is printed."""
        there = f"cd {self.folder}\n" if self.folder.exists() else ""
        # Of the plugins of this project's own tests the reader has none.
        done = self.shell.run(there + code, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def writes(self, name: str, text: str) -> None:
        """Save a file."""
        (self.folder / name).write_text(text)

    def reads(self, name: str) -> str:
        """Answer what is in a file."""
        return (self.folder / name).read_text()


def test_who_follows_the_guide_has_a_stack_that_deploys(shell: Shell, migrated_file: Path) -> None:
    reader = Reader(shell)
    reader.types(set_up)
    assert "12 passed" in reader.types(begin)
    assert update in reader.reads("site_stack.py")
    assert put_back in reader.reads("test_site_stack.py")

    reader.types(repository)
    stack = reader.reads("site_stack.py")
    (there,) = re.findall(r"^SOURCE = .*\n", stack, flags=re.MULTILINE)
    reader.writes("site_stack.py", stack.replace(there, source))

    reader.writes("plan.py", plan)
    assert [reader.types(plan_it).strip()] == [text.strip() for text in guide.code("text")]

    reader.writes("test_site_stack.py", f"{reader.reads('test_site_stack.py')}\n\n{crash_test}")
    assert "13 passed" in reader.types(test_it)

    reader.writes("deploy.py", deploy)
    # A database that needs no upgrade, which would take its time.
    shutil.copy(migrated_file, reader.folder / "orbits.db")
    _, page, *_, run, _ = reader.types(deploy_it).splitlines()
    assert page == "<h1>Hello, acme!</h1>"
    assert cells(run)[1:4] == ["site-acme", "update", "succeeded"]

    added, *_ = reader.types(tenants).splitlines()
    assert added.startswith("Added the tenant acme; it gets each of its services")


def test_the_way_back_of_a_schema_is_that_of_the_example() -> None:
    assert way_back in (ROOT / "resources" / "example" / "services.py").read_text()
