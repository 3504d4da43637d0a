"""Who the caller is: auth.test."""

from bot.simulated.slack.messages import Json
from bot.simulated.slack.web_api.methods import Call, Family

family = Family()


@family.on("auth.test", json=True)
def test_authentication(call: Call) -> Json:
    """Say whom the token speaks for (api.slack.com/methods/auth.test)."""
    workspace, member = call.world.workspace, call.app.member
    return {
        "url": f"{workspace.address}/",
        "team": workspace.name,
        "user": member.name,
        "team_id": workspace.id,
        "user_id": member.id,
        "bot_id": member.bot_id,
        "is_enterprise_install": False,
    }
