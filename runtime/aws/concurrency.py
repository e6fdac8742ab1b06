"""Many calls to one service, some at a time. botocore's clients may be shared by threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")
_R = TypeVar("_R")


def side_by_side(call: Callable[[_T], _R], items: Sequence[_T], threads: int) -> list[_R | Exception]:
    """Call a function once for every item, by so many threads; return what each came to, in their order.

    The error of one call keeps no other from being made.
    """

    def answer(item: _T) -> _R | Exception:
        try:
            return call(item)
        except Exception as error:
            return error

    if len(items) < 2:
        return [answer(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(answer, items))
