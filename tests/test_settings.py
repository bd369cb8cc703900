"""Settings: layers, places, and one sentence with file and line for each thing that can be wrong."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.errors import ConfigError, VaultNotFoundError
from vaultsync.settings import Settings, keys, load, shipped
from vaultsync.settings.document import SIZE_LIMIT

HOME = {"HOME": "/home/ada"}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault without any configuration of ours."""
    (tmp_path / "vault" / ".obsidian").mkdir(parents=True)
    return tmp_path / "vault"


def configured(vault: Path, text: str, environ: dict[str, str] = HOME, **options: object) -> Settings:
    """Settings of a vault whose vaultsync.yaml holds a text."""
    (vault / "vaultsync.yaml").write_text(text, encoding="utf-8")
    return load({"vault": str(vault), "timezone": None, **options}, environ, vault)


def refusal(vault: Path, text: str) -> str:
    """What is said about a vaultsync.yaml, without the folder."""
    with pytest.raises(ConfigError) as caught:
        configured(vault, text)
    assert caught.value.exit_code == 2
    return str(caught.value).removeprefix(f"{vault}{os.sep}")


# --- defaults ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "timezone:\nlogs:\nnotes:\n  daily:\n"])
def test_an_empty_file_is_all_defaults(vault: Path, text: str) -> None:
    settings = configured(vault, text, timezone="UTC")
    assert (settings.currency, settings.agents, settings.cost) == ("USD", "auto", "auto")
    assert (settings.create, settings.properties, settings.quarter) == ("auto", True, "calendar")
    assert (settings.logs, settings.mappings, settings.outcomes, settings.pricing) == ((), (), (), ())
    assert settings.locale is None
    assert settings.templates == vault / "_templates/vaultsync"


