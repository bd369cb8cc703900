"""Make the example vault: notes of a person, logs of several kinds with known totals, and the sections.

    python examples/make_vault.py            writes examples/vault and examples/tomorrow anew
    python examples/make_vault.py FOLDER     writes them below another folder

Everything is made from a fixed seed and fixed sentences, so the same program gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

FIRST, TODAY = date(2025, 11, 17), date(2026, 1, 9)
TOMORROW = TODAY + timedelta(days=1)
AWAY = {date(2025, 12, 24), date(2025, 12, 25), date(2025, 12, 26), date(2025, 12, 31), date(2026, 1, 1)}
"""Days off: no note and no usage, except for the scheduled message run."""

CONFIG = """\
# vaultsync: what the example vault is set to. Every key has a default; see the README.
timezone: Europe/Berlin
locale: en-gb
logs: [logs]
agents: none                 # the example does not look at this machine's own agents
ledger: ../example-state/ledger.db
outcomes: [poems]            # counted from the daily notes' own property
projects:
  garden-app: [/home/mira/code/garden-app, garden]
notes:
  yearly: {enabled: false}
"""

MORNINGS = (
    "Fog until ten. Coffee first, then the inbox.",
    "Slept well. The seed list is finally in one place.",
    "Rain on the skylight all morning, good weather for refactoring.",
    "Walked to the library and wrote two pages by hand.",
    "Slow start; the heating is still moody.",
    "Early train, wrote on my knees.",
)
AFTERNOONS = (
    "Called Jonas about the greenhouse sensors. He will send the readings on Friday.",
    "Sorted the poem drafts: four keep, two compost.",
    "Talked the message templates through with Ada; shorter is kinder.",
    "Fixed the watering schedule; it skipped Sundays, of course.",
    "Read about soil moisture curves. More questions than before.",
    "Answered the last of the reader letters.",
)
TASKS = (
    "order bean seeds",
    "ask Ada about the spring letter",
    "back up the photos",
    "label the sensor boxes",
    "read chapter 4",
    "water the lemon tree",
)
WEEK_WORDS = (
    "Enough done. The garden app knows rain now.",
    "A week of small repairs and one good poem.",
    "Too many tabs, not enough walks.",
    "Calm. The messages went out on time every day.",
)


def working_days() -> list[date]:
    """Days with a note: weekdays and some Saturdays, none of the days off."""
    days = (FIRST + timedelta(days=n) for n in range((TODAY - FIRST).days + 1))
    return [d for d in days if d not in AWAY and (d.weekday() < 5 or (d.weekday() == 5 and d.day % 2 == 0))]


def poems_on(day: date) -> int:
    """How many poems the note of a day counts."""
    return (day.toordinal() * 7) % 4 if day.weekday() in (1, 3, 5) else 0


def daily_note(day: date) -> str:
    """A daily note as its owner left it, without any section of ours."""
    n = day.toordinal()
    head = f"---\ntags: [journal]\nmood: {('calm', 'busy', 'bright')[n % 3]}\n"
    if poems_on(day):
        head += f"poems: {poems_on(day)}  # counted by hand\n"
    if day == date(2026, 1, 7):
        head += "llm_budget_usd: 1.25   # big refactoring today\n"
    body = (
        f"---\n\n# {day:%A}, {day.day} {day:%B}\n\n{MORNINGS[n % len(MORNINGS)]}\n\n## Today\n\n"
        f"- [{'x' if n % 3 else ' '}] {TASKS[n % len(TASKS)]}\n- [ ] {TASKS[(n + 2) % len(TASKS)]}\n\n"
        f"{AFTERNOONS[(n // 2) % len(AFTERNOONS)]}\n\n"
    )
    if n % 4 == 0:
        body += "## 💰 Token Usage Today\n\nThe figures stand here; my own remarks below them stay.\n\n"
    return (
        head
        + body
        + "## Notes\n\n"
        + (f"See [[{day - timedelta(days=1):%Y-%m-%d}]].\n" if n % 2 else "Nothing else.")
    )


def weekly_note(monday: date) -> str:
    """A weekly note with the heading already in place."""
    year, week, _ = monday.isocalendar()
    return (
        f"# Week {week}, {year}\n\n{WEEK_WORDS[week % len(WEEK_WORDS)]}\n\n## 💰 Weekly Token Accounting\n\n"
        f"## Next week\n\n- {TASKS[week % len(TASKS)]}\n"
    )


def fixed_notes() -> dict[str, str]:
    """Every note and setting that does not come from a rule."""
    return {
        ".obsidian/app.json": '{\n  "alwaysUpdateLinks": true\n}\n',
        ".obsidian/core-plugins.json": '{\n  "daily-notes": true,\n  "templates": true\n}\n',
        ".obsidian/community-plugins.json": '[\n  "periodic-notes"\n]\n',
        ".obsidian/daily-notes.json": json.dumps(
            {"folder": "Journal/Daily", "format": "YYYY/MM/YYYY-MM-DD", "template": "Templates/Daily"},
            indent=2,
        )
        + "\n",
        ".obsidian/plugins/periodic-notes/data.json": json.dumps(
            {
                "daily": {"enabled": False, "format": "", "folder": "", "template": ""},
                "weekly": {
                    "enabled": True,
                    "format": "gggg-[W]ww",
                    "folder": "Journal/Weekly",
                    "template": "",
                },
                "monthly": {
                    "enabled": True,
                    "format": "YYYY-MM",
                    "folder": "Journal/Monthly",
                    "template": "",
                },
                "quarterly": {
                    "enabled": True,
                    "format": "YYYY-[Q]Q",
                    "folder": "Journal/Quarterly",
                    "template": "",
                },
                "yearly": {"enabled": False, "format": "", "folder": "", "template": ""},
            },
            indent=2,
        )
        + "\n",
        "vaultsync.yaml": CONFIG,
        "Templates/Daily.md": "---\ntags: [journal]\n---\n\n# {{date:dddd}}\n\n## Today\n\n- [ ] \n\n"
        "## 💰 Token Usage Today\n\n## Notes\n",
        "LLM Costs.md": "---\nllm_budget_daily_usd: 0.50\nllm_budget_monthly_usd: 8.00\nllm_budget_quarterly_usd: 20\n"
        "llm_budget_openai_monthly_usd: 0.20\n---\n\n# LLM costs\n\nWhat the machines cost, and what I allow them.\n\n"
        "## 💰 Token Usage\n\n## Thoughts\n\nThe cheap models write the messages, the dear one edits.\n",
        "Projects/Garden App.md": "---\nllm_project: garden-app\nllm_budget_monthly_usd: 4\n---\n\n# Garden App\n\n"
        "Tells the beds when to drink. Sensors by Jonas, code by me and Claude.\n",
        "Projects/Poem a Day.md": "---\nllm_project: poems\nllm_budget_monthly_usd: 1.50\n---\n\n# Poem a Day\n\n"
        "One draft a day, kept or composted.\n",
        "Journal/Monthly/2025-12.md": "# December 2025\n\nShort days, long evenings.\n",
        "Journal/Monthly/2026-01.md": "# January 2026\n\nBeginnings.\n",
        "Journal/Quarterly/2025-Q4.md": "---\nllm_budget_usd: 10\n---\n\n# Autumn into winter\n\n"
        "## 💰 Quarterly LLM Costs\n\n## What I learned\n\nSmall models first.\n",
        "Journal/Quarterly/2026-Q1.md": "---\nllm_budget_usd: 20\n---\n\n# First quarter\n\n"
        "Goal: the app waters the beds alone by March.\n",
    }


# --- logs: every kind, with totals that follow from the rules ----------------------------------


def message_run(day: date) -> dict[str, object]:
    """One day of the scheduled message run in the daily JSON format; 7 January is the classic example."""
    n = day.toordinal()
    classic = day == date(2026, 1, 7)
    runs = []
    for i, hour in enumerate((8, 14, 20)):
        tokens_in = 15_000 if classic else 4_000 + 500 * ((n + i) % 5)
        tokens_out = 3_000 if classic else 700 + 100 * ((n + 2 * i) % 4)
        runs.append(
            {
                "timestamp": f"{day}T{hour:02d}:30:00Z",
                "run_type": "scheduled",
                "run_log": f"messages-{day}-{i + 1}",
                "model": "claude-opus-4-5" if classic else "claude-haiku-4-5",
                "provider": "anthropic",
                "project": "messages",
                "tokens": {"input": tokens_in, "output": tokens_out, "total": tokens_in + tokens_out},
                "metrics": {"conversations_processed": 4 + i, "messages_sent": 6 + (n + i) % 3, "errors": 0},
            }
        )
    total = {k: sum(r["tokens"][k] for r in runs) for k in ("input", "output", "total")}  # type: ignore[index]
    totals: dict[str, object] = {"runs": len(runs), "tokens": total}
    if classic:
        totals["estimated_cost_usd"] = 0.81
    return {"date": day.isoformat(), "runs": runs, "totals": totals}


def api_events(day: date, rng: random.Random) -> list[dict[str, object]]:
    """Events of three providers, written by a person's own scripts."""
    rows: list[dict[str, object]] = []
    for i in range(rng.randint(2, 4)):
        provider, model, project = rng.choice(
            (
                ("openai", "gpt-5-mini", "letters"),
                ("anthropic", "claude-sonnet-4-5", "poems"),
                ("google", "gemini-2.5-flash", "letters"),
                ("google", "gemini-2.5-pro", "poems"),
            )
        )
        tokens_in, tokens_out = 200 * rng.randint(8, 60), 50 * rng.randint(6, 60)
        rows.append(
            {
                "id": f"call-{day:%m%d}-{i}",
                "timestamp": f"{day}T{9 + 2 * i:02d}:{rng.randint(0, 59):02d}:00Z",
                "model_provider": provider,
                "model_name": model,
                "session_id": f"{project}-{day:%m%d}",
                "project": project,
                "action_type": "skill" if project == "poems" else "command",
                "action_name": "poem-draft" if project == "poems" else "reply",
                "input_tokens": tokens_in,
                "output_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
            }
        )
    if day.day == 12:
        rows.append(
            {
                "id": f"call-{day:%m%d}-trial",
                "timestamp": f"{day}T18:05:00Z",
                "model_provider": "quillworks",
                "model_name": "quill-preview-2",
                "session_id": "trial",
                "project": "poems",
                "input_tokens": 2_400,
                "output_tokens": 900,
                "total_tokens": 3_300,
            }
        )
    return rows


