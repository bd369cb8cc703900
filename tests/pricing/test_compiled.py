"""The compiled form is only a cache: it saves time and never changes a price."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pricing.conftest import SAMPLE, SHIPPED
from tests.pricing.keys import key
from vaultsync.errors import ConfigError
from vaultsync.pricing import compiled, load
from vaultsync.pricing.layer import Layer

WITHOUT_YAML = """
import sys
from pathlib import Path
from vaultsync.pricing import load
load([], Path(sys.argv[1]), cache=Path(sys.argv[2])).rate
print("yaml" in sys.modules)
"""


def kept(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_a_current_compiled_form_does_without_yaml(tmp_path: Path) -> None:
    def imports_yaml() -> bool:
        told = subprocess.run(
            [sys.executable, "-c", WITHOUT_YAML, str(SAMPLE), str(tmp_path)],
            cwd=SHIPPED.parent,
            capture_output=True,
            check=True,
            text=True,
        )
        return told.stdout.strip() == "True"

    assert (imports_yaml(), imports_yaml()) == (True, False)


def test_the_compiled_form_prices_alike(tmp_path: Path) -> None:
    asked = key("anthropic", "claude-opus-4-5")
    fresh = load([], SHIPPED).rate(asked)
    assert [load([], SHIPPED, cache=tmp_path).rate(asked) for _ in range(2)] == [fresh, fresh]


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\xff\n\xff"])
def test_a_damaged_form_is_made_again(damage: bytes, tmp_path: Path) -> None:
    load([], SAMPLE, cache=tmp_path)
    whole = kept(tmp_path).read_bytes()
    kept(tmp_path).write_bytes(damage)
    assert load([], SAMPLE, cache=tmp_path).rate(key("openai", "gpt-5")).reason is None
    assert kept(tmp_path).read_bytes() == whole


def test_a_price_changed_in_the_form_alone_is_not_believed(tmp_path: Path) -> None:
    load([], SAMPLE, cache=tmp_path)
    kept(tmp_path).write_bytes(kept(tmp_path).read_bytes().replace(b'"1.25"', b'"9.25"'))
    assert str(load([], SAMPLE, cache=tmp_path).rate(key("openai", "gpt-5")).rates["input"]) == "1.25"


def test_an_edited_list_is_read_again(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    cache = tmp_path / "cache"
    text = 'version: 1\nproviders: {acme: {models: [{id: one, rates: [{input: "1"}]}]}}'
    own.write_text(text, encoding="utf-8")
    first = load([own], SAMPLE, cache=cache)
    own.write_text(text.replace('"1"', '"2"'), encoding="utf-8")
    second = load([own], SAMPLE, cache=cache)
    assert [prices.rate(key("acme", "one")).rates["input"] for prices in (first, second)] == [1, 2]
    assert first.digest != second.digest


def test_the_form_of_another_program_version_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load([], SAMPLE, cache=tmp_path)
    before = kept(tmp_path).read_bytes()
    monkeypatch.setattr(compiled, "__version__", "99")
    load([], SAMPLE, cache=tmp_path)
    assert kept(tmp_path).read_bytes() != before


@pytest.mark.skipif(sys.platform == "win32", reason="no file modes there")
def test_the_form_is_private(tmp_path: Path) -> None:
    load([], SAMPLE, cache=tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert kept(tmp_path / "state").stat().st_mode & 0o777 == 0o600


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert load([], SAMPLE, cache=file).rate(key("openai", "gpt-5")).reason is None


def test_a_wrong_list_leaves_no_form(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("version: 2", encoding="utf-8")
    with pytest.raises(ConfigError):
        load([own], SAMPLE, cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_only_the_models_that_are_asked_for_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    model = Layer.model
    monkeypatch.setattr(Layer, "model", lambda self, number: built.append(number) or model(self, number))
    load([], SHIPPED).rate(key("anthropic", "claude-opus-4-5"))
    assert len(set(built)) == 1
