"""Somebody tries the bot out with a token of their own, before there is an App."""

from pydantic import SecretStr

from bot.demo.changes import REMEMBER_PHONE
from tests.stories.world import World


async def test_with_somebodys_own_token_a_merge_is_deployed_and_told_in_a_comment(
    world: World,
) -> None:
    token = world.maya.personal_token()
    await world.is_set_up(
        github_token=SecretStr(token), github_app_id=None, github_private_key=None
    )

    merge = await world.merges(REMEMBER_PHONE)
    await world.settles()

    assert world.revisions("backend") == {"acme": merge.sha, "globex": merge.sha}
    (comment,) = [each for each in merge.pull.comments if "2 of 2 tenants" in each.body]
    assert comment.author is world.maya
    assert world.checks(merge.sha) == []

    await world.types(merge.pull, "/orbits status")
    assert any(each.body.startswith("<!-- orbits: answer to") for each in merge.pull.comments)