def local_rows(day: date, rng: random.Random) -> list[list[object]]:
    """Calls to a model on the person's own machine: free, but counted."""
    rows: list[list[object]] = []
    for i in range(rng.randint(1, 3)):
        tokens_in, tokens_out = 100 * rng.randint(5, 40), 10 * rng.randint(10, 80)
        when = f"{day}T{19 + i:02d}:15:00Z"
        rows.append([when, "ollama", "llama3.2:3b", tokens_in, tokens_out, tokens_in + tokens_out, "tagging"])
    return rows


def transcript(day: date, rng: random.Random) -> list[dict[str, object]]:
    """A coding session on the garden app as Claude Code writes it; the rows hold no words of anybody."""
    session = str(uuid5(NAMESPACE_URL, f"garden-app {day}"))
    branch = "rain-sensor" if day.weekday() == 2 else "main"
    base = {
        "sessionId": session,
        "cwd": "/home/mira/code/garden-app",
        "gitBranch": branch,
        "version": "2.1.42",
        "userType": "external",
        "isSidechain": False,
    }
    start = datetime(day.year, day.month, day.day, 15, 0, tzinfo=UTC)
    rows: list[dict[str, object]] = []
    context = 18_000
    for i in range(rng.randint(4, 8)):
        when = start + timedelta(minutes=6 * i)
        written, output = 100 * rng.randint(8, 60), 20 * rng.randint(10, 90)
        usage = {
            "input_tokens": rng.randint(3, 12),
            "output_tokens": output,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": context,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "service_tier": "standard",
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
        }
        context += written
        message = {
            "id": f"msg_example{day:%Y%m%d}{i:08d}",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-4-5-20251101",
            "stop_reason": "tool_use",
            "content": [],
            "usage": usage,
        }
        row: dict[str, object] = {
            **base,
            "type": "assistant",
            "uuid": f"{day:%Y%m%d}-{i}",
            "timestamp": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestId": f"req_example{day:%Y%m%d}{i:04d}",
            "message": message,
        }
        if i % 3 == 2:
            row["attributionSkill"] = "write-tests"
        rows += [row, {**row, "uuid": f"{day:%Y%m%d}-{i}b"}]
    return rows


