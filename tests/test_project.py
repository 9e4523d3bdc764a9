"""What holds for the project as a whole: layers, names, locks, metadata, make."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("ingest", "bot", "ui")  # each may import those before it
MODULES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
LOCKS = ("requirements.lock", "requirements-dev.lock")

_DOMAIN_WORDS = re.compile(r"college|tuition|fafsa|universit|fitment|torque", re.IGNORECASE)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0], node.lineno


def _all_imports() -> Iterator[tuple[Path, str, int]]:
    for path in MODULES:
        for module, line in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, module, line


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _locked(name: str) -> dict[str, list[str]]:
    """Return the versions that a lock names (more than one where the platform decides)."""
    versions: dict[str, list[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([a-z0-9.-]+)==(\S+)", line):
            versions.setdefault(found[1], []).append(found[2])
    return versions


def _tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def test_there_is_code_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(LAYERS)


def test_imports_only_run_forward() -> None:
    backwards = [
        f"{_name(path)}:{line} imports {module}"
        for path, module, line in _all_imports()
        if module in LAYERS and LAYERS.index(module) > LAYERS.index(path.relative_to(ROOT).parts[0])
    ]
    assert not backwards


def test_everything_imported_is_declared() -> None:
    project = _pyproject()["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["evaluation"]]
    declared = {canonicalize_name(Requirement(d).name) for d in named}
    brought_by = packages_distributions()
    undeclared = {
        f"{_name(path)}:{line} imports {module}"
        for path, module, line in _all_imports()
        if module not in sys.stdlib_module_names
        and module not in (*LAYERS, "pydantic_core")  # pydantic pins its core to one version
        and not declared & {canonicalize_name(d) for d in brought_by.get(module, [])}
    }
    assert not undeclared


def test_no_module_shadows_the_standard_library() -> None:
    assert not [_name(path) for path in MODULES if path.stem in sys.stdlib_module_names]


def test_no_word_of_a_domain_in_the_code() -> None:
    found = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            if isinstance(node, documented) and ast.get_docstring(node) is not None:
                node.body[0] = ast.Pass()
        # The sample pack's folder is named as the default setting and in hints.
        code = ast.unparse(tree).replace("corpus/colleges", "")
        found += [
            f"{_name(path)}: {line}" for line in code.splitlines() if _DOMAIN_WORDS.search(line)
        ]
    assert not found


def test_no_registry_and_no_path_of_a_machine_is_committed() -> None:
    # Put together here, so that this file does not hold what it looks for.
    signs = ["index" + "-url", "py" + "pi.org", "python" + "hosted", "/ro" + "ot/", "/Us" + "ers/"]
    machine = re.compile("|".join(map(re.escape, signs)) + r"|(?<![\w.])/ho" + r"me/\w+/")
    found = []
    for path in _tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        found += [f"{_name(path)}: {match[0]}" for match in machine.finditer(text)]
    assert not found


@pytest.mark.parametrize("name", LOCKS)
def test_lock_pins_with_hashes_and_names_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    shapes = (
        r"#.*",
        r"    # .*",
        r"[a-z0-9.-]+==[A-Za-z0-9.+!]+(?: ; [^@:]+)? \\",
        r"    --hash=sha256:[0-9a-f]{64}(?: \\)?",
    )
    assert not [line for line in text.splitlines() if not re.fullmatch("|".join(shapes), line)]
    assert "://" not in text
    for block in re.split(r"(?m)^(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block


def test_every_dependency_is_locked_within_its_range() -> None:
    project = _pyproject()
    runtime, development = (_locked(name) for name in LOCKS)
    wanted = [
        (runtime, project["project"]["dependencies"]),
        (runtime, project["project"]["optional-dependencies"]["weights"]),
        (runtime, project["dependency-groups"]["build"]),
        (development, project["dependency-groups"]["dev"]),
    ]
    for lock, requirements in wanted:
        for requirement in map(Requirement, requirements):
            versions = lock.get(canonicalize_name(requirement.name), [])
            assert versions, f"{requirement.name} is not locked: run make lock"
            assert all(requirement.specifier.contains(version) for version in versions)


def test_what_is_left_out_stays_out() -> None:
    excluded = set(_pyproject()["tool"]["uv"]["exclude-dependencies"])
    assert excluded
    assert not excluded & (_locked(LOCKS[0]).keys() | _locked(LOCKS[1]).keys())


def test_both_locks_agree() -> None:
    runtime, development = (_locked(name) for name in LOCKS)
    for name in runtime.keys() & development.keys():
        assert set(development[name]) <= set(runtime[name]), name


def test_the_map_of_the_modules_is_current() -> None:
    script = runpy.run_path(str(ROOT / "tools" / "write_map.py"))
    on_disk = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    assert on_disk == script["written_map"](), "run python tools/write_map.py"


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"(?m)^\.PHONY: (.*)$", makefile)
    assert phony is not None
    help_text = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    listed = re.findall(r"(?m)^make (\w+) +\w", help_text)
    assert listed == phony[1].split()
