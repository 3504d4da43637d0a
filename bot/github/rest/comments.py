"""Comments under pull requests and issues, and reactions to them."""

from bot.github.answers import Created
from bot.github.failures import NotFound
from bot.github.rest.paging import pages
from bot.github.rest.paths import path_of
from bot.github.rest.people import People
from bot.github.shapes import Comment
from bot.github.wire import Wire


class Comments:
    """Comments, and reactions to them."""

    def __init__(self, wire: Wire, people: People) -> None:
        self._wire = wire
        self._people = people

    async def create(self, repository: str, number: int, body: str) -> int:
        """Write a comment and answer its id."""
        path = path_of(repository, "issues", number, "comments")
        return (await self._wire.ask(Created, "POST", path, body={"body": body})).id

    async def edit(self, repository: str, comment_id: int, body: str) -> None:
        """Replace the text of a comment."""
        path = path_of(repository, "issues", "comments", comment_id)
        await self._wire.ask(Created, "PATCH", path, body={"body": body})

    async def find(self, repository: str, number: int, marker: str) -> int | None:
        """Answer the oldest comment of our own that begins with the hidden marker."""
        me = await self._people.me()
        path = path_of(repository, "issues", number, "comments")
        async for page in pages(self._wire, tuple[Comment, ...], path):
            for comment in page:
                ours = comment.user is not None and comment.user.login == me.login
                if ours and comment.body.lstrip().startswith(marker):
                    return comment.id
        return None

    async def get(self, repository: str, comment_id: int) -> Comment | None:
        """Answer a comment as it is now; `None` once it is deleted."""
        path = path_of(repository, "issues", "comments", comment_id)
        try:
            return await self._wire.ask(Comment, "GET", path)
        except NotFound:
            return None

    async def react(self, repository: str, comment_id: int, content: str) -> int:
        """React to a comment, such as with `eyes`, and answer the reaction's id.

        GitHub answers with the one that is there, if it is: a second time does nothing.
        https://docs.github.com/en/rest/reactions/reactions#create-reaction-for-an-issue-comment
        """
        path = path_of(repository, "issues", "comments", comment_id, "reactions")
        return (await self._wire.ask(Created, "POST", path, body={"content": content})).id
