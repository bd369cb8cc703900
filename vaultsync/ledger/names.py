"""Keep each text and each combination of texts once, and give it a number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from vaultsync.ledger import twice
from vaultsync.ledger.identity import LABEL_FIELDS, Label, Text

_BATCH = 500


class Names:
    """Numbers of texts and labels; remembers those it has met, so a number costs one look-up per run."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered: after a roll-back some numbers mean nothing."""
        self._ids: dict[Text, int] = {None: 0}
        self._texts: dict[int, Text] = {0: None}
        self._label_ids: dict[Label, int] = {}
        self._labels: dict[int, Label] = {}
        self._proven: set[int] = set()
        self._has_proven_mentions = False

    def id(self, text: Text) -> int:
        """Number of a text, new if need be; 0 is None."""
        number = self._ids.get(text)
        if number is None:
            number = self._intern(clean(text or ""))
            self._ids[text] = number
        return number

    def _intern(self, text: str) -> int:
        found = self.find(text)
        if found is None:
            found = self._db.execute("INSERT INTO name (text) VALUES (?)", (text,)).lastrowid
        assert found is not None
        self._texts[found] = text
        return found

    def find(self, text: str) -> int | None:
        """Number of a text, or None if the ledger does not hold it."""
        row = self._db.execute("SELECT id FROM name WHERE text = ?", (clean(text),)).fetchone()
        return row[0] if row else None

    def text(self, number: int) -> Text:
        """The text of a number."""
        if number not in self._texts:
            self._load_texts({number})
        return self._texts[number]

    def label_id(self, label: Label) -> int:
        """Number of a label, new if need be."""
        number = self._label_ids.get(label)
        if number is None:
            ids = self._ids
            number = self._intern_label(tuple(ids[text] if text in ids else self.id(text) for text in label))
            self._label_ids[label] = number
        return number

    def _intern_label(self, ids: tuple[int, ...]) -> int:
        added = self._db.execute(_ADD_LABEL, ids)
        if added.rowcount and added.lastrowid is not None:
            return added.lastrowid
        return int(self._db.execute(_FIND_LABEL, ids).fetchone()[0])

    def label(self, number: int) -> Label:
        """The texts of a label."""
        if number not in self._labels:
            self.load([number])
        return self._labels[number]

    def load(self, numbers: list[int]) -> None:
        """Read many labels at once, so that `label` need not ask for each."""
        missing = [number for number in numbers if number not in self._labels]
        for start in range(0, len(missing), _BATCH):
            some = missing[start : start + _BATCH]
            rows = self._db.execute(f"{_READ_LABELS} ({','.join('?' * len(some))})", some).fetchall()
            self._load_texts({number for row in rows for number in row[1:]})
            for number, *ids in rows:
                self._labels[number] = tuple(self._texts[i] for i in ids)

    def prove(self, numbers: Iterable[int]) -> None:
        """See that labels are what was written; each is looked at once.

        Raises:
            seals.Unsealed: One is not.
        """
        if unseen := {*numbers} - self._proven:
            twice.prove_labels(self._db, unseen)
            self._proven |= unseen

    def prove_mentions(self) -> None:
        """See, once, that the lists of who said what are what was written: that reads all of them.

        Raises:
            seals.Unsealed: They are not.
        """
        if not self._has_proven_mentions:
            twice.same(self._db, "mention", _MENTIONS)
            self._has_proven_mentions = True

    def texts(self, numbers: list[int]) -> list[Text]:
        """The texts of many numbers."""
        self._load_texts(set(numbers))
        return [self._texts[number] for number in numbers]

    def _load_texts(self, numbers: set[int]) -> None:
        missing = [number for number in numbers if number not in self._texts]
        for start in range(0, len(missing), _BATCH):
            some = missing[start : start + _BATCH]
            marks = ",".join("?" * len(some))
            rows = self._db.execute(f"SELECT id, text FROM name WHERE id IN ({marks})", some).fetchall()
            twice.prove_names(self._db, rows)
            self._texts.update(rows)


def clean(text: str) -> str:
    """Text that any database holds: no half characters, no NUL."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")


_MENTIONS = f"""SELECT count(*), total(file), total(event), sum((file % 65521 * 31 + event) % 65521 * 7
    + event % 65519 * (file % 65519) % 65519) FROM mention {twice.BY}"""
"""One number made of all of them, that is another one where a bit is."""
_COLUMNS = ", ".join(LABEL_FIELDS)
_FIND_LABEL = f"SELECT id FROM label WHERE {' AND '.join(f'{field} = ?' for field in LABEL_FIELDS)}"
_ADD_LABEL = (
    f"INSERT INTO label ({_COLUMNS}) VALUES ({', '.join('?' * len(LABEL_FIELDS))}) ON CONFLICT DO NOTHING"
)
_READ_LABELS = f"SELECT id, {_COLUMNS} FROM label WHERE id IN"
