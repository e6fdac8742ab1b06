"""One reversible mapping from the name of an Auto Scaling group to the name of a configuration item (CI).

A group's name may hold almost any character; a CI's name holds no ``/``, and what else Deploy refuses is
not documented. So everything but ASCII letters, digits, ``-``, ``_``, ``.`` and inner spaces is written as
``_xHHHH_`` (``_xHHHHHHHH_`` beyond U+FFFF), the scheme of .NET's ``XmlConvert.EncodeName``. A literal ``_``
that would read as the start of such an escape is escaped itself.
"""

import re

_HEX = r"(?:[0-9A-F]{8}|[0-9A-F]{4})"
_PLAIN = r"A-Za-z0-9_.\- "
_ESCAPE = re.compile(rf"_x({_HEX})_")
_TO_ESCAPE = re.compile(
    rf"[^{_PLAIN}]"  # not plain
    rf"|_(?=x{_HEX}(?:_|[^{_PLAIN}]|\ +\Z))"  # would read as an escape once its neighbour is written
    r"|\A\ +|\ +\Z"  # outer spaces, which a form or a parser may trim
    r"|\A\.{1,2}\Z"  # the path elements . and .., which URL parsers resolve
)


def _escape(match: re.Match[str]) -> str:
    return "".join(f"_x{ord(c):04X}_" if ord(c) <= 0xFFFF else f"_x{ord(c):08X}_" for c in match[0])


def ci_name(group_name: str) -> str:
    """Return the CI name of an Auto Scaling group; `group_name` gives the way back.

    Examples
    --------
    >>> ci_name("web"), ci_name("shop/web")
    ('web', 'shop_x002F_web')
    """
    return _TO_ESCAPE.sub(_escape, group_name)


def group_name(name: str) -> str:
    """Return the name of the Auto Scaling group whose CI name is `name`."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), name)
