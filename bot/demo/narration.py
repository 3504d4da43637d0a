"""What the demo prints: headings, a line for each tenant, and what stands on the pull request."""

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from bot.report.facts import DeploymentFacts, RolloutFacts
from bot.report.progress import progress_line
from bot.report.sections import duration
from bot.states import State

MARKS = {State.SUCCEEDED: "[green]✔[/]", State.FAILED: "[red]✘[/]"}


class Narrator:
    """Tells the story on a terminal, or into a file."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self._console.print(f"\n[bold]{escape(title)}[/]")

    def line(self, text: str) -> None:
        """Say one thing that happened."""
        self._console.print(f"  {escape(text)}", highlight=False, soft_wrap=True)

    def deployment(self, facts: DeploymentFacts) -> None:
        """Say how one tenant's deployment ended."""
        took = f" in {duration(facts.took)}" if facts.took else ""
        words = f"{facts.tenant:<9} {_commit(facts.before)} → {_commit(facts.after)} "
        words += f"{facts.state}{took}"
        if facts.rolled_back_to:
            words += f", rolled back to {_commit(facts.rolled_back_to)}"
        mark = MARKS.get(facts.state, "•")
        self._console.print(f"  {mark} {escape(words)}", highlight=False)

    def rollout(self, facts: RolloutFacts) -> None:
        """Say how the whole rollout ended."""
        if facts.finished is not None:
            self.line(progress_line(facts, facts.finished))

    def comment(self, author: str, body: str) -> None:
        """Show the comment as it stands on the pull request, in Markdown."""
        panel = Panel(escape(body.strip()), title=escape(f"{author} commented"), title_align="left")
        self._console.print(panel, highlight=False)


def _commit(sha: str | None) -> str:
    return sha[:7] if sha else "nothing"
