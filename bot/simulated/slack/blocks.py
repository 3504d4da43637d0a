"""Block Kit's limits, as far as a bot that reports needs them.

docs.slack.dev/reference/block-kit/blocks, and for the words of the refusals
github.com/grafana/oncall/pull/5121. A block that is not known here is refused as Slack refuses
one that does not exist.
"""

from collections.abc import Callable
from typing import Any

MOST_BLOCKS = 50
MOST_FIELDS = 10
MOST_ACTIONS = 25
MOST_IN_CONTEXT = 10
_TEXT, _FIELD, _HEADER, _BUTTON = 3000, 2000, 150, 75
_ID, _VALUE, _URL, _ALT = 255, 2000, 3000, 2000
_STYLES = ("primary", "danger")


def faults_of(blocks: list[Any]) -> list[str]:
    """Return what is wrong with the blocks of a message, each with where it is."""
    examination = _Examination()
    examination.examine(blocks)
    return examination.faults


class _Examination:
    """Walks through the blocks and notes each fault."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._ids: set[str] = set()
        self._kinds: dict[str, Callable[[dict[str, Any], str], None]] = {
            "actions": self._actions,
            "context": self._context,
            "divider": lambda block, where: None,
            "header": self._header,
            "image": self._image,
            "section": self._section,
        }

    def examine(self, blocks: list[Any]) -> None:
        """Examine all blocks of a message."""
        self._count(blocks, "/blocks", MOST_BLOCKS, least=0)
        for number, block in enumerate(blocks):
            self._block(block, f"/blocks/{number}")

    def _fault(self, fault: str, where: str) -> None:
        self.faults.append(f"{fault} [json-pointer:{where}]")

    def _block(self, block: Any, where: str) -> None:
        if not isinstance(block, dict):
            self._fault("must be an object", where)
            return
        kind = block.get("type")
        if kind not in self._kinds:
            self._fault(f"unsupported type: {kind}", f"{where}/type")
            return
        self._length(block, "block_id", where, _ID, needed=False)
        if (name := block.get("block_id")) in self._ids:
            self._fault(f"block_id already exists: {name}", f"{where}/block_id")
        elif name is not None:
            self._ids.add(str(name))
        self._kinds[kind](block, where)

    def _header(self, block: dict[str, Any], where: str) -> None:
        self._words(block.get("text"), f"{where}/text", _HEADER, plain=True)

    def _section(self, block: dict[str, Any], where: str) -> None:
        text, fields = block.get("text"), block.get("fields")
        if text is None and fields is None:
            self._fault("must define either `fields` or `text`", where)
        if text is not None:
            self._words(text, f"{where}/text", _TEXT)
        if fields is not None and self._count(fields, f"{where}/fields", MOST_FIELDS):
            for number, field in enumerate(fields):
                self._words(field, f"{where}/fields/{number}", _FIELD)
        if (accessory := block.get("accessory")) is not None:
            self._element(accessory, f"{where}/accessory", ("button", "image"))

    def _context(self, block: dict[str, Any], where: str) -> None:
        elements = block.get("elements")
        if self._count(elements, f"{where}/elements", MOST_IN_CONTEXT):
            for number, element in enumerate(elements or ()):
                kinds = ("image", "mrkdwn", "plain_text")
                self._element(element, f"{where}/elements/{number}", kinds)

    def _actions(self, block: dict[str, Any], where: str) -> None:
        elements = block.get("elements")
        if self._count(elements, f"{where}/elements", MOST_ACTIONS):
            for number, element in enumerate(elements or ()):
                self._element(element, f"{where}/elements/{number}", ("button",))

    def _element(self, element: Any, where: str, kinds: tuple[str, ...]) -> None:
        kind = element.get("type") if isinstance(element, dict) else None
        if kind not in kinds:
            self._fault(f"unsupported type: {kind}", f"{where}/type")
        elif kind == "button":
            self._button(element, where)
        elif kind == "image":
            self._image(element, where)
        else:
            self._words(element, where, _TEXT)

    def _button(self, button: dict[str, Any], where: str) -> None:
        self._words(button.get("text"), f"{where}/text", _BUTTON, plain=True)
        self._length(button, "action_id", where, _ID, needed=False)
        self._length(button, "value", where, _VALUE, needed=False)
        self._length(button, "url", where, _URL, needed=False)
        if button.get("style") not in (None, *_STYLES):
            self._fault(f"must be one of {', '.join(_STYLES)}", f"{where}/style")

    def _image(self, image: dict[str, Any], where: str) -> None:
        self._length(image, "image_url", where, _URL)
        self._length(image, "alt_text", where, _ALT)

    def _words(self, words: Any, where: str, most: int, *, plain: bool = False) -> None:
        """Examine a text object (docs.slack.dev/reference/block-kit/composition-objects)."""
        if not isinstance(words, dict):
            self._fault("must provide an object", where)
            return
        kinds = ("plain_text",) if plain else ("mrkdwn", "plain_text")
        if words.get("type") not in kinds:
            self._fault(f"unsupported type: {words.get('type')}", f"{where}/type")
        self._length(words, "text", where, most)

    def _length(
        self, thing: dict[str, Any], name: str, where: str, most: int, *, needed: bool = True
    ) -> None:
        value, pointer = thing.get(name), f"{where}/{name}"
        if value is None:
            if needed:
                self._fault(f"missing required field: {name}", where)
        elif not isinstance(value, str):
            self._fault("must provide a string", pointer)
        elif not value:
            self._fault("must be more than 0 characters", pointer)
        elif len(value) > most:
            self._fault(f"must be less than {most + 1} characters", pointer)

    def _count(self, things: Any, where: str, most: int, least: int = 1) -> bool:
        """Say whether a list can be walked through, and note if it has too few or too many."""
        if not isinstance(things, list):
            self._fault("must provide an array", where)
            return False
        if len(things) > most:
            self._fault(f"no more than {most} items allowed", where)
        if len(things) < least:
            self._fault(f"no fewer than {least} items allowed", where)
        return True
