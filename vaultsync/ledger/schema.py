"""The tables of the ledger and the migrations that lead to them; kept for ever, so that any old ledger opens.

A star: `event` holds the numbers of one call, `label` one combination of names, `name` each text once. A call
of a coding agent takes about 130 bytes in the file, all indexes and sums included (measured with a million of
them, 100 to a session); one that is known by its content takes 40 more, for `mention`.

In `label`, and wherever else a name is pointed to, 0 is "not stated". Instants are microseconds since 1970.
A migration is never edited once released: a change of the tables is a new entry at the end of `MIGRATIONS`.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x76536C67
"""Marks the file as a ledger of vaultsync in the header of SQLite ("vSlg")."""

V1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE label (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, mode INTEGER NOT NULL,
    region INTEGER NOT NULL, context_band INTEGER NOT NULL, grain INTEGER NOT NULL, session INTEGER NOT NULL,
    project INTEGER NOT NULL, branch INTEGER NOT NULL, action_type INTEGER NOT NULL,
    action_name INTEGER NOT NULL, agent INTEGER NOT NULL, machine INTEGER NOT NULL, quality INTEGER NOT NULL,
    flags INTEGER NOT NULL, currency INTEGER NOT NULL, cost_kind INTEGER NOT NULL,
    UNIQUE (session, source, provider, model, mode, region, context_band, grain, project, branch, action_type,
            action_name, agent, machine, quality, flags, currency, cost_kind)
) STRICT;
CREATE INDEX label_agent ON label (agent, source) WHERE agent > 0;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    at INTEGER NOT NULL,
    label INTEGER NOT NULL,
    input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
    cache_write_30m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL, cache_write_12h INTEGER NOT NULL,
    cache_write INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
    input_audio INTEGER NOT NULL, output_audio INTEGER NOT NULL, cache_read_audio INTEGER NOT NULL,
    requests INTEGER NOT NULL, web_searches INTEGER NOT NULL, unsplit INTEGER NOT NULL,
    duration_ms INTEGER, cost TEXT
) STRICT;
CREATE UNIQUE INDEX event_key ON event (key);
CREATE INDEX event_at ON event (at);
CREATE INDEX event_label ON event (label);

-- What the logs say of an event that is shown otherwise, since another fact settled it.
CREATE TABLE told (event INTEGER PRIMARY KEY, output INTEGER NOT NULL, label INTEGER NOT NULL) STRICT;

CREATE TABLE outcome (
    event INTEGER NOT NULL, name INTEGER NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (event, name)
) STRICT, WITHOUT ROWID;

-- Sessions that hold a copy of one call; only where there are several, or where the copy names its origin.
CREATE TABLE claim (
    event INTEGER NOT NULL, session INTEGER NOT NULL, origin INTEGER NOT NULL, PRIMARY KEY (event, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_session ON claim (session);

-- Which files say an event: for documents and events known by content. File 0: a log that takes nothing back.
CREATE TABLE mention (
    file INTEGER NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (file, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_event ON mention (event);

CREATE TABLE agent_name (
    source INTEGER NOT NULL, agent INTEGER NOT NULL, name INTEGER NOT NULL, PRIMARY KEY (source, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE final_output (
    source INTEGER NOT NULL, agent INTEGER NOT NULL, prompt TEXT NOT NULL, output INTEGER NOT NULL,
    PRIMARY KEY (source, agent, prompt)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_total (
    source INTEGER NOT NULL, session INTEGER NOT NULL, run INTEGER NOT NULL, model INTEGER NOT NULL,
    input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
    cache_write_30m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL, cache_write_12h INTEGER NOT NULL,
    cache_write INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
    input_audio INTEGER NOT NULL, output_audio INTEGER NOT NULL, cache_read_audio INTEGER NOT NULL,
    web_searches INTEGER NOT NULL, cost TEXT,
    PRIMARY KEY (session, source, run, model)
) STRICT, WITHOUT ROWID;

-- Sessions ('session') and agents ('agent') about which something new was read since they were settled.
CREATE TABLE unsettled (
    kind TEXT NOT NULL, name INTEGER NOT NULL, PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- UTC quarter-hours whose figures ever changed; `serial` is that of the last change, for who looks later.
CREATE TABLE change (interval INTEGER PRIMARY KEY, serial INTEGER NOT NULL) STRICT;

-- The usage table, summed ahead for the thresholds in meta.rolled; `stale` lists quarter-hours to sum anew.
CREATE TABLE rolled (
    quarter INTEGER NOT NULL, label INTEGER NOT NULL, band INTEGER NOT NULL, has_output INTEGER NOT NULL,
    single INTEGER NOT NULL,
    input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
    cache_write_30m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL, cache_write_12h INTEGER NOT NULL,
    cache_write INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
    input_audio INTEGER NOT NULL, output_audio INTEGER NOT NULL, cache_read_audio INTEGER NOT NULL,
    requests INTEGER NOT NULL, web_searches INTEGER NOT NULL, unsplit INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, events INTEGER NOT NULL, cost TEXT,
    PRIMARY KEY (quarter, label, band, has_output, single)
) STRICT, WITHOUT ROWID;
CREATE TABLE stale (interval INTEGER PRIMARY KEY) STRICT;

CREATE TABLE file (
    id INTEGER PRIMARY KEY, path BLOB UNIQUE, collector TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode TEXT NOT NULL, device TEXT NOT NULL,
    offset INTEGER NOT NULL, line INTEGER NOT NULL, head BLOB NOT NULL, head_size INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

-- Several vaults may share a ledger: each knows its own notes.
CREATE TABLE note (
    vault TEXT NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL,
    path BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, PRIMARY KEY (vault, kind, label)
) STRICT, WITHOUT ROWID
"""

