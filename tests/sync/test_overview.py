"""The screen of `show`: what its figures are made from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sync.conftest import World, event
from vaultsync.ledger import Ledger


def test_sessions_of_any_age_are_read_from_the_ledger_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = ("2025-11-03", "2025-12-08", "2026-01-09")
    world.log("a.jsonl", *(event(f"{day}T08:00:00Z", session_id=f"s-{day}") for day in days))
    world.run("collect")
    asked: list[Any] = []
    rows = Ledger.rows
    monkeypatch.setattr(Ledger, "rows", lambda *a, **b: asked.append(a) or rows(*a, **b))
    screen = world.run("show").output
    assert [day for day in days if f"s-{day}" in screen] == [*days]
    assert len(asked) == 1


def test_a_session_is_called_by_its_title_wherever_it_is_named(world: World) -> None:
    usage = {"input_tokens": 10_000, "output_tokens": 140}
    message = {"id": "msg_" + "A" * 20, "model": "claude-opus-4-5", "usage": usage, "stop_reason": "end_turn"}
    row = {"type": "assistant", "uuid": "u", "sessionId": "S", "timestamp": "2026-01-09T08:00:00.000Z"}
    row |= {"isSidechain": False, "requestId": "r", "message": message}
    rows = [row, {"type": "ai-title", "aiTitle": "Weed the *beds*", "sessionId": "S"}]
    world.log("S.jsonl", *rows)
    world.log("b.jsonl", event("2026-01-09T08:00:00Z", session_id="other"))
    world.run("dashboard")
    assert "| S Weed the \\*beds\\* |" in world.read("LLM Costs.md")
    assert "Weed the *beds*" in world.run("show").output
    assert "Weed the *beds*" in world.run("report", "--by", "session").output
    assert "Weed" not in world.run("report", "--by", "session", "--json").output
    world.log("S.jsonl", *rows, {"type": "custom-title", "customTitle": "Garden", "sessionId": "S"}, age=60)
    world.run("daily")
    assert "| S Garden |" in world.read("LLM Costs.md")


def test_a_budget_of_several_projects_names_them_all(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z", project="letters"))
    world.write("Poems.md", "---\nllm_project: [poems, letters]\nllm_budget_monthly_usd: 5\n---\n")
    world.run("collect")
    assert "2026-01   poems, letters" in world.run("show").output


def test_a_budget_of_a_provider_that_nothing_tells_of_is_named_and_the_others_count(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z", model_provider="my own server", model_name="m"))
    keys = ("antropic_monthly", "my_own_server_monthly", "xai_monthly", "monthly")
    lines = "".join(f"llm_budget_{key}_usd: 5\n" for key in keys)
    world.write("LLM Costs.md", f"---\n{lines}---\n")
    done = world.run("daily")
    assert done.stderr == (
        "LLM Costs.md: llm_budget_antropic_monthly_usd names provider 'antropic', of which neither price "
        "lists nor logs tell. Did you mean 'anthropic'?\n"
    )
    note = world.read("LLM Costs.md")
    assert "names provider 'antropic'" in note
    assert "| my-own-server · 2026-01 |" in note and "| xai · 2026-01 |" in note
    assert "| antropic" not in note


def test_a_note_whose_properties_cannot_be_read_is_named_with_what_to_do(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("LLM Costs.md", "---\nllm_budget_monthly_usd: [5\n---\n")
    said = world.run("daily", code=None).stderr
    assert "LLM Costs.md: the front matter is not valid YAML in line 3" in said
    assert "Mend it; until then its budgets do not count.\n" in said
