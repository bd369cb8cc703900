"""Tell by the ends of a long line that nothing in it counts, so that it need not be decoded.

Nearly all bytes of a transcript are results of tools and snapshots of files. Such a line is passed over when
it begins exactly as the program writes it, and ends with nothing that a second record on the line would have
(a crash may swallow the line feed between two). Any other line is decoded. So the body of a large result is
not looked at: damage in there is not noticed, and costs nothing, for it holds no call.
"""

from __future__ import annotations

import re

from vaultsync.collectors.agents.claude_code.rows import Message, Row, blocks_of
from vaultsync.collectors.lines import LONG_LINE

BULK_TOOLS = frozenset(
    {"Bash", "BashOutput", "Edit", "Glob", "Grep", "LS", "MultiEdit", "NotebookEdit", "NotebookRead", "Read"}
    | {"TodoWrite", "WebFetch", "WebSearch", "Write"}
)
"""The program's own tools whose results never name a subagent; of others nobody knows."""
MOST_RESULTS = 1000
"""Calls of tools whose results are waited for."""
_COUNTING = (b"assistant", b"user", b"cost-state")
"""Types of rows that matter."""
_TEXT = rb'"[^"\\\x00-\x1f]*+(?:\\["\\/bfnrtu][^"\\\x00-\x1f]*+)*+"'
_PAIRS = rb'(?:"(?!type"|message"|toolUseResult")\w++":(?:null|true|false|' + _TEXT + rb"),)*+"
_RESULT = rb',"message":\{"role":"user","content":\[\{"tool_use_id":"([\w-]++)","type":"tool_result",'
_begin = re.compile(rb"\{" + _PAIRS + rb'"type":"([a-z-]++)"(?:' + _RESULT + rb")?+").match
_SECOND = (b'"usage"', b'"sessionId"')
"""Of what a second record has one near its end; inside the text of a result quotes are escaped."""
_escaped = re.compile(rb"\\u00[2-7]").search


class Bulk:
    """The calls of bulk tools that one reading has seen: those whose results name no subagent."""

    def __init__(self) -> None:
        self._calls: dict[str, None] = {}

    def see(self, tool: object, call: str | None) -> None:
        """Note a call of a tool."""
        if call and isinstance(tool, str) and tool in BULK_TOOLS:
            self._calls[call] = None
            if len(self._calls) > MOST_RESULTS:
                del self._calls[next(iter(self._calls))]

    def is_result(self, call: str | None) -> bool:
        """True for the call of a bulk tool."""
        return call in self._calls

    def skips(self, first: bytes, last: bytes) -> bool:
        """Say whether a long whole line may be passed over.

        Args:
            first: Its first bytes.
            last: Its last bytes, without the line feed.
        """
        found = _begin(first)
        if found is None:
            return False
        kind, call = found.groups()
        is_bulk = (
            call is not None and call.decode() in self._calls if kind == b"user" else kind not in _COUNTING
        )
        return is_bulk and last.endswith(b"}") and not _has_second(last)


def _has_second(last: bytes) -> bool:
    """True when a line ends with what may be another record; its words may be hidden by escapes."""
    return _SECOND[0] in last or _SECOND[1] in last or (b"\\u00" in last and bool(_escaped(last)))


def contradicts(line: bytes, row: Row) -> bool:
    """True for a long row that begins as one thing and turns out to be another, for its keys come twice.

    It must be refused, since it would have been passed over as what it begins with.
    """
    found = _begin(line) if len(line) > LONG_LINE - 2 else None
    if found is None:
        return False
    kind, call = found.groups()
    return kind.decode() != row.type or (call is not None and call.decode() != result_of(row))


def result_of(row: Row) -> object:
    """Id of the call whose result a row brings first."""
    blocks = blocks_of(row.message.content) if isinstance(row.message, Message) else []
    return blocks[0].tool_use_id if blocks and blocks[0].type == "tool_result" else None