def session_log() -> str:
    """A Markdown log kept by hand, with one bullet list per session."""
    return (
        "# Evening sessions\n\n#### Session 1 - sonnet workshop\n\n- **Timestamp**: 2025-12-13T19:30:00Z\n"
        "- **Provider**: mistral\n- **Model**: mistral-large-2512\n- **Input Tokens**: 6,500\n- **Output Tokens**: 2,100\n"
        "- **Project**: poems\n\n#### Session 2 - a title for the book\n\n- **Timestamp**: 2025-12-20T20:10:00Z\n"
        "- **Provider**: mistral\n- **Model**: mistral-large-2512\n- **Input Tokens**: 3,200\n- **Output Tokens**: 1,400\n"
        "- **Project**: poems\n"
    )


def logs(day_list: list[date]) -> dict[str, str]:
    """All log files, by path below the logs folder."""
    rng = random.Random(20260107)
    files: dict[str, str] = {"sessions/evenings.md": session_log()}
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(
        [
            "timestamp",
            "model_provider",
            "model_name",
            "input_tokens",
            "output_tokens",
            "total_tokens",
            "action_name",
        ]
    )
    months: dict[str, list[str]] = {}
    day = FIRST
    while day <= TODAY:
        files[f"messages/{day}.json"] = json.dumps(message_run(day), indent=2) + "\n"
        if day in day_list:
            rows = months.setdefault(f"{day:%Y-%m}", [])
            rows += [json.dumps(event) for event in api_events(day, rng)]
            if day.weekday() in (0, 2, 4):
                writer.writerows(local_rows(day, rng))
            if day.weekday() in (1, 2, 3):
                lines = [json.dumps(row) for row in transcript(day, rng)]
                files[f"claude/{day}.jsonl"] = "\n".join(lines) + "\n"
        day += timedelta(days=1)
    files["local/ollama.csv"] = table.getvalue()
    files.update({f"api/{month}.jsonl": "\n".join(rows) + "\n" for month, rows in months.items()})
    return files


