"""Note what a call cost, from inside a person's own script: one line of counts and labels, never of content.

    from vaultsync.capture import labels, record

    with labels(project="letters", action=("command", "reply")):
        response = client.messages.create(...)
        record(response)

Stands alone: it needs no client library and nothing else of vaultsync, is imported in a few milliseconds, and
never raises into the script. The lines are flat events, which vaultsync reads without any setting.
"""

from __future__ import annotations

from contextvars import ContextVar

from vaultsync.capture.members import Odd

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["labels", "record"]

Action = str | tuple[str, str]
"""What the script did: a name, or a type (`skill`, `agent`, `command`, `manual`, `scheduled`) and a name."""
_chain: ContextVar[tuple[dict[str, object], Any] | None] = ContextVar("vaultsync labels", default=None)
"""The labels in force here, and the chain of those around them."""
_warned: set[str] = set()
_RUNS_LATER = 0x20 | 0x200
"""Flags of code that is a generator, which would run after the labels have ended."""
_COROUTINE = 0x80


def record(
    response: object,
    *,
    provider: str | None = None,
    model: str | None = None,
    id: str | None = None,
    project: str | None = None,
    action: Action | None = None,
    session: str | None = None,
    branch: str | None = None,
    outcomes: Mapping[str, int] | None = None,
    to: str | os.PathLike[str] | None = None,
) -> bool:
    """Append the counts of one answer to the log.

    Args:
        response: What a client of Anthropic, OpenAI (chat completions, responses, embeddings), Gemini,
            Mistral or Ollama gave, as its object or as a dict; or the last piece of a stream, or its usage.
        provider: Who bills, where the answer cannot tell: `azure`, `groq`, `ollama`.
        model: Where the answer does not say, as a usage alone does not.
        id: Of the call, where the answer has none; it keeps a call that is noted twice from counting twice.
        outcomes: Results of this one call, counted: `{"poems": 1}`.
        to: File or folder; else that of VAULTSYNC_CAPTURE, else `capture` in the platform's data folder.

    Returns:
        True if it was noted. False for a piece of a stream without counts, and, with a warning once for each
        reason, for what has no counts that can be read and for a log that cannot be written.
    """
    try:
        from vaultsync.capture.answers import calls_of
        from vaultsync.capture.log import append

        own = _given(project=project, action=action, session=session, branch=branch)
        known = {**(_chain.get() or ({},))[0], **own}
        if outcomes:
            known["outcomes"] = {str(name): count for name, count in outcomes.items()}
        calls = calls_of(response, provider, model, id)
        return bool(calls) and append([call | known for call in calls], to)
    except (Odd, OSError) as error:
        _warn(str(error))
    except Exception as error:  # whatever an odd answer does when it is looked at; what it says is its own
        _warn(f"{type(error).__name__} while the answer was read")
    return False


class labels:
    """Label all calls that are noted inside: `with labels(project="letters"):`, or as a decorator.

    Labels inside others are laid over them. They belong to the code that runs inside: tasks of asyncio and
    `asyncio.to_thread` inherit them, and a new thread begins without any.
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        action: Action | None = None,
        session: str | None = None,
        branch: str | None = None,
    ) -> None:
        """Make labels; those that are None stay as they are around."""
        self._own = _given(project=project, action=action, session=session, branch=branch)

    def __enter__(self) -> labels:
        around = _chain.get()
        _chain.set(({**(around or ({},))[0], **self._own}, around))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        inside = _chain.get()
        _chain.set(inside[1] if inside else None)

    def __call__(self, function: F) -> F:
        """Label what is noted while a function or a coroutine runs.

        Raises:
            TypeError: It is a generator; write `with labels(...)` inside it.
        """
        from functools import wraps

        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if flags & _RUNS_LATER:
            raise TypeError("labels cannot decorate a generator; write `with labels(...)` inside it")

        @wraps(function)
        async def later(*args: object, **named: object) -> object:
            with self:
                return await function(*args, **named)

        @wraps(function)
        def now(*args: object, **named: object) -> object:
            with self:
                return function(*args, **named)

        return later if flags & _COROUTINE else now  # type: ignore[return-value]


def _given(*, action: Action | None, **texts: str | None) -> dict[str, object]:
    """The labels that are there, by their names in the log."""
    names = {"project": "project", "session": "session_id", "branch": "branch"}
    found: dict[str, object] = {names[name]: str(text) for name, text in texts.items() if text is not None}
    if isinstance(action, tuple):
        found["action_type"], found["action_name"] = map(str, action)
    elif action is not None:
        found["action_name"] = str(action)
    return found


def _warn(why: str) -> None:
    """Say why a call was not noted, once; also where warnings are errors the script goes on."""
    if why not in _warned:
        _warned.add(why)
        import warnings
        from contextlib import suppress

        with suppress(RuntimeWarning):
            warnings.warn(f"vaultsync has not noted a call: {why}", RuntimeWarning, stacklevel=3)
