"""Price lists for the tests: the sample of the specification, the shipped one, ones written in a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vaultsync.pricing import PriceList, load

HERE = Path(__file__).parent
SAMPLE = HERE / "sample.yaml"
SHIPPED = HERE.parents[1] / "pricing.yaml"

Priced = Callable[..., PriceList]


@pytest.fixture(scope="session")
def sample() -> PriceList:
    return load([], SAMPLE)


@pytest.fixture(scope="session")
def shipped() -> PriceList:
    return load([], SHIPPED)


@pytest.fixture
def laid_over(tmp_path: Path) -> Priced:
    """Lay texts of the user over the sample, or over another list."""

    def laid(*texts: str, over: Path = SAMPLE, currency: str = "USD") -> PriceList:
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"own{number}.yaml"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return load(paths, over, currency=currency)

    return laid
