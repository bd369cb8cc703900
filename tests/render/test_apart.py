"""Templates of a shared vault: whatever they do, the run goes on in its bounds, and names file and line."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.telling import Naive, Spent
from vaultsync import periods, report
from vaultsync.errors import TemplateError
from vaultsync.model import Report
from vaultsync.render import Renderer, apart
from vaultsync.render.apart import Apart
from vaultsync.render.text import Markdown
from vaultsync.report import Desk

SHIPPED = Path(__file__).parent.parent.parent / "templates"
DAY = date(2026, 1, 7)
CONTEXT: dict[str, object] = {
    "cost": Markdown(r"\$0.15"),
    "only": ("[[garden]]",),
    "budget": {"left": Markdown(r"\$1")},
    "tables": {"models": Markdown("| a |")},
    "charts": {},
}

Render = Callable[[str], str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[Apart]:
    """One process for all tests that leave it alive, or that it may be started anew for."""
    found = Apart(folder, SHIPPED)
    yield found
    found.close()


@pytest.fixture
def render(folder: Path, process: Apart, request: pytest.FixtureRequest) -> Render:
    """Render a template of the vault's own; each has a name of its own, for the process remembers them."""
    name = re.sub(r"\W+", "-", request.node.name)[:100].strip("-")

    def run(source: str) -> str:
        (folder / f"{name}.j2").write_text(source)
        return process.run(f"{name}.j2", CONTEXT)

    return run


def daily() -> Report:
    figures = Naive([Spent(DAY), Spent(DAY, project="[[a]]")])
    return report.daily(Desk(periods.day(DAY), figures))


# --- what goes over ----------------------------------------------------------------------------


def test_what_is_rendered_apart_is_what_is_rendered_here(tmp_path: Path) -> None:
    (tmp_path / "base.md.j2").write_bytes((SHIPPED / "base.md.j2").read_bytes())
    notes = []
    for templates in (tmp_path, tmp_path / "missing"):
        renderer = Renderer(templates, SHIPPED)
        notes.append(renderer.note(daily()))
        renderer.close()
    assert notes[0] == notes[1] and r"\[\[a\]\]" in notes[0]


def test_names_stay_names_and_markdown_stays_markdown_on_the_way(render: Render) -> None:
    source = "{{ cost }} {{ only[0] }} {{ budget.left }} {{ show('models') }} {{ tables }} {{ only }}"
    expected = r"\$0.15 \[\[garden\]\] \$1 | a | ('models',) ('\[\[garden\]\]',)"
    assert render(source) == expected


def test_shipped_templates_start_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_start", lambda: pytest.fail("a process was started"))
    (tmp_path / "weekly.md.j2").write_text("mine")
    renderer = Renderer(tmp_path, SHIPPED)
    assert "| Provider |" in renderer.note(daily())
    renderer.close()


def test_one_process_renders_all_notes_and_ends_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, start = [], apart._start
    monkeypatch.setattr(apart, "_start", lambda: started.append(start()) or started[-1])
    (tmp_path / "daily.md.j2").write_text("{{ cost }}")
    renderer = Renderer(tmp_path, SHIPPED)
    assert {renderer.note(daily()) for _ in range(3)} == {r"\$0.3000"}
    assert len(started) == 1 and started[0].poll() is None
    renderer.close()
    assert started[0].poll() is not None


def test_the_process_ends_when_its_owner_is_gone() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom vaultsync.render import apart\n"
        "process = apart._start()\nprint(process.pid, flush=True)\nsys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as owner:  # type: ignore[call-overload]
        child = int(owner.stdout.readline())
        owner.kill()
        owner.wait()
        assert owner.stdout.read() == ""  # ends only when nobody holds the pipe, the child's copy included
    assert child


def test_where_no_process_can_be_started_the_note_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with pytest.raises(TemplateError, match=re.escape(f"{tmp_path}: templates of your own need a process")):
        Apart(tmp_path, SHIPPED).run("daily.md.j2", CONTEXT)


def test_a_module_of_the_current_folder_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "jinja2", "pickle"):
        (tmp_path / f"{name}.py").write_text("open('imported', 'w')")
    (tmp_path / "daily.md.j2").write_text("fine")
    monkeypatch.chdir(tmp_path)
    process = Apart(tmp_path, SHIPPED)
    assert process.run("daily.md.j2", CONTEXT) == "fine"
    process.close()
    assert not (tmp_path / "imported").exists()


# --- bounds ------------------------------------------------------------------------------------


def test_nested_loops_end_with_the_time_and_name_the_line(folder: Path) -> None:
    source = "a\n{% for a in range(99999) %}{% for b in range(99999) %}\n{{ '' }}{% endfor %}{% endfor %}"
    (folder / "line.j2").write_text(source)
    with pytest.raises(TemplateError, match=r"line\.j2:[23]: takes more than 0\.4 seconds"):
        Apart(folder, SHIPPED, seconds=0.4).run("line.j2", CONTEXT)


def test_a_template_that_was_ended_is_not_tried_again_and_others_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, start = [], apart._start
    monkeypatch.setattr(apart, "_start", lambda: started.append(start()) or started[-1])
    loop = "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3
    (folder / "loop.j2").write_text(loop)
    (folder / "fine.j2").write_text("{{ cost }}")
    process = Apart(folder, SHIPPED, seconds=0.2)
    for _ in range(50):
        with pytest.raises(TemplateError, match=r"loop\.j2:1"):
            process.run("loop.j2", CONTEXT)
    assert process.run("fine.j2", CONTEXT) == r"\$0.15"
    process.close()
    assert len(started) == 2


