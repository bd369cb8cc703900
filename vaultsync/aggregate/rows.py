"""Read the usage table into numbers: counts, local days, and a code for every label."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from vaultsync.model import TOKEN_CLASSES, UsageRows
from vaultsync.periods import Calendar

DIMENSIONS = ("provider", "model", "project", "session", "branch", "action", "source", "machine", "mode")
COUNTS = (*TOKEN_CLASSES, "events", "requests", "web_searches", "unsplit", "duration_ms")
LABELS = (
    *(name for name in DIMENSIONS if name != "action"),
    *("region", "context_band", "grain", "quality", "currency", "cost_kind", "flags"),
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400
Integers = npt.NDArray[np.int64]


@runtime_checkable
class Coded(Protocol):
    """A column of texts that are numbered already."""

    codes: Sequence[int]
    """Place in `distinct` of each row's text."""
    distinct: Sequence[str | None]


def read(rows: UsageRows, calendar: Calendar) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Turn rows into numbers: counts, days, and for each label the place of its text in a list, -1 for none.

    Returns:
        One row per row: counts, `band`, `quarter` (seconds), `utc_day` (since 1970), `day` (local, ordinal),
        labels and `action` (codes), `cost` (Decimal or None), `is_stated`, `is_zero`, `is_unsplit`; and the
        texts of each label.
    """
    columns = rows.columns
    data: dict[str, Any] = {n: np.asarray(columns[n], dtype=np.int64) for n in (*COUNTS, "quarter", "band")}
    names: dict[str, list[str]] = {}
    for label in LABELS:
        data[label], names[label] = _codes(columns[label])
    data["action"], names["action"] = _actions(columns["action_type"], columns["action_name"])
    # A part larger than its whole would make the price of a sum differ from the sum of prices.
    for part, whole in (
        ("input_audio", "input"),
        ("cache_read_audio", "cache_read"),
        ("output_audio", "output"),
    ):
        data[part] = np.minimum(data[part], data[whole])
    data["reasoning"] = np.minimum(data["reasoning"], data["output"] - data["output_audio"])
    data["cost"] = pd.Series(list(columns["cost"]), dtype=object)
    data["is_stated"] = np.asarray([amount is not None for amount in columns["cost"]], dtype=bool)
    data["is_zero"] = np.asarray([amount == 0 for amount in columns["cost"]], dtype=bool)
    data["is_unsplit"] = data["unsplit"] > 0
    data["utc_day"] = data["quarter"] // DAY
    data["day"] = _local_days(data["quarter"], calendar)
    return pd.DataFrame(data), names


def _codes(values: Sequence[object]) -> tuple[Integers, list[str]]:
    """Number the texts of a column, if they are not numbered yet."""
    if not isinstance(values, Coded):
        codes, texts = pd.factorize(np.asarray(values, dtype=object))
        return codes.astype(np.int64), [str(text) for text in texts]
    names = [text for text in values.distinct if text is not None]
    places = {name: number for number, name in enumerate(names)}
    moved = np.asarray([-1 if text is None else places[text] for text in values.distinct], dtype=np.int64)
    return moved[np.asarray(values.codes, dtype=np.int64)], names


def _actions(types: Sequence[object], names: Sequence[object]) -> tuple[Integers, list[str]]:
    """Codes of `type name`; of whichever of the two there is."""
    (kinds, kind_names), (titles, title_names) = _codes(types), _codes(names)
    pairs, places = np.unique(kinds * (len(title_names) + 1) + titles, return_inverse=True)
    texts = []
    for pair in pairs.tolist():
        kind, title = divmod(pair + 1, len(title_names) + 1)
        parts = (text(kind_names, kind), text(title_names, title - 1))
        texts.append(" ".join(part for part in parts if part is not None) or None)
    codes, distinct = _codes(texts)
    return codes[places], distinct


def _local_days(starts: Integers, calendar: Calendar) -> Integers:
    """Ordinals of the local days in which intervals begin."""
    distinct, places = np.unique(starts, return_inverse=True)
    days = [calendar.day_of(EPOCH + timedelta(seconds=start)).toordinal() for start in distinct.tolist()]
    return np.asarray(days, dtype=np.int64)[places]


def intern(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[Integers, list[tuple[Any, ...]]]:
    """Number the distinct combinations of columns: each row's number, and the combinations in order."""
    names = list(columns)
    numbers = frame.groupby(names, sort=False, dropna=False).ngroup().to_numpy().astype(np.int64)
    distinct = frame.loc[~frame.duplicated(names), names]
    return numbers, list(distinct.itertuples(index=False, name=None))


def text(names: Sequence[str], code: int) -> str | None:
    """The text of a label's code."""
    return names[code] if code >= 0 else None
