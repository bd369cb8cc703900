"""Make logs of any size whose totals are known exactly: of Claude Code, of Codex, and flat events.

Transcripts have the shape of real ones: few rows with usage between large results of tools; a call is several
rows whose output grows; a resumed session begins with rows of another one; subagents have files of their own,
and their parents repeat their usage. Rollouts of Codex tell each call twice or more, newer ones by its id
too; a resumed one goes on in its file; forks and subagents begin with a copy of their parent's rows under new
times. The same seed makes the same bytes. All text is filler.

    python bench/make_logs.py FOLDER --size 1GB          # many large sessions, below FOLDER/projects
    python bench/make_logs.py FOLDER --size 1GB --codex  # rollouts of Codex, below FOLDER/sessions
    python bench/make_logs.py FOLDER --files 20000       # many small sessions
    python bench/make_logs.py FILE --events 1000000  # one flat log, an event per line

The totals are printed as JSON.
"""

from __future__ import annotations

import argparse
import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

FIRST_DAY = datetime(2025, 10, 1, tzinfo=UTC)
DAYS = 92
"""The logs fill one quarter of a year."""
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
MODELS = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
PROJECTS = ("atlas", "birdhouse", "cellar", "dovecote", "estuary")
SMALL_RESULT, LARGEST_RESULT = 1_000, 1_500_000
SESSION_LIMIT = 12_000_000
COPIED = 300_000
"""Bytes of a session that may come again at the beginning of the one that resumes it."""
WORDS = [
    *(
        "amber",
        "basin",
        "cedar",
        "delta",
        "ember",
        "fjord",
        "grove",
        "heron",
        "inlet",
        "jetty",
        "kelp",
        "lagoon",
    ),
    *(
        "meadow",
        "north",
        "orchard",
        "pebble",
        "quay",
        "river",
        "shore",
        "thicket",
        "valley",
        "willow",
        "yarrow",
    ),
]
LOOKALIKE = (
    r"{\"type\":\"assistant\",\"message\":{\"id\":\"msg_quoted\",\"model\":\"claude-opus-4-5\","
    r"\"usage\":{\"input_tokens\":7,\"output_tokens\":9}}}"
)
"""A row with usage, quoted in the result of a tool: it counts nothing."""
CODEX_MODELS = ("gpt-5.3-codex", "gpt-5.1-codex-max", "gpt-6-sol")
CODEX_LOOKALIKE = (
    r"{\"timestamp\":\"2025-10-01T00:00:00.000Z\",\"type\":\"event_msg\",\"payload\":{\"type\":\"token_count\","
    r"\"info\":{\"last_token_usage\":{\"input_tokens\":7,\"output_tokens\":9}}}}"
)
SPAWNED = '"thread_source":"subagent","parent_thread_id":"%s","agent_role":"explorer"'
STAMP = len('{"timestamp":"2025-10-01T00:00:00.000Z')


@dataclass
class Totals:
    """What was made, each call counted once."""

    calls: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    rows: int = 0
    """Rows with usage; a call has several."""
    files: int = 0
    bytes: int = 0
    models: dict[str, int] = field(default_factory=dict)
    """Calls by model."""

    @property
    def cache_write(self) -> int:
        """Tokens written to the cache, of both lifetimes."""
        return self.cache_write_5m + self.cache_write_1h

    def add(self, call: Call) -> None:
        """Count a call."""
        self.calls += 1
        self.input += call.input
        self.output += call.output
        self.cache_read += call.cache_read
        self.cache_write_5m += call.cache_write_5m
        self.cache_write_1h += call.cache_write_1h
        self.models[call.model] = self.models.get(call.model, 0) + 1

    def join(self, other: Totals) -> None:
        """Add what was made elsewhere."""
        for name, more in asdict(other).items():
            if name != "models":
                setattr(self, name, getattr(self, name) + more)
        for model, calls in other.models.items():
            self.models[model] = self.models.get(model, 0) + calls


@dataclass(frozen=True)
class Call:
    """One call of a model."""

    id: str
    request: str
    model: str
    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int

    def usage(self, output: int) -> str:
        """The `usage` object of a row, with the output so far."""
        written = self.cache_write_5m + self.cache_write_1h
        return (
            f'{{"input_tokens":{self.input},"cache_creation_input_tokens":{written},'
            f'"cache_read_input_tokens":{self.cache_read},"cache_creation":{{"ephemeral_5m_input_tokens":'
            f'{self.cache_write_5m},"ephemeral_1h_input_tokens":{self.cache_write_1h}}},'
            f'"output_tokens":{output},"service_tier":"standard"}}'
        )