V2 = """
-- What kind of telling a source is; one that is not here tells single calls.
CREATE TABLE telling (source INTEGER PRIMARY KEY, kind TEXT NOT NULL) STRICT;

-- Of which UTC days of which provider each source tells something, so that choosing between them is cheap.
-- Kept only where there is something to choose; true as of the serial in meta.present.
CREATE TABLE present (
    day INTEGER NOT NULL, provider INTEGER NOT NULL, source INTEGER NOT NULL, is_month INTEGER NOT NULL,
    PRIMARY KEY (day, provider, source, is_month)
) STRICT, WITHOUT ROWID;

-- What a session is called: the title of the highest rank.
CREATE TABLE title (
    session INTEGER NOT NULL, source INTEGER NOT NULL, rank INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (session, source)
) STRICT, WITHOUT ROWID
"""

V3 = """
-- Of each UTC quarter-hour how many events it has, and one number made of what they count: see `seals`.
CREATE TABLE seal (
    interval INTEGER PRIMARY KEY, events INTEGER NOT NULL, number INTEGER NOT NULL
) STRICT;
INSERT INTO seal SELECT at / 900000000 * 900, count(*), sum((
    input * 3 + cache_read * 7 + cache_write_5m * 13 + cache_write_30m * 19 + cache_write_1h * 29
    + cache_write_12h * 37 + cache_write * 43 + output * 53 + reasoning * 61 + input_audio * 71
    + output_audio * 79 + cache_read_audio * 89 + requests * 101 + web_searches * 107 + unsplit * 113
    + label * 131 + at / 900000000 * 157 + CASE WHEN cost IS NULL THEN 0 ELSE
    CAST(replace(replace(cost, '.', ''), '-', '') AS INTEGER) % 2147483647 * 139
    + (length(cost) * 64 + instr(cost, '.')) * 151 END) % 2147483647) % 2147483647
    FROM event NOT INDEXED GROUP BY 1
"""

V4 = """
-- Of a file: how often it told of what was known already, whether its last line waits, and when anything of
-- it had last been changed (0: not known).
ALTER TABLE file ADD COLUMN duplicates INTEGER NOT NULL DEFAULT 0;
ALTER TABLE file ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE file ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT 0;

-- What of a file does not count, and why. Without a line: only the number of further ones; with a path: what
-- it is about lies in the file, a ZIP.
CREATE TABLE rejected (
    file INTEGER NOT NULL, path BLOB, line INTEGER, lines INTEGER NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX rejected_file ON rejected (file);
INSERT INTO rejected SELECT id, NULL, NULL, json_extract(state, '$.rejected'),
    'which lines were rejected was not kept when they were read. Mend them; the file is then read again.'
    FROM file WHERE json_extract(state, '$.rejected') > 0;

-- Files of which nothing could be recorded when they were last looked at; no reason: still being written.
CREATE TABLE unread (path BLOB NOT NULL, line INTEGER, reason TEXT) STRICT;

-- What has no check sum stands here a second time, and is compared where it counts: see `twice`.
CREATE INDEX outcome_again ON outcome (event, name, amount);
CREATE INDEX telling_again ON telling (kind);
CREATE INDEX present_again ON present (day, provider, source, is_month);
CREATE INDEX file_again ON file (offset, line, state);
-- The numbers of `seal` tell durations, too.
INSERT INTO seal SELECT at / 900000000 * 900, 0, sum(duration_ms % 2147483647 * 163) % 2147483647
    FROM event NOT INDEXED WHERE duration_ms > 0 GROUP BY 1
    ON CONFLICT DO UPDATE SET number = (number + excluded.number) % 2147483647
"""

TELLING, SEALED, TIMED = 2, 3, 4
"""Schemas from which on it is kept how sources tell, there are check sums, and they tell durations."""
MIGRATIONS: tuple[str, ...] = (V1, V2, V3, V4)
"""The n-th leads from schema n to n + 1; statements end with a semicolon at the end of a line."""


def statements(script: str) -> list[str]:
    """The single statements of a migration."""
    return [text for text in (part.strip() for part in script.split(";\n")) if text]


def advance(db: sqlite3.Connection, version: int) -> None:
    """Run the migrations that a ledger of some version lacks, in the transaction of the caller."""
    for script in MIGRATIONS[version:]:
        for statement in statements(script):
            db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
