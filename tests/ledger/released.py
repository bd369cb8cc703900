"""Ledgers of every schema that was released, made of the statements of then and what they held."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from vaultsync.ledger import schema

CALLS = """
INSERT INTO name VALUES (1, 'claude-code'), (2, 'anthropic'), (3, 'opus'), (4, 'standard'), (5, 'request'),
    (6, 'final'), (7, 'S1'), (8, 'billed'), (9, 'poems'), (10, 'anthropic-usage'), (11, 'day');
INSERT INTO label VALUES (1, 1, 2, 3, 4, 0, 0, 5, 7, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0),
    (2, 1, 2, 3, 4, 0, 0, 5, 7, 0, 0, 0, 0, 0, 0, 6, 0, 0, 8);
INSERT INTO event VALUES
    (1, zeroblob(16), 1767787200000000, 1, 10, 2000, 300, 0, 0, 0, 0, 140, 0, 0, 0, 0, 1, 0, 0, NULL, NULL),
    (2, randomblob(16), 1767787260000000, 2, 5, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 1, 0, 0, 900, '0.25');
INSERT INTO outcome VALUES (2, 9, 3);
INSERT INTO change VALUES (1767787200, 1);
INSERT INTO stale VALUES (1767787200);
INSERT INTO meta VALUES ('changes', '1');
INSERT INTO file VALUES
    (1, CAST('a.jsonl' AS BLOB), 'claude-code', 100, 1, '1', '1', 100, 3, zeroblob(16), 4, '{}');
INSERT INTO note VALUES
    ('mine', 'daily', '2026-01-07', CAST('Daily/2026-01-07.md' AS BLOB), 100, 5);
"""
"""What a ledger of any version may hold after two calls, one of them with a stated cost."""
TELLINGS = """
INSERT INTO telling VALUES (10, 'usage');
INSERT INTO label VALUES (3, 10, 2, 3, 4, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0);
INSERT INTO event VALUES
    (3, randomblob(16), 1767744000000000, 3, 99, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 2, 0, 0, NULL, NULL);
INSERT INTO change VALUES (1767744000, 2);
INSERT INTO stale VALUES (1767744000);
UPDATE meta SET value = '2';
INSERT INTO meta VALUES ('present', '2');
INSERT INTO present VALUES (20460, 2, 1, 0), (20460, 2, 10, 0);
INSERT INTO title VALUES (7, 1, 0, 'Poems');
"""
"""What version 2 added: the same spend told twice, of which the calls count, and a title."""
REJECTED = "UPDATE file SET state = '{\"rejected\":2}'"
"""Lines of which only their number was kept."""
LEDGERS = {
    1: (schema.V1, CALLS),
    2: (schema.V1, schema.V2, CALLS, TELLINGS),
    3: (schema.V1, schema.V2, CALLS, TELLINGS, schema.V3, REJECTED),
}
"""Statements that make a ledger of a version."""
DIGESTS = ("f3acd6e532302537", "e5239f095aae49ef", "40b33494a635aa79", "e516e8461c640c36")
"""First digits of the SHA-256 of each migration: what was released stays as it is."""


def make(path: Path, version: int) -> None:
    """Make a ledger as the program of that version left it."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(";\n".join(LEDGERS[version]))
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("PRAGMA journal_mode = WAL")