class Filler:
    """Text for prompts and results of tools, ready to stand inside a JSON string."""

    def __init__(self, random: Random, lines: int = 20_000, lookalike: str = LOOKALIKE) -> None:
        self._lookalike = lookalike
        made = [self._line(random, number) for number in range(lines)]
        self._random = random
        self._ends = list(accumulate(map(len, made)))
        self._pool = "".join(made).encode()

    def _line(self, random: Random, number: int) -> str:
        if number % 500 == 499:
            return self._lookalike + r"\n"
        words = " ".join(random.choices(WORDS, k=random.randint(3, 14)))
        return {0: r"\t\"" + words + r"\"", 1: words.replace(" ", "_") + " = {}"}.get(
            number % 7, words
        ) + r"\n"

    def text(self, size: int) -> bytes:
        """About as many bytes of whole lines."""
        pieces = []
        while size > 0:
            first = self._random.randrange(len(self._ends) - 1)
            start = self._ends[first]
            end = self._ends[min(bisect_left(self._ends, start + size), len(self._ends) - 1)]
            pieces.append(self._pool[start:end])
            size -= max(end - start, 1)
        return b"".join(pieces)

    def result(self) -> bytes:
        """The result of a tool: mostly some KB, now and then a MB."""
        size = self._random.lognormvariate(9.4, 1.55)
        return self.text(int(min(max(size, SMALL_RESULT), LARGEST_RESULT)))


