"""The emoji that tell how something went, drawn: not every machine has a font with them."""

_BLUE = '<rect width="20" height="20" rx="4" fill="#3b88c3"/>'
_LINE = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'


def _disc(colour: str) -> str:
    return f'<circle cx="10" cy="10" r="9" fill="{colour}"/>'


_DRAWN = {
    "arrows_counterclockwise": _BLUE
    + f'<path d="M15.5 9A5.6 5.6 0 0 0 5.6 6.6M4.5 11a5.6 5.6 0 0 0 9.9 2.4M5 3.5v3.4h3.4M15 '
    f'16.5v-3.4h-3.4" {_LINE} stroke="#fff" stroke-width="1.8"/>',
    "double_vertical_bar": _BLUE + '<path d="M5.5 4h3v12h-3zm6 0h3v12h-3z" fill="#fff"/>',
    "eyes": '<ellipse cx="5.3" cy="10" rx="4.6" ry="7" fill="#fff" stroke="#8899a6"/>'
    '<ellipse cx="14.7" cy="10" rx="4.6" ry="7" fill="#fff" stroke="#8899a6"/>'
    '<circle cx="4" cy="10" r="2.4" fill="#292f33"/><circle cx="13.4" cy="10" r="2.4" '
    'fill="#292f33"/>',
    "hourglass_flowing_sand": '<path d="M4 1h12v2c0 4-4 5-4 7s4 3 4 7v2H4v-2c0-4 4-5 4-7S4 7 4 3z" '
    'fill="#bddcf4" stroke="#3b88c3"/><path d="M6 5h8c-.6 2-3 3-4 4-1-1-3.4-2-4-4zm4 6 4 6H6z" '
    'fill="#d99e3d"/>',
    "large_blue_circle": _disc("#3b88c3"),
    "large_green_circle": _disc("#78b159"),
    "large_orange_circle": _disc("#f4900c"),
    "large_yellow_circle": _disc("#fdcb58"),
    "leftwards_arrow_with_hook": _BLUE
    + f'<path d="M8 4 4.5 7.5 8 11M5 7.5h6.5a4 4 0 0 1 0 8H8" {_LINE} stroke="#fff" '
    'stroke-width="2"/>',
    "lock": '<path d="M6 9V6a4 4 0 0 1 8 0v3" fill="none" stroke="#aab8c2" stroke-width="2.4"/>'
    '<rect x="3" y="9" width="14" height="10" rx="2" fill="#ffac33"/>',
    "mag": '<circle cx="8" cy="8" r="6" fill="#bdddf4" stroke="#9aaab4" stroke-width="2"/>'
    '<path d="m12.5 12.5 6 6" stroke="#66757f" stroke-width="3" stroke-linecap="round"/>',
    "no_entry": _disc("#be1931") + '<path d="M4 8.5h12v3H4z" fill="#fff"/>',
    "red_circle": _disc("#dd2e44"),
    "rotating_light": '<path d="M5 15V9a5 5 0 0 1 10 0v6z" fill="#dd2e44"/><path d="M8 13V9.5" '
    'stroke="#f4abba" stroke-width="2" stroke-linecap="round"/><rect x="2" y="15" width="16" '
    'height="4" rx="1" fill="#99aab5"/>',
    "warning": '<path d="M10 1.5 19 18H1z" fill="#ffcc4d" stroke="#ffcc4d" stroke-linejoin='
    '"round" stroke-width="2"/><path d="M10 7v5.5m0 2.8v.1" stroke="#231f20" '
    'stroke-width="2.2" stroke-linecap="round"/>',
    "white_check_mark": '<rect width="20" height="20" rx="4" fill="#77b255"/>'
    f'<path d="m4.5 10.5 4 4.2 7-9.4" {_LINE} stroke="#fff" stroke-width="2.8"/>',
    "x": '<path d="m3 3 14 14M17 3 3 17" stroke="#dd2e44" stroke-width="4" '
    'stroke-linecap="round"/>',
}


def drawing(name: str) -> str | None:
    """Return the picture of an emoji as SVG, None where it is left to the browser's font."""
    if name not in _DRAWN:
        return None
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20">{_DRAWN[name]}</svg>'
