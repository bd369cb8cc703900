"""Tell by the ends of a long line that nothing in it counts, so that it need not be decoded.

Nearly all bytes of a rollout are answers, results of tools and copies of the history. Such a line is passed
over when it begins exactly as the program writes it, and ends within one text that closes it: so no second
record and no second key stands near its ends (a crash may swallow the line feed between two records). Any
other line is decoded. What is passed over is not looked at: damage in there is not noticed, and costs
nothing, for it holds no call.
"""

from __future__ import annotations

import re

KINDS = ("response_item", "compacted")
"""Types of rows in which nothing counts."""
begins = re.compile(
    rb'\{"timestamp":"[0-9T:.Z+-]{20,40}",(?:"ordinal":\d{1,15},)?"type":'
    rb'(?:"response_item","payload":\{"type":"[a-z_]{1,60}"|"compacted","payload":\{"message":)'
).match
"""Finds that a line begins as the program writes such a row."""
_ENDS = (b'"}}', b'"}]}}')


def skips(first: bytes, last: bytes) -> bool:
    """Say whether a long whole line may be passed over.

    Args:
        first: Its first bytes.
        last: Its last bytes, without the line feed.
    """
    if not last.endswith(_ENDS) or last.startswith(b"\\") or begins(first) is None:
        return False
    if first.count(b'"payload"') > 1:
        return False
    return last.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"') == 1
