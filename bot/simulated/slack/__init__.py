"""A Slack of channels, people, apps and threads that behaves, over real HTTP.

It knows nothing of any bot. What Slack refuses is refused here, by Slack's names
(`SlackRefused`). It knows what a bot that reports needs: no attachments, no files, and no events
or interactivity, so that nothing calls an app back.
"""

from bot.simulated.slack.apps import App, Webhook
from bot.simulated.slack.channels import Channel
from bot.simulated.slack.messages import Message
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.requests_seen import SeenRequest
from bot.simulated.slack.simulator import SimulatedSlack
from bot.simulated.slack.workspace import Member

__all__ = [
    "App",
    "Channel",
    "Member",
    "Message",
    "SeenRequest",
    "SimulatedSlack",
    "SlackRefused",
    "Webhook",
]
