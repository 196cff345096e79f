"""Which elements and attributes of a notebook's HTML a report lets through."""

from __future__ import annotations

import re

import bleach  # type: ignore[import-untyped]


def names(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_TAGS = names(
    "a abbr b blockquote br caption code col colgroup dd del details dfn div dl dt em figcaption "
    "figure h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strike "
    "strong sub summary sup table tbody td tfoot th thead time tr tt u ul var"
)
# What a value must look like, wholly. The scheme of a link is bleach's business.
_TEXT = re.compile(r".*", re.DOTALL)
_COUNT = re.compile(r"\d{1,4}")
_EVERYWHERE = {
    # An id of the notebook must not pass for one of the report's own, nor a class.
    "id": re.compile(r"nb-[^\s\"'<>&]{1,200}"),
    "class": re.compile(r"(?:dataframe|highlight|math|[a-z][a-z0-9]{0,2})"),
}
_ATTRIBUTES = {
    "a": {
        "href": _TEXT,
        "title": _TEXT,
        "rel": re.compile("noopener noreferrer nofollow"),
        "target": re.compile("_blank"),
    },
    "abbr": {"title": _TEXT},
    "col": {"span": _COUNT},
    "details": {"open": re.compile("|open")},
    "img": {
        "src": re.compile(r"report_files/[\w-]+\.[a-z]{3,4}", re.ASCII),
        "alt": _TEXT,
        "title": _TEXT,
        "width": _COUNT,
        "height": _COUNT,
    },
    "ol": {"start": _COUNT},
    "table": {"border": re.compile("[01]")},
    "td": {"colspan": _COUNT, "rowspan": _COUNT},
    "th": {"colspan": _COUNT, "rowspan": _COUNT, "scope": re.compile("row|col|rowgroup|colgroup")},
    "time": {"datetime": _TEXT},
}
LINK_SCHEMES = names("http https mailto")


def is_listed(tag: str, name: str, value: str) -> bool:
    """Say whether an element may carry this attribute with this value."""
    pattern = _EVERYWHERE.get(name) or _ATTRIBUTES.get(tag, {}).get(name)
    return pattern is not None and pattern.fullmatch(value) is not None


def allow(html: str) -> str:
    """Let through what is listed; the text of everything else stays, its tags go."""
    cleaned: str = bleach.clean(
        html,
        tags=_TAGS,
        attributes=is_listed,
        protocols=LINK_SCHEMES,
        strip=True,
        strip_comments=True,
    )
    return cleaned.strip()