def test_what_scripts_have_captured_is_read_once_it_is_there(vault: Path, tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    captured = tmp_path / "data" / "vaultsync" / "capture"
    before = configured(vault, "logs: [logs]", environ, timezone="UTC")
    assert (before.logs, captured in before.looked) == ((vault / "logs",), True)
    captured.mkdir(parents=True)
    after = configured(vault, "logs: [logs]", environ, timezone="UTC")
    assert after.logs == (vault / "logs", captured)
    elsewhere = environ | {"VAULTSYNC_CAPTURE": str(tmp_path)}
    assert configured(vault, "", elsewhere, timezone="UTC").logs == (tmp_path,)


def test_what_scripts_have_captured_is_left_out_where_the_logs_are_named_from_outside(
    vault: Path, tmp_path: Path
) -> None:
    environ = {"HOME": str(tmp_path), "VAULTSYNC_CAPTURE": str(tmp_path)}
    assert configured(vault, "agents: none", environ, timezone="UTC").logs == ()
    assert configured(vault, "", environ, timezone="UTC", logs=["/x"]).logs == (Path("/x"),)
    assert configured(vault, "", environ | {"VAULTSYNC_LOGS": "/x"}, timezone="UTC").logs == (Path("/x"),)


def test_a_missing_file_is_all_defaults(vault: Path) -> None:
    settings = load({"vault": vault, "timezone": "UTC"}, HOME, vault)
    assert settings.config_file is None
    assert settings.zone_name == "UTC"


def test_every_kind_of_note_has_its_heading_and_the_vaults_own_place(vault: Path) -> None:
    notes = configured(vault, "", timezone="UTC").notes
    assert {kind: note.heading for kind, note in notes.items()} == {
        "daily": "## 💰 Token Usage Today",
        "weekly": "## 💰 Weekly Token Accounting",
        "monthly": "## 💰 Monthly LLM Costs",
        "quarterly": "## 💰 Quarterly LLM Costs",
        "yearly": "## 💰 Yearly LLM Costs",
        "dashboard": "## 💰 Token Usage",
    }
    assert {note.enabled for note in notes.values()} == {None}
    assert notes["dashboard"].path == "LLM Costs.md"
    assert not notes["dashboard"].properties


def test_the_ledger_is_in_the_state_folder_of_the_platform(vault: Path) -> None:
    ledger = configured(vault, "", timezone="UTC").ledger
    assert ledger.name == "ledger.db"
    assert ledger.parent.name == "vaultsync"
    assert vault not in ledger.parents


def test_a_price_list_in_the_vault_is_used_without_asking(vault: Path) -> None:
    (vault / "pricing.yaml").write_text("")
    assert configured(vault, "").pricing == (vault / "pricing.yaml",)


def test_shipped_data_is_found() -> None:
    assert (shipped() / "pricing.yaml").is_file()
    assert (shipped() / "templates").is_dir()


def test_a_machine_whose_zone_is_not_clear_is_told_to_name_one(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unclear() -> None:
        raise ValueError("two\nzones.")

    monkeypatch.setattr("tzlocal.get_localzone", unclear)
    with pytest.raises(
        ConfigError,
        match=r"vaultsync.yaml: the machine's time zone is not clear: two zones\. Write `timezone: ",
    ):
        load({"vault": vault}, HOME, vault)


# --- what the file says ------------------------------------------------------------------------


def test_the_whole_contract_is_read(vault: Path) -> None:
    (vault / "prices").mkdir()
    (vault / "prices/own.yaml").write_text("")
    settings = configured(
        vault,
        """
timezone: Europe/Berlin
locale: en-GB
currency: eur
logs: [~/logs/llm, runs, $DATA/more.csv]
agents: [claude-code]
mappings:
  - files: "*.csv"
    provider: openai
    columns: {input: prompt, output: completion}
projects:
  Poems: [~/code/poems, verse]
ledger: ${DATA}/ledger.db
pricing: prices/own.yaml
cost: calculated
templates: _own
notes:
  daily: {heading: "### Costs", enabled: yes, folder: /Journal/Day/, format: YYYY/MM-DD, create: never}
  weekly: {enabled: false}
  dashboard: {path: Money/LLM}
create: always
properties: false
quarter: weeks
outcomes: [poems, dialogs]
tellings: {order: [bills, claude-code], also: [openai-usage]}
""",
        {**HOME, "DATA": "/data"},
    )
    assert (settings.zone_name, str(settings.zone)) == ("Europe/Berlin", "Europe/Berlin")
    assert (settings.locale, settings.currency) == ("en-gb", "EUR")
    assert settings.logs == (Path("/home/ada/logs/llm"), vault / "runs", Path("/data/more.csv"))
    assert settings.agents == ("claude-code",)
    assert (settings.ledger, settings.state) == (Path("/data/ledger.db"), Path("/data"))
    assert settings.pricing == (vault / "prices/own.yaml",)
    assert (settings.cost, settings.create, settings.properties) == ("calculated", "always", False)
    assert (settings.quarter, settings.outcomes) == ("weeks", ("poems", "dialogs"))
    assert settings.tellings == (("bills", "claude-code"), ("openai-usage",))
    assert settings.templates == vault / "_own"
    daily = settings.notes["daily"]
    assert (daily.heading, daily.enabled, daily.create) == ("### Costs", True, "never")
    assert (daily.folder, daily.format) == ("Journal/Day", "YYYY/MM-DD")
    assert settings.notes["weekly"].enabled is False
    assert (settings.notes["monthly"].create, settings.notes["monthly"].properties) == ("always", False)
    assert (settings.notes["dashboard"].path, settings.notes["dashboard"].enabled) == ("Money/LLM.md", True)


def test_a_mapping_keeps_its_values_and_the_line_of_each_key(vault: Path) -> None:
    (mapping,) = configured(
        vault, "mappings:\n  - files: a*.csv\n    columns:\n      input: Prompt\n"
    ).mappings
    assert mapping.values == {"files": "a*.csv", "columns": {"input": "Prompt"}}
    assert mapping.line == 2
    assert mapping.lines == {"files": 2, "columns": 3, "columns.input": 4}


def test_a_heading_alone_does_not_switch_a_kind_on(vault: Path) -> None:
    settings = configured(vault, 'notes: {weekly: {heading: "## Costs"}, monthly: {format: YYYY-MM}}')
    assert settings.notes["weekly"].enabled is None
    assert settings.notes["monthly"].enabled is True


# --- layers ------------------------------------------------------------------------------------


def test_an_option_beats_the_environment_and_that_beats_the_file(vault: Path) -> None:
    text = "timezone: Europe/Paris\n"
    environ = {**HOME, "VAULTSYNC_TIMEZONE": "Asia/Tokyo"}
    assert configured(vault, text).zone_name == "Europe/Paris"
    assert configured(vault, text, environ).zone_name == "Asia/Tokyo"
    assert configured(vault, text, environ, timezone="UTC").zone_name == "UTC"


def test_logs_from_the_environment_are_separated_like_path(vault: Path) -> None:
    environ = {**HOME, "VAULTSYNC_LOGS": os.pathsep.join(["~/a", "b"])}
    assert configured(vault, "logs: [c]", environ).logs == (Path("/home/ada/a"), vault / "b")


def test_an_empty_variable_is_not_given(vault: Path) -> None:
    assert configured(vault, "timezone: UTC", {**HOME, "VAULTSYNC_TIMEZONE": ""}).zone_name == "UTC"


def test_a_wrong_option_is_named_as_the_option(vault: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--timezone: .*'Europe/Berln'.* Did you mean 'Europe/Berlin'\?"):
        load({"vault": vault, "timezone": "Europe/Berln"}, HOME, vault)


@pytest.mark.parametrize(
    "name", ["Europe", "../zone", "/etc/localtime", "zone.tab", "+02:00", "CEST", "é" * 300, "."]
)
def test_what_is_no_zone_is_refused_with_the_line(vault: Path, name: str) -> None:
    with pytest.raises(
        ConfigError, match=r"vaultsync.yaml:1: timezone '.*' is not a known time zone\. Write"
    ):
        configured(vault, f"timezone: {name}")


@pytest.mark.parametrize("text", ["5", "true", "[UTC]", "{UTC: 1}", "''"])
def test_a_zone_is_text(vault: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"vaultsync.yaml:1: timezone must be text, and is "):
        configured(vault, f"timezone: {text}")


def test_a_machine_without_zones_is_told_what_it_lacks(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(keys, "ZoneInfo", missing)
    monkeypatch.setattr(keys, "available_timezones", set)
    with pytest.raises(ConfigError, match=r"'Europe/Berlin' cannot be looked up: .* Install `tzdata`"):
        configured(vault, "timezone: Europe/Berlin")


def test_a_wrong_variable_is_named_as_the_variable(vault: Path) -> None:
    with pytest.raises(ConfigError, match=r"^VAULTSYNC_TIMEZONE: "):
        load({"vault": vault}, {**HOME, "VAULTSYNC_TIMEZONE": "nowhere"}, vault)


def test_the_nearest_vault_above_the_current_folder_is_used(vault: Path) -> None:
    deep = vault / "a" / "b"
    deep.mkdir(parents=True)
    assert load({"timezone": "UTC"}, HOME, deep).vault == vault


@pytest.mark.parametrize("mark", [".obsidian/app.json", ".notes/core-plugins.json", "vaultsync.yaml"])
def test_a_vault_is_known_by_its_config_folder_or_our_file(tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).write_text("")
    assert load({"timezone": "UTC"}, HOME, tmp_path).vault == tmp_path


def test_a_config_elsewhere_names_its_vault(vault: Path, tmp_path: Path) -> None:
    config = tmp_path / "elsewhere.yaml"
    config.write_text("vault: vault\ntimezone: UTC\nlogs: [logs]\n")
    settings = load({"config": str(config)}, HOME, Path("/"))
    assert (settings.vault, settings.config_file) == (vault, config)
    assert settings.logs == (tmp_path / "logs",)


def test_no_vault_above_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(VaultNotFoundError, match=r"not in a vault.*--vault"):
        load({}, HOME, tmp_path)


def test_a_vault_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(VaultNotFoundError, match="does not exist"):
        load({"vault": "gone"}, HOME, tmp_path)
    with pytest.raises(VaultNotFoundError, match="empty folder"):
        load({"vault": "empty"}, HOME, tmp_path)


def test_a_named_config_must_exist(vault: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load({"config": "gone.yaml"}, HOME, vault)


# --- what is refused ---------------------------------------------------------------------------

WRONG = {
    "timezon: UTC": "1: unknown key 'timezon'. Remove it or mend its spelling. Did you mean 'timezone'?",
    "notes:\n  dayly: {}": "2: unknown key 'notes.dayly'. "
    "Remove it or mend its spelling. Did you mean 'daily'?",
    "notes:\n  daily:\n    headin: x": "3: unknown key 'notes.daily.headin'. Remove it or mend its spelling. "
    "Did you mean 'heading'?",
    "notes: {dashboard: {folder: x}}": "1: unknown key 'notes.dashboard.folder'. "
    "Remove it or mend its spelling. Known are enabled, heading, create, properties, path.",
    "\ntimezone: Mars/Base": "2: timezone 'Mars/Base' is not a known time zone.",
    "timezone: 5": "1: timezone must be text, and is '5', a number. Put it in quotes if that is what you",
    "locale: no": "1: locale must be text, and is 'no', true or false. Put it in quotes",
    "locale: english please": "1: locale 'english please' is not a language tag.",
    "currency: dollars": "1: currency 'dollars' is not a currency code. Write three letters such as USD.",
    "logs: {a: b}": "1: logs must be a list, and is a table of keys.",
    "logs:\n  - a\n  - [b]": "3: logs[2] must be text, and is a list.",
    "logs: [$NOWHERE/x]": "1: logs[1] is '$NOWHERE/x', and the environment variable NOWHERE is not set.",
    "agents: {x: y}": "1: agents must be a list",
    "mappings: [5]": "1: mappings[1] must be a table of keys, and is '5', a number.",
    "projects: [a]": "1: projects must be a table of keys, and is a list.",
    "projects: {a: {b: c}}": "1: projects.a must be a list, and is a table of keys.",
    "pricing: [gone.yaml]": "1: pricing names 'gone.yaml', and there is no such file.",
    "cost: calculatd": "1: cost cannot be 'calculatd'. "
    "Write auto, calculated or reported. Did you mean 'calculated'?",
    "cost: true": "1: cost must be one of a few words, and is 'true', true or false.",
    "create: sometimes": "1: create cannot be 'sometimes'. Write auto, always or never.",
    "properties: 1": "1: properties must be true or false, and is '1', a number.",
    'properties: "true"': "1: properties must be true or false, and is the text 'true'.",
    "quarter: fiscal": "1: quarter cannot be 'fiscal'. Write calendar or weeks.",
    "tellings: [calls]": "1: tellings must be a table of keys, and is a list.",
    "tellings: {orders: []}": "1: unknown key 'tellings.orders'. "
    "Remove it or mend its spelling. Did you mean 'order'?",
    "outcomes: [[]]": "1: outcomes[1] must be text, and is a list.",
    "notes: [daily]": "1: notes must be a table of keys, and is a list.",
    "notes:\n  daily:\n    heading: ## Costs": "3: notes.daily.heading is empty. Put the heading in quotes",
    "notes: {daily: {heading: Costs}}": "1: notes.daily.heading 'Costs' is not a heading.",
    'notes: {daily: {heading: "## A\\nB"}}': "1: notes.daily.heading '## A\\nB' is not a heading.",
    "notes: {daily: {folder: ../out}}": "1: notes.daily.folder '../out' is not a path inside the vault.",
    "notes: {daily: {folder: a/CON}}": "1: a part of notes.daily.folder 'a/CON' is a device on Windows:",
    "notes: {dashboard: {path: nul}}": "1: a part of notes.dashboard.path 'nul' is a device on Windows:",
    "notes: {daily: {folder: .obsidian}}": "1: notes.daily.folder '.obsidian' is not a path inside",
    'notes: {daily: {format: "////"}}': "1: notes.daily.format '////' holds no date.",
    "notes: {dashboard: {path: 'C:\\x'}}": "1: notes.dashboard.path 'C:\\\\x' is not a path inside",
    "timezone: UTC\ncost: auto\ntimezone: UTC": "3: 'timezone' stands here again, after line 1. Keep one",
    "logs: !!str x": "1: tags such as tag:yaml.org,2002:str are not allowed.",
    "logs: !own x": "1: tags such as !own are not allowed.",
    "logs: &a x": "1: anchors and aliases (& and *) are not allowed.",
    "logs: *a": "1: anchors and aliases (& and *) are not allowed.",
    "<<: {a: b}": "1: unknown key '<<'.",
    "a: b: c": "1: is not YAML: mapping values are not allowed here.",
    "logs: [a": "is not YAML: ",
    "---\n---\n": "2: a second document begins here.",
    "just text": "1: the file must be a table of keys, and is the text 'just text'.",
    "? [a]\n: b": "1: a key must be plain text.",
    "logs: " + "[" * 100_000: "1: lists and tables are nested too deeply.",
    "a: b\nlogs: \x00": "2: is not YAML: it holds '\\x00'.",
    "logs: \x1b[31m": "1: is not YAML: it holds '\\x1b'.",
    'logs: ["a\\0b"]': "1: logs[1] holds '\\x00', which is no text. Remove it.",
    'ledger: "\\0"': "1: ledger holds '\\x00', which is no text.",
    'templates: "\\ud800"': "1: templates holds '\\ud800', which is no text.",
    'notes: {daily: {heading: "## \\udfff"}}': "1: notes.daily.heading holds '\\udfff', which is no text.",
    "timezone: " + "9" * 5000: "1: timezone must be text, and is '999",
    "timezone: 2026-02-30": "1: timezone '2026-02-30' is not a known time zone.",
    "notes:\n\tdaily: {}": "2: is not YAML: found character '\\t' that cannot start any token.",
    "a: &a [x, x]\nb: &b [*a, *a]\nlogs: [*b, *b]": "1: anchors and aliases (& and *) are not allowed.",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
def test_what_is_wrong_is_said_with_file_line_key_and_remedy(vault: Path, text: str) -> None:
    said = refusal(vault, text)
    assert said.startswith("vaultsync.yaml:")
    assert WRONG[text] in said
    assert len(said) < 400


def test_a_file_over_a_megabyte_is_refused_unread(vault: Path) -> None:
    assert refusal(vault, "#" * (SIZE_LIMIT + 1)).startswith("vaultsync.yaml: is over 1 MB.")


def test_a_file_that_is_not_utf8_is_refused_with_its_line(vault: Path) -> None:
    (vault / "vaultsync.yaml").write_bytes(b"currency: USD\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"vaultsync.yaml:2: is not UTF-8 text"):
        load({"vault": vault}, HOME, vault)


def test_a_folder_in_place_of_the_file_is_refused(vault: Path) -> None:
    (vault / "vaultsync.yaml").mkdir()
    with pytest.raises(ConfigError, match="is not a regular file"):
        load({"vault": vault}, HOME, vault)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(vault: Path) -> None:
    (vault / "vaultsync.yaml").write_bytes(b"\xef\xbb\xbfcurrency: EUR\r\ntimezone: UTC\r\n")
    assert load({"vault": vault}, HOME, vault).currency == "EUR"


@given(st.text())
def test_any_text_is_settings_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "vaultsync.yaml").write_text(text, encoding="utf-8")
    try:
        load({"vault": folder, "timezone": "UTC"}, HOME, folder)
    except ConfigError as error:
        assert str(error).startswith(str(folder))


# --- projects ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logged", "shown"),
    [
        ("/home/ada/code/poems", "Poems"),
        ("/home/ada/code/poems/drafts", "Poems"),
        ("/home/ada/code/poems2", "poems2"),
        ("/HOME/Ada/Code/POEMS", "Poems"),
        ("/srv/clients/acme/site", "Studio"),
        ("/srv/clients/acme", "acme"),
        ("Verse", "Poems"),
        ("/elsewhere/verse", "Poems"),
        ("client-7", "Clients"),
        ("poems", "Poems"),
        ("C:\\Users\\ada\\code\\thing", "thing"),
        ("owner/repo", "owner/repo"),
        ("/", "/"),
        ("", None),
        (None, None),
    ],
)
def test_a_project_is_named_by_the_first_rule_else_by_its_last_component(
    vault: Path, logged: str | None, shown: str | None
) -> None:
    rules = "projects: {Poems: [~/code/poems, verse], Studio: [/srv/clients/acme/*], Clients: client-*}"
    assert configured(vault, rules).project_name(logged) == shown


# --- digest ------------------------------------------------------------------------------------


def test_the_digest_is_the_same_for_the_same_settings(vault: Path) -> None:
    assert configured(vault, "quarter: calendar").digest() == configured(vault, "# said otherwise\n").digest()


@pytest.mark.parametrize(
    "text",
    [
        "quarter: weeks",
        'notes: {daily: {heading: "## X"}}',
        "projects: {a: b}",
        "tellings: {order: [bills]}",
        "tellings: {also: [console]}",
    ],
)
def test_the_digest_follows_what_a_note_shows(vault: Path, text: str) -> None:
    assert configured(vault, text).digest() != configured(vault, "").digest()


def test_the_digest_follows_prices_and_templates(vault: Path) -> None:
    (vault / "pricing.yaml").write_text("version: 1")
    before = configured(vault, "").digest()
    (vault / "pricing.yaml").write_text("version: 1\n")
    after = configured(vault, "").digest()
    assert before != after
    (vault / "_templates/vaultsync").mkdir(parents=True)
    (vault / "_templates/vaultsync/daily.md.j2").write_text("x")
    assert configured(vault, "").digest() != after
