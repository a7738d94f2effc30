"""What the README and the docs say is so."""

import re
import shlex
from functools import reduce
from pathlib import Path

import yaml
from dvc.cli.parser import get_main_parser

from stages.common.files import read_json
from stages.tables import read_table
from tests import ROOT
from tools.readme import PAGES as FILLED
from tools.readme import filled

PAGES = {page: page.read_text(encoding="utf-8") for page in [*FILLED, ROOT / "CONTRIBUTING.md"]}
README, TROUBLESHOOTING = PAGES[ROOT / "README.md"], PAGES[ROOT / "docs/troubleshooting.md"]
# Files, by their folder here or as code.
FILE = (
    r"(?<![\w/.-])((?:stages|tests|tools|benchmarks|docs|\.github)/[\w./-]*\w)"
    r"|`(\.?[a-z_]+/[\w./-]*|[\w.-]+\.(?:yaml|lock|toml|in))`"
)
# What is there only after the set-up or a run, as a fresh clone shows, or on a reader's machine.
WRITTEN = (
    *("data/", "models/", "metrics/", "logs/", "dvc_plots/", ".checkpoints/", ".locks/"),
    *(".venv/", ".dvc/tmp/", ".dvc/cache/", ".dvc/config.local"),
    *("stages/architectures/small.py", "tools/export/dvc.lock"),
)
# Words of DVC, not of ours.
OF_DVC = {
    "Could not override …",
    "python: not found",
    "getpwuid(): uid not found: …",
    "repository path '…' is not owned by current user",
    "'./dvc.lock' validation failed",
    "… is invalid (possible merge conflicts)",
    "[Errno 28] No space left on device",
    "error: …: Read-only file system",
    "failed to reproduce 'fetch': [Errno 2] No such file or directory: …",
    "… is busy, it is being blocked by:",
    "'<' not supported between instances of 'int' and 'str'",
}


def found(pattern: str) -> list[str]:
    """Return what a pattern matches on the pages, each once."""
    return sorted(set(re.findall(pattern, "\n".join(PAGES.values()), re.MULTILINE)))


def test_a_wrong_number_is_filled_in() -> None:
    # Not README itself: who has just trained has other times. `make check` compares that.
    right = filled(README)
    wrong = re.sub(r"\d\d\.\d\d to", "12.34 to", right, count=1)
    assert wrong != right
    assert filled(wrong) == right


def test_what_is_said_of_the_models_elsewhere_is_of_the_models_there_are() -> None:
    pictures = read_table(ROOT / "benchmarks/pictures.csv").set_index("model")["as_is"]
    for path in (ROOT / "metrics/evaluate").glob("*.json"):
        accuracy = read_json(path)["accuracy"]
        exports = read_table(ROOT / f"metrics/exports/{path.stem}.csv").set_index("format")
        assert exports["accuracy"]["keras"] == pictures[path.stem] == accuracy


def test_a_page_is_short_and_a_picture_small() -> None:
    lines = {page.name: len(text.splitlines()) for page, text in PAGES.items()}
    assert lines.pop("README.md") <= 120
    assert max(lines.values()) <= 100
    assert max(file.stat().st_size for file in (ROOT / "docs").glob("*.png")) < 200_000


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_links_lead_somewhere_and_those_of_the_readme_to_every_page() -> None:
    linked = set()
    for page, text in PAGES.items():
        for path, anchor in re.findall(r"\]\((?!https:)([^)#]*)#?([^)]*)\)", text):
            target = (page.parent / path).resolve() if path else page
            assert target.is_file(), f"{page.name}: {path}"
            assert not anchor or anchor in anchors(target), f"{page.name}: {path}#{anchor}"
            if text is README:
                linked.add(target)
    assert PAGES.keys() - linked <= {ROOT / "README.md"}


def test_make_targets_are_in_the_makefile() -> None:
    named = set(found(r"(?:^|`)make ([a-z-]+)"))
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"repro", "test"} <= named <= {*targets}


def test_files_are_there_or_made_by_a_run() -> None:
    named = ["".join(either) for either in found(FILE)]
    assert len(named) > 50
    assert [n for n in named if not n.startswith(WRITTEN) and not (ROOT / n).exists()] == []


def test_parameters_are_in_params_yaml() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    named = found(r"(?:`|-S '?)((?:data|split|train|models)\.[a-z][\w.]*)")
    assert len(named) > 5
    for name in named:
        reduce(lambda block, key: block[key], name.split("."), params)


def test_dvc_takes_the_commands() -> None:
    commands = found(r"(?:^|`|&& )dvc ([^`&|\n]+)")
    assert len(commands) > 20
    for command in commands:
        # It has said what is wrong, if anything is.
        get_main_parser().parse_args(shlex.split(command, comments=True))


def test_lines_to_look_up_are_those_of_the_code() -> None:
    sources = [*ROOT.glob("stages/**/*.py"), *ROOT.glob("tools/**/*.py"), ROOT / "Makefile"]
    code = "".join(source.read_text(encoding="utf-8") for source in sources)
    # A text that goes on in the next line is put together.
    code = re.sub(r'"\s+f?"', "", code)
    cells = re.findall(r"^\| (.+?) \|", TROUBLESHOOTING, re.MULTILINE)
    lines = {line for cell in cells for line in re.findall(r"`(.+?)`", cell)} - OF_DVC
    assert len(lines) > 10
    for line in lines:
        pieces = line.removeprefix("error: ").split("…")
        assert re.search(".*".join(map(re.escape, pieces)), code), line