class Session:
    """The rows of one conversation, of a person or of a subagent; knows the time and who speaks."""

    def __init__(
        self, random: Random, filler: Filler, totals: Totals, start: datetime, agent: str = ""
    ) -> None:
        self.id, self.agent = _uuid(random), agent
        self.project = random.choice(PROJECTS)
        self._random, self._filler, self.totals = random, filler, totals
        self._now = start
        self._model = random.choice(MODELS)
        self._parent = _uuid(random)
        self._context = random.randint(8_000, 20_000)

    def prompt(self) -> bytes:
        """What a person writes."""
        text = self._filler.text(self._random.randint(40, 600))
        return self._row(b'"type":"user","message":{"role":"user","content":"%b"}' % text)

    def call(self) -> tuple[Call, list[bytes]]:
        """A call with the rows that were written while it streamed."""
        random = self._random
        written = random.randint(100, 4_000)
        short, long = random.choice(((written, 0), (0, written), (written // 3, written - written // 3)))
        call = Call(
            f"msg_01{random.getrandbits(88):022x}",
            f"req_011{random.getrandbits(84):021x}",
            self._model if random.random() < 0.9 else random.choice(MODELS),
            input=random.randint(1, 40),
            output=random.randint(30, 3_000),
            cache_read=self._context,
            cache_write_5m=short,
            cache_write_1h=long,
        )
        self._context = self._context + written if self._context < 160_000 else 15_000
        count = random.choice((1, 2, 2, 3, 4))
        outputs = [*sorted(random.randint(1, call.output) for _ in range(count - 1)), call.output]
        self.totals.add(call)
        self.totals.rows += count
        return call, [self._answer(call, n, is_last=i == count) for i, n in enumerate(outputs, 1)]

    def _answer(self, call: Call, output: int, *, is_last: bool) -> bytes:
        if is_last:
            block = (
                f'{{"type":"tool_use","id":"toolu_{call.id[-12:]}","name":"Read","input":{{"path":"a.md"}}}}'
            )
        else:
            block = '{"type":"text","text":"%s"}' % self._filler.text(200).decode()  # noqa: UP031
        reason = '"tool_use"' if is_last else "null"
        message = (
            f'"message":{{"model":"{call.model}","id":"{call.id}","type":"message","role":"assistant",'
            f'"content":[{block}],"stop_reason":{reason},"stop_sequence":null,"usage":{call.usage(output)}}},'
            f'"requestId":"{call.request}","type":"assistant"'
        )
        return self._row(message.encode())

    def result(self, call: Call) -> bytes:
        """What a tool returned; the program keeps it twice."""
        text = self._filler.result()
        block = b'[{"tool_use_id":"toolu_%b","type":"tool_result","content":"%b"}]' % (
            call.id[-12:].encode(),
            text,
        )
        return self._row(
            b'"type":"user","message":{"role":"user","content":%b}' % block,
            b',"toolUseResult":{"type":"text","file":{"filePath":"a.md","content":"%b","numLines":%d}}'
            % (text, text.count(b"\\n")),
        )

    def report(self, agent: str, last: Call) -> bytes:
        """What a subagent returned: it repeats the usage of that agent's last call."""
        return self._row(
            b'"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_a","type":"tool_result",'
            b'"content":"%b"}]}' % self._filler.text(900),
            b',"toolUseResult":{"status":"completed","agentId":"%b","totalTokens":%d,"usage":%b}'
            % (agent.encode(), last.output, last.usage(last.output).encode()),
        )

    def progress(self, row: bytes) -> bytes:
        """A live update; it repeats a row of a subagent."""
        return self._row(b'"data":{"type":"agent_progress","message":%b},"type":"progress"' % row.rstrip())

    def snapshot(self) -> bytes:
        """A row without usage that every session has."""
        return (
            f'{{"type":"file-history-snapshot","messageId":"{_uuid(self._random)}","snapshot":{{}},'
            '"isSnapshotUpdate":false}\n'
        ).encode()

    def _row(self, body: bytes, result: bytes = b"") -> bytes:
        self._now += timedelta(milliseconds=self._random.randint(200, 9_000))
        parent, self._parent = self._parent, _uuid(self._random)
        side = f'true,"agentId":"{self.agent}"' if self.agent else "false"
        head = (
            f'{{"parentUuid":"{parent}","isSidechain":{side},"userType":"external",'
            f'"cwd":"/home/mira/{self.project}","sessionId":"{self.id}","version":"2.1.5","gitBranch":"main",'
        )
        stamp = _stamp(self._now)
        return b'%b%b,"uuid":"%b","timestamp":"%b"%b}\n' % (
            head.encode(),
            body,
            self._parent.encode(),
            stamp.encode(),
            result,
        )


class Maker:
    """Makes sessions below a folder until there is enough."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder / "projects"
        self._random = Random(seed)
        self._filler = Filler(self._random)
        self.totals = Totals()
        self._told: tuple[Session, bytes] | None = None
        """A session, and its first rows, for the next one to resume."""

    def session(self, size: int) -> None:
        """One session of about a size, now and then a resumed one, now and then with a subagent."""
        session = self._begin()
        path = self._path(session)
        path.parent.mkdir(parents=True, exist_ok=True)
        head, done = b"", 0
        with path.open("wb") as stream:
            for piece in self._rows(session, size):
                stream.write(piece)
                done += len(piece)
                if len(head) < COPIED:
                    head += piece
        self.totals.files += 1
        self.totals.bytes += done
        self._told = (session, head) if self._random.random() < 0.1 else None

    def small(self) -> None:
        """One session of one prompt and one call."""
        session = self._begin()
        _, rows = session.call()
        self._write(self._path(session), session.snapshot() + session.prompt() + b"".join(rows))

    def _begin(self, agent: str = "") -> Session:
        start = FIRST_DAY + timedelta(seconds=self._random.randrange(DAYS * 86_400 - 7_200))
        return Session(self._random, self._filler, self.totals, start, agent)

    def _path(self, session: Session) -> Path:
        return self._folder / f"-home-mira-{session.project}" / f"{session.id}.jsonl"

    def _rows(self, session: Session, size: int) -> Iterator[bytes]:
        done = 0
        yield session.snapshot()
        if self._told:
            other, rows = self._told
            yield rows.replace(other.id.encode(), session.id.encode())
        while done < size:
            piece = session.prompt() if self._random.random() < 0.1 else b""
            call, rows_of_call = session.call()
            piece += b"".join(rows_of_call) + session.result(call)
            if self._random.random() < 0.03:
                piece += self._subagent(session)
            done += len(piece)
            yield piece

    def _subagent(self, parent: Session) -> bytes:
        """Write a subagent's file; what its parent tells of it."""
        agent = f"a{self._random.getrandbits(64):016x}"
        child = self._begin(agent)
        child.id, child.project = parent.id, parent.project
        rows, last = [child.prompt()], None
        for _ in range(self._random.randint(1, 5)):
            last, answer = child.call()
            rows += [*answer, child.result(last)]
        assert last
        folder = self._path(parent).with_suffix("") / "subagents"
        self._write(folder / f"agent-{agent}.jsonl", b"".join(rows))
        (folder / f"agent-{agent}.meta.json").write_text('{"agentType":"explorer"}')
        return parent.progress(answer[-1]) + parent.report(agent, last)

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.totals.files += 1
        self.totals.bytes += len(data)


class Rollout:
    """The rows of one thread of Codex; knows the time and the running sum."""

    def __init__(self, random: Random, filler: Filler, totals: Totals, start: datetime) -> None:
        self.id, self.start = _uuid7(random, start), start
        self.is_new = random.random() < 0.5
        """The program tells each answer by its id."""
        self.project, self.model = random.choice(PROJECTS), random.choice(CODEX_MODELS)
        self.sum: tuple[int, ...] = (0, 0, 0, 0)
        """Input, cached input, output and reasoning of all calls."""
        self._random, self._filler, self.totals, self.now = random, filler, totals, start
        self._turn = ""
        self._context = random.randint(8_000, 20_000)

    def meta(self, more: str = "") -> bytes:
        """The row that a rollout begins with, and a resumed one goes on with."""
        version = "0.153.4" if self.is_new else "0.104.0"
        return self._row(
            "session_meta",
            f'{{"id":"{self.id}","timestamp":"{_stamp(self.start)}","cwd":"/home/mira/{self.project}",'
            f'"originator":"codex_cli_rs","cli_version":"{version}","source":"cli"{more},'
            f'"model_provider":"openai","git":{{"commit_hash":"{0:040x}","branch":"main"}}}}'.encode(),
        )

    def begin_turn(self) -> bytes:
        """What a person writes, and the rows around it."""
        self._turn = _uuid7(self._random, self.now)
        text = self._filler.text(self._random.randint(40, 600))
        return b"".join(
            (
                self._event(
                    "task_started", f'"turn_id":"{self._turn}","model_context_window":258400'.encode()
                ),
                self._item("message", b'"role":"user","content":[{"type":"input_text","text":"%b"}]' % text),
                self._event("user_message", b'"message":"%b","images":[]' % text),
                self._turn_context(),
            )
        )

    def call(self) -> bytes:
        """A call, what its tool returned, and its counts, twice or more."""
        random = self._random
        read = self._context - self._context % 128
        call = Call(
            f"resp_0{random.getrandbits(96):024x}",
            "",
            self.model,
            input=self._context - read + random.randint(1, 900),
            output=random.randint(30, 3_000),
            cache_read=read,
            cache_write_5m=0,
            cache_write_1h=0,
        )
        self._context = self._context + call.output + 400 if self._context < 200_000 else 15_000
        last = (call.input + read, read, call.output, random.randint(0, call.output))
        self.sum = tuple(map(sum, zip(self.sum, last, strict=True)))
        self.totals.add(call)
        repeats = random.choice((1, 1, 1, 2, 3))
        self.totals.rows += 1 + repeats
        key = f"call_{call.id[-20:]}"
        rows = [
            self._item(
                "reasoning", b'"summary":[],"encrypted_content":"%b"' % (b"gAAAAAB" * random.randint(40, 400))
            ),
            self._item("function_call", f'"name":"shell","arguments":"{{}}","call_id":"{key}"'.encode()),
            self._answer(call, last) if self.is_new else b"",
            self.count(last),
            self._item(
                "function_call_output",
                b'"call_id":"%b","output":"%b"' % (key.encode(), self._filler.result()),
            ),
        ]
        for _ in range(repeats):
            rows += [self._turn_context(), self.count(last)]
        return b"".join(rows)

    def count(self, last: Sequence[int]) -> bytes:
        """A `token_count`."""
        info = f'"info":{{"total_token_usage":{_counts(self.sum)},"last_token_usage":{_counts(last)}'
        limits = '"model_context_window":258400},"rate_limits":{"primary":{"used_percent":3.0}}'
        return self._event("token_count", f"{info},{limits}".encode())

    def _answer(self, call: Call, last: Sequence[int]) -> bytes:
        self.totals.rows += 1
        payload = (
            f'{{"session_id":"{self.id}","thread_id":"{self.id}","turn_id":"{self._turn}",'
            f'"response_id":"{call.id}","usage":{_counts(last)},"thread_token_usage":{_counts(self.sum)}}}'
        )
        return self._row("token_usage_record", payload.encode())

    def copied(self, rows: Sequence[bytes]) -> bytes:
        """Rows of another thread, under new times; all within an instant."""
        made = []
        for row in rows:
            self.now += timedelta(microseconds=60)
            made.append(b'{"timestamp":"%b%b' % (_stamp(self.now).encode(), row[STAMP:]))
        return b"".join(made)

    def wait(self, hours: int) -> None:
        """Let time pass."""
        self.now += timedelta(hours=hours)

    def _turn_context(self) -> bytes:
        return self._row(
            "turn_context",
            f'{{"turn_id":"{self._turn}","cwd":"/home/mira/{self.project}","approval_policy":"on-request",'
            f'"model":"{self.model}","effort":"medium","summary":"auto"}}'.encode(),
        )

    def _event(self, kind: str, payload: bytes) -> bytes:
        return self._row("event_msg", b'{"type":"%b",%b}' % (kind.encode(), payload))

    def _item(self, kind: str, payload: bytes) -> bytes:
        return self._row("response_item", b'{"type":"%b",%b}' % (kind.encode(), payload))

    def _row(self, kind: str, payload: bytes) -> bytes:
        self.now += timedelta(milliseconds=self._random.randint(20, 3_000))
        return b'{"timestamp":"%b","type":"%b","payload":%b}\n' % (
            _stamp(self.now).encode(),
            kind.encode(),
            payload,
        )


class CodexMaker:
    """Makes rollouts below a folder until there is enough."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = Random(seed)
        self._filler = Filler(self._random, lookalike=CODEX_LOOKALIKE)
        self.totals = Totals()

    def session(self, size: int) -> None:
        """One rollout of about a size, now and then with a resumption, a fork of it, a subagent."""
        rollout = self._begin(FIRST_DAY + timedelta(seconds=self._random.randrange((DAYS - 7) * 86_400)))
        rows, head = [rollout.meta()], (rollout.sum, rollout.now)
        path = self._path(rollout)
        path.parent.mkdir(parents=True, exist_ok=True)
        done = 0
        with path.open("wb") as stream:
            piece = rows[0]
            while True:
                stream.write(piece)
                done += len(piece)
                if done >= size:
                    break
                piece = self._more(rollout)
                if done < COPIED:
                    rows.append(piece)
                    head = rollout.sum, rollout.now
        self.totals.files += 1
        self.totals.bytes += done
        for chance, more in ((0.2, '"forked_from_id":"%s"'), (0.3, SPAWNED)):
            if self._random.random() < chance:
                self._child(rollout, rows, head, "," + more % rollout.id)

    def _more(self, rollout: Rollout) -> bytes:
        chance, piece = self._random.random(), b""
        if chance < 0.01:
            rollout.wait(30)
            piece = rollout.meta() + rollout.begin_turn() + rollout.count((0, 0, 0, 0))
        elif chance < 0.1 or rollout.sum == (0, 0, 0, 0):
            piece = rollout.begin_turn()
        return piece + rollout.call()

    def _child(
        self, parent: Rollout, rows: Sequence[bytes], head: tuple[tuple[int, ...], datetime], more: str
    ) -> None:
        """A fork or a subagent: the copied beginning of its parent, then calls of its own.

        Args:
            head: The parent's sum, and the time, at the end of what is copied.
        """
        child = self._begin(head[1] + timedelta(seconds=1))
        child.is_new, child.sum = parent.is_new, head[0]
        is_spawned = "subagent" in more
        copied = [
            row
            for piece in rows
            for row in piece.splitlines(keepends=True)
            if not (is_spawned and b'"type":"token_usage_record"' in row[:70])
        ]
        pieces = [child.meta(more), child.copied(copied), child.begin_turn()]
        pieces += [child.call() for _ in range(self._random.randint(1, 5))]
        path, data = self._path(child), b"".join(pieces)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.totals.files += 1
        self.totals.bytes += len(data)

    def _begin(self, start: datetime) -> Rollout:
        return Rollout(self._random, self._filler, self.totals, start)

    def _path(self, rollout: Rollout) -> Path:
        name = f"rollout-{rollout.start:%Y-%m-%dT%H-%M-%S}-{rollout.id}.jsonl"
        if self._random.random() < 0.1:
            return self._folder / "archived_sessions" / name
        return self._folder / "sessions" / f"{rollout.start:%Y/%m/%d}" / name


def make_sessions(folder: Path, size: int, seed: int = 1) -> Totals:
    """Make transcripts of a size.

    Args:
        folder: What `CLAUDE_CONFIG_DIR` would name.
        size: Bytes of all files together; a little more is made.
    """
    maker = Maker(folder, seed)
    sizes = Random(seed)
    while (left := size - maker.totals.bytes) > 0:
        maker.session(int(min(sizes.lognormvariate(13.9, 1.0), SESSION_LIMIT, left)))
    return maker.totals


def make_codex(folder: Path, size: int, seed: int = 1) -> Totals:
    """Make rollouts of Codex of a size.

    Args:
        folder: What `CODEX_HOME` would name.
        size: Bytes of all files together; a little more is made.
    """
    maker = CodexMaker(folder, seed)
    sizes = Random(seed)
    while (left := size - maker.totals.bytes) > 0:
        maker.session(int(min(sizes.lognormvariate(13.9, 1.0), SESSION_LIMIT, left)))
    return maker.totals


def make_small_files(folder: Path, files: int, seed: int = 1) -> Totals:
    """Make many transcripts of one call each."""
    maker = Maker(folder, seed)
    for _ in range(files):
        maker.small()
    return maker.totals


def append(path: Path, seed: int) -> Totals:
    """Add a call of the last day to a transcript; another seed, another call."""
    random = Random(seed)
    totals = Totals()
    start = LAST_DAY + timedelta(hours=12, seconds=seed % 3_600)
    session = Session(random, Filler(random, 100), totals, start)
    session.id = path.stem
    call, rows = session.call()
    data = session.prompt() + b"".join(rows) + session.result(call)
    with path.open("ab") as stream:
        stream.write(data)
    totals.bytes = len(data)
    return totals


def make_flat(path: Path, events: int, days: int = DAYS, seed: int = 1) -> Totals:
    """Make a flat log, an event per line, evenly over some days that end with the last one."""
    random = Random(seed)
    totals = Totals(files=1)
    start, step = LAST_DAY - timedelta(days=days - 1), timedelta(days=days) / events
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii", newline="\n") as stream:
        for number in range(events):
            call = Call(
                f"call-{seed}-{number}",
                "",
                random.choice(MODELS),
                input=random.randint(1, 5_000),
                output=random.randint(1, 3_000),
                cache_read=random.randint(0, 90_000),
                cache_write_5m=random.randint(0, 4_000),
                cache_write_1h=0,
            )
            totals.add(call)
            when = (start + step * number).isoformat(timespec="milliseconds")
            totals.bytes += stream.write(
                f'{{"timestamp":"{when}","model_provider":"anthropic","model_name":"{call.model}",'
                f'"input_tokens":{call.input},"output_tokens":{call.output},'
                f'"cache_read_tokens":{call.cache_read},"cache_write_5m_tokens":{call.cache_write_5m},'
                f'"session_id":"session-{number // 100}","project":"{PROJECTS[number // 1_000 % 5]}",'
                f'"id":"{call.id}"}}\n'
            )
    totals.rows = events
    return totals


def read_size(text: str) -> int:
    """Bytes of a size such as `100MB` or `1GB`.

    Raises:
        ValueError: It is none.
    """
    match = re.fullmatch(r"(\d+)\s*([KMG]?)B?", text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"'{text}' is not a size; write it as 100MB or 1GB.")
    return int(match[1]) * int(1000 ** " KMG".index(match[2].upper() or " "))


def _stamp(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _counts(of: Sequence[int]) -> str:
    """A usage object of Codex."""
    return (
        f'{{"input_tokens":{of[0]},"cached_input_tokens":{of[1]},"output_tokens":{of[2]},'
        f'"reasoning_output_tokens":{of[3]},"total_tokens":{of[0] + of[2]}}}'
    )


def _uuid7(random: Random, when: datetime) -> str:
    """An id that holds its instant."""
    digits = f"{int(when.timestamp() * 1000):012x}7{random.getrandbits(12):03x}8{random.getrandbits(60):015x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _uuid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def main() -> None:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description="Make logs whose totals are known exactly.")
    parser.add_argument("target", type=Path, help="folder for transcripts; file for --events")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--size", type=read_size, help="of all transcripts together: 100MB, 1GB")
    what.add_argument("--files", type=int, help="as many small transcripts")
    what.add_argument("--events", type=int, help="as many flat events")
    parser.add_argument("--codex", action="store_true", help="rollouts of Codex, with --size")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.codex and not given.size:
        parser.error("--codex takes --size")
    if given.size:
        make = make_codex if given.codex else make_sessions
        totals = make(given.target, given.size, given.seed)
    elif given.files:
        totals = make_small_files(given.target, given.files, given.seed)
    else:
        totals = make_flat(given.target, given.events, seed=given.seed)
    print(json.dumps(asdict(totals), indent=1))


if __name__ == "__main__":
    main()
