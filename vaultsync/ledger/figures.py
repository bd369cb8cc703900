"""What is asked of a ledger: the usage table of a range, and single events, sessions and sources."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vaultsync.ledger.book import Book
from vaultsync.ledger.identity import Text, instant, microseconds
from vaultsync.ledger.rows import Range, Usage, is_rolled, roll, usage
from vaultsync.model import Preference

if TYPE_CHECKING:
    from vaultsync.ledger.facts import SessionGap
    from vaultsync.ledger.stored import SessionSpan, SourceSpan, StoredEvent
    from vaultsync.ledger.tellings import Hidden, HiddenDay
    from vaultsync.model import Intake, SessionTotal

AS_USUAL = Preference()


def as_logged(project: Text) -> Text:
    """A project under the name that the log has for it."""
    return project


class Figures(Book):
    """The books as they are read. All figures of one answer come from one state of them."""

    def rows(
        self,
        since: datetime,
        until: datetime,
        thresholds: Sequence[int] = (),
        minutes: int = 15,
        project_name: Callable[[Text], Text] = as_logged,
        *,
        needs: Collection[str] | None = None,
        cuts: Sequence[datetime] | None = None,
        preference: Preference | None = AS_USUAL,
    ) -> Usage:
        """The usage table of a range of instants, `until` excluded; columns as in `model.UsageRows`.

        Args:
            thresholds: Prompt sizes at which a price may change, ascending.
            minutes: Length of the UTC interval in which no price changes and that no local midnight cuts.
            project_name: Makes the name that is shown from what a log says; called once per distinct value.
            needs: Of `DETAILS`, those that are wanted; the others are None, and summed over. None: all.
            cuts: Instants at which rows must be apart, ascending: midnights, say. All of a row lies between
                two of them, and `quarter` is the former, or `since`. None: rows are apart by `minutes`. Where
                tellings compete, rows are apart at the midnights of UTC too.
            preference: Which telling counts where several tell of a provider and UTC day; None: all of them.

        Raises:
            ValueError: `needs` names something else.
        """
        from vaultsync.ledger.spans import Question, detail, summed

        asked = Range(microseconds(since), microseconds(until), tuple(thresholds), minutes)
        question = None
        if needs is not None or cuts is not None:
            seconds = None if cuts is None else tuple(int(cut.timestamp()) for cut in cuts)
            question = Question(asked, detail(needs), seconds)
        with self._guarded():
            self._note()
        if asked.can_be_rolled and not self._is_read_only:
            self._roll(asked)
        with self._guarded(), self._still():
            hidden = self._hidden(asked.since, asked.until, preference)
            if question:
                return summed(self._db, self._names, question, project_name, hidden)
            return usage(self._db, self._names, asked, project_name, hidden)

    def _hidden(self, since: int, until: int, preference: Preference | None) -> Hidden:
        from vaultsync.ledger.tellings import hidden

        return hidden(self._db, self._names, since, until, preference)

    def hidden(self, since: datetime, until: datetime, preference: Preference = AS_USUAL) -> list[HiddenDay]:
        """UTC days in a range of which a source tells something that does not count, sorted."""
        from vaultsync.ledger.tellings import hidden_days

        start, end = microseconds(since), microseconds(until)
        with self._guarded():
            self._note()
        with self._guarded(), self._still():
            return hidden_days(self._names, self._hidden(start, end, preference), start, end)

    def kinds(self) -> dict[str, str]:
        """The kind of telling of each source that tells something else than calls."""
        from vaultsync.ledger.tellings import kinds

        with self._guarded():
            return kinds(self._db, self._names)

    def _roll(self, asked: Range) -> None:
        with self._guarded():
            if is_rolled(self._db, asked):
                return
        with self.transaction():
            roll(self._db, asked)

    def span(self) -> tuple[datetime, datetime] | None:
        """Instants of the first and the last event; None without events."""
        ask = "SELECT (SELECT min(at) FROM event), (SELECT max(at) FROM event)"
        with self._guarded():
            first, last = self._db.execute(ask).fetchone()
            return None if first is None else (instant(first), instant(last))

    def session_totals(self, since: datetime, until: datetime) -> list[SessionTotal]:
        """The programs' own totals of sessions that have an event in a range, whole, sorted."""
        from vaultsync.ledger import facts

        with self._guarded():
            return facts.session_totals(self._db, self._names, microseconds(since), microseconds(until))

    def session_gaps(self, since: datetime, until: datetime) -> list[SessionGap]:
        """Sessions that have an event in a range, whole: the programs' own totals against the events."""
        from vaultsync.ledger import facts

        with self._guarded():
            return facts.session_gaps(self._db, self._names, microseconds(since), microseconds(until))

    def titles(self, sessions: Collection[str] | None = None) -> dict[tuple[str, str], str]:
        """What sessions are called, by source and session; those without a title are left out.

        Args:
            sessions: Those that are asked for; None: all.
        """
        from vaultsync.ledger import facts

        with self._guarded():
            return facts.titles(self._db, self._names, sessions)

    def find(self, text: str) -> list[StoredEvent]:
        """Events by the log's own id, or by the first hex digits of ours; at most 50."""
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.find(self._db, self._names, text)

    def latest(self, count: int, where: Mapping[str, str | None] | None = None) -> list[StoredEvent]:
        """The last events, latest first.

        Args:
            where: Field of `UsageEvent` -> text that it must have; None: not stated.
        """
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.latest(self._db, self._names, count, where or {})

    def sessions(self, count: int) -> list[SessionSpan]:
        """The sessions that were active last, latest first."""
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.sessions(self._db, self._names, count)

    def sources(self) -> list[SourceSpan]:
        """What each collector found so far, by name."""
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.sources(self._db, self._names)

    def providers(self) -> frozenset[str]:
        """Every provider that was ever told of."""
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.providers(self._db, self._names)

    def intake(self) -> Intake:
        """What became of all that was ever read; also of files that are gone."""
        from vaultsync.ledger import rejected

        with self._guarded(), self._still():
            return rejected.intake(self._db)

    def rejected_lines(self) -> dict[Path, int]:
        """Files that were read, those that are gone, too, with the number of lines that do not count."""
        from vaultsync.ledger import rejected

        with self._guarded():
            return rejected.rejected_lines(self._db)