def tomorrow_logs() -> dict[str, str]:
    """What arrives the day after: shows a run that finds something new."""
    rng = random.Random(20260110)
    rows = [json.dumps(event) for event in api_events(TOMORROW, rng)]
    return {
        "api-2026-01-10.jsonl": "\n".join(rows) + "\n",
        "claude-2026-01-10.jsonl": "\n".join(json.dumps(row) for row in transcript(TOMORROW, rng)) + "\n",
        "messages-2026-01-10.json": json.dumps(message_run(TOMORROW), indent=2) + "\n",
    }


def build(vault: Path, tomorrow: Path) -> None:
    """Write the vault as its owner left it, and all logs; no section yet."""
    days = working_days()
    files = fixed_notes()
    files |= {f"Journal/Daily/{d:%Y/%m}/{d}.md": daily_note(d) for d in days}
    for monday in sorted({d - timedelta(days=d.weekday()) for d in days}):
        year, week, _ = monday.isocalendar()
        files[f"Journal/Weekly/{year}-W{week:02d}.md"] = weekly_note(monday)
    files |= {f"logs/{path}": text for path, text in logs(days).items()}
    for root, part in ((vault, files), (tomorrow, tomorrow_logs())):
        for path, text in part.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode())


def render(vault: Path) -> None:
    """Let vaultsync write its sections, with a ledger that is thrown away."""
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "vaultsync", "daily", "--date", TODAY.isoformat(), "--quiet"]
        command += ["--vault", str(vault), "--ledger", str(Path(state) / "ledger.db")]
        subprocess.run(command, check=True)


def main() -> None:
    """Make everything anew."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name in ("vault", "tomorrow"):
        shutil.rmtree(root / name, ignore_errors=True)
    build(root / "vault", root / "tomorrow")
    render(root / "vault")


if __name__ == "__main__":
    main()
