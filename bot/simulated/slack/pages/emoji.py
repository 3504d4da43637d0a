"""The emoji that have a name in Slack, as far as bots use them; others stay text."""

import re

from markupsafe import Markup, escape

from bot.simulated.slack.pages.pictures import drawing

_FACES = {
    "+1": "👍",
    "-1": "👎",
    "arrow_right": "➡️",
    "arrows_counterclockwise": "🔄",
    "bell": "🔔",
    "boom": "💥",
    "broken_heart": "💔",
    "construction": "🚧",
    "double_vertical_bar": "⏸️",
    "eyes": "👀",
    "fire": "🔥",
    "hammer_and_wrench": "🛠️",
    "heart": "❤️",
    "heavy_check_mark": "✔️",
    "hourglass_flowing_sand": "⏳",
    "information_source": "ℹ️",  # noqa: RUF001 - it is the emoji
    "large_blue_circle": "🔵",
    "large_green_circle": "🟢",
    "large_orange_circle": "🟠",
    "large_yellow_circle": "🟡",
    "leftwards_arrow_with_hook": "↩️",
    "lock": "🔒",
    "mag": "🔍",
    "no_entry": "⛔",
    "no_entry_sign": "🚫",
    "package": "📦",
    "point_right": "👉",
    "pushpin": "📌",
    "raised_hands": "🙌",
    "red_circle": "🔴",
    "rewind": "⏪",
    "rocket": "🚀",
    "rotating_light": "🚨",
    "ship": "🚢",
    "snowflake": "❄️",
    "tada": "🎉",
    "thumbsup": "👍",
    "warning": "⚠️",
    "wastebasket": "🗑️",
    "white_check_mark": "✅",
    "white_circle": "⚪",
    "wrench": "🔧",
    "x": "❌",
    "zap": "⚡",
}
_NAMES = {face.rstrip("\ufe0f"): name for name, face in _FACES.items()}
_EMOJI = re.compile(rf":([a-z0-9_+'-]+):|({'|'.join(_NAMES)})\ufe0f?")


def face(name: str) -> Markup:
    """Return the HTML of an emoji: a picture where there is one, else what a font has for it."""
    if name not in _FACES:
        return escape(f":{name}:")
    if drawing(name) is None:
        return Markup(_FACES[name])  # noqa: S704 - one of ours
    picture = Markup('<img class="emoji" src="/emoji/{}.svg" alt="{}" title=":{}:">')
    return picture.format(name, _FACES[name], name)


def split_at_faces(text: str) -> list[str]:
    """Return a text in pieces: every other one is the name of an emoji."""
    pieces, end = [], 0
    for emoji in _EMOJI.finditer(text):
        pieces += [text[end : emoji.start()], emoji.group(1) or _NAMES[emoji.group(2)]]
        end = emoji.end()
    return [*pieces, text[end:]]