def test_a_process_that_answers_no_more_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single long sum lets no other thread of the process say anything."""
    first = '{"error": ["daily.md.j2", null, "cannot be rendered."], "ended": true}'
    monkeypatch.setattr(apart, "CODE", f"import time; print('{first}', flush=True); time.sleep(60)")
    monkeypatch.setattr(apart, "GRACE_SECONDS", 0.1)
    with pytest.raises(TemplateError, match=r"^daily\.md\.j2: cannot be rendered\."):
        Apart(tmp_path, SHIPPED, seconds=0.1).run("daily.md.j2", CONTEXT)


def test_a_process_that_does_not_hear_what_it_is_asked_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a pipe holds is asked, and read only long after the time is up."""
    answer = r"""print('{"text": "late"}\n' * 2)"""
    late = f"import sys, time; time.sleep(3); sys.stdin.buffer.read(10**6); {answer}"
    monkeypatch.setattr(apart, "CODE", late)
    monkeypatch.setattr(apart, "START_SECONDS", 0.1)
    with pytest.raises(TemplateError, match="none could be started"):
        Apart(tmp_path, SHIPPED).run("daily.md.j2", {"only": "x" * 10**6})


GROWING = {
    "by adding": "{% set n.x = n.x + n.x %}",
    "by joining": "{% set n.x = n.x ~ n.x %}",
    "by replacing": "{% set n.x = n.x|replace('a', 'aaaaaaaaaa') %}",
    "by lists": "{% set n.y = n.y + n.y %}",
    "by format": "{% set n.x = '{:>999999999}'.format(1) %}",
}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep to a bound on memory")
@pytest.mark.parametrize("grow", GROWING.values(), ids=GROWING)
def test_memory_is_bounded_and_what_one_template_took_is_no_trouble_to_the_next(
    render: Render, process: Apart, grow: str
) -> None:
    with pytest.raises(
        TemplateError, match=r"\.j2:2: needs too much memory|takes more than|cannot be rendered"
    ):
        render(f"{{% set n = namespace(x='aaaa', y=[1]) %}}\n{{% for i in range(60) %}}{grow}{{% endfor %}}")
    assert process._process is None


BAD = {
    "a long text": ("\n{{ 'x' * 10**10 }}", r":2: '\*\*' works on plain numbers"),
    "a long range": ("{{ range(1000000000)|list }}", ":1: Range too big"),
    "much output": ("\n{% for a in range(99999) %}\n0123456789abcdef\n{% endfor %}", ":2: prints more than"),
    "a long source": ("x" * 1_000_001, ": has more than 1,000,000 bytes"),
    "a macro in itself": ("{% macro m(n) %}{{ m(n) }}{% endmacro %}\n{{ m(1) }}", ":1: maximum recursion"),
    "brackets": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", ": maximum recursion"),
    "negations": ("{{ " + "not " * 9000 + "1 }}", ": maximum recursion"),
    "deep blocks": ("{% for a in [1] %}" * 30 + "{% endfor %}" * 30, ": too many statically nested blocks"),
    "a file's name": ("{% include '" + "a" * 5000 + ".j2' %}", ":1: there is no template"),
    "a NUL": (r"{% include 'a\0b.j2' %}", ":1: .*embedded null"),
    "a name": ("one\n{{ costs }}", ":2: 'costs' is undefined"),
    "syntax": ("one\n{% if %}", ":2: Expected an expression"),
}


@pytest.mark.parametrize(("source", "said"), BAD.values(), ids=BAD)
def test_what_goes_wrong_is_named_with_file_and_line_and_ends_nothing(
    render: Render, process: Apart, source: str, said: str
) -> None:
    with pytest.raises(TemplateError, match=said) as trouble:
        render(source)
    assert len(str(trouble.value)) < 1000
    assert process._process is not None


def test_a_template_that_includes_itself_is_named(folder: Path, process: Apart) -> None:
    (folder / "itself.j2").write_text("x\n{% include 'itself.j2' %}")
    with pytest.raises(TemplateError, match=r"itself\.j2:2: maximum recursion"):
        process.run("itself.j2", CONTEXT)


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ('{0.__class__.__mro__}'|attr('format'))(1) }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "{{ ['{0.__class__}']|map('format', 1)|list }}",
    "{{ only|attr('__class__') }}",
    "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ ''['__class__'] }}",
    "{{ show.__globals__ }}",
    "{{ show.__code__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__self__ }}",
    "{% for a in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% set x = (1 for y in z) %}",
    "{{ (x async for x in only) }}",
    "{% import 'os' as os %}",
    "{% debug %}",
    "{{ only|safe }}",
    "{{ {'a b': 1}|xmlattr }}",
    "{{ show }}",
    "{{ budget.update(left=0) }}",
    "{{ budget.pop('left') }}",
    "{{ budget.setdefault('x', 1) }}",
    "{{ [1].append(2) }}",
    "{{ [3, 2].sort() }}",
    "{% set budget.left = 0 %}",
    "{% do 1 %}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_the_sandbox_holds(render: Render, source: str) -> None:
    with pytest.raises(TemplateError):
        render(source)


@pytest.mark.parametrize(
    "name", ["../secret.j2", "/etc/hosts", "link.j2", "linked/secret.j2", "shipped/../../x.j2"]
)
def test_an_include_stays_in_its_folder(tmp_path: Path, render: Render, folder: Path, name: str) -> None:
    (folder.parent / "secret.j2").write_text("secret")
    for link, target in (("link.j2", "../secret.j2"), ("linked", "..")):
        if not (folder / link).is_symlink():
            (folder / link).symlink_to(target)
    with pytest.raises(TemplateError, match=r"\.j2:2: (there is no|the) template '"):
        render(f"\n{{% include {name!r} %}}")
