"""``docs/features.md``: each row of ``docs/features.toml`` with the tests that prove it.

A test says what it proves: ``@pytest.mark.feature("TA-07", "B-08")``. After adding one::

    .venv/bin/python tests/docs/features.py --write
"""

from __future__ import annotations

import argparse
import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "features.md"
TABLE = ROOT / "docs" / "features.toml"
COMMAND = ".venv/bin/python tests/docs/features.py --write"


@dataclass(frozen=True, order=True)
class Proof:
    """A test, and the row that it says to prove."""

    row: str
    file: str
    test: str

    @property
    def words(self) -> str:
        """The test's name as people read it."""
        return self.test.removeprefix("test_").replace("_", " ")


def table() -> dict[str, tuple[str, dict[str, str]]]:
    """By letters: title, and by row id what happens."""
    read = tomllib.loads(TABLE.read_text())
    return {
        letters: (part["title"], {f"{letters}-{number}": words for number, words in part["rows"].items()})
        for letters, part in read.items()
    }


def proofs(source: str, file: str) -> Iterator[Proof]:
    """What the tests in a file's text say to prove. Raises ``ValueError`` for a mark that is no plain list of ids."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.feature":
                    yield from (Proof(row, file, node.name) for row in _rows(mark, f"{file}: {node.name}"))


def _rows(mark: ast.Call, where: str) -> list[str]:
    values = [each.value for each in mark.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not values or mark.keywords or len(values) != len(mark.args):
        raise ValueError(f"{where}: name rows as plain text, such as TA-01.")
    return values


def all_proofs() -> list[Proof]:
    """Of all tests of the core and of the plugins in this repository."""
    files = sorted([*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")])
    return sorted({proof for file in files for proof in proofs(file.read_text(), file.relative_to(ROOT).as_posix())})


def page(found: list[Proof]) -> str:
    """The whole page."""
    parts, rows = table(), _by_row(found)
    total = sum(len(of_part) for _title, of_part in parts.values())
    open_rows = [row for _title, of_part in parts.values() for row in of_part if row not in rows]
    lines = [
        "# What works, and which tests prove it",
        "",
        f"Made by `{COMMAND}` of [features.toml](features.toml) and of the marks on the tests; do not edit.",
        "",
        f"{total - len(open_rows)} of {total} rows are proved. Open: {', '.join(open_rows) or 'none'}.",
    ]
    for title, of_part in parts.values():
        lines += ["", f"## {title}", "", "| row | what happens | proved by |", "|---|---|---|"]
        lines += [f"| {row} | {words} | {_cell(rows.get(row, []))} |" for row, words in of_part.items()]
    return "\n".join(lines) + "\n"


def _by_row(found: list[Proof]) -> dict[str, list[Proof]]:
    rows: dict[str, list[Proof]] = {}
    for proof in found:
        rows.setdefault(proof.row, []).append(proof)
    return rows


def _cell(found: list[Proof]) -> str:
    return "<br>".join(f"[{proof.words}](../{proof.file})" for proof in found) or "**open**"


def main() -> None:
    """Write the page, or say how many rows are open."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    made = page(all_proofs())
    if parser.parse_args().write:
        PAGE.write_text(made)
    print(next(line for line in made.splitlines() if " rows are proved" in line))


if __name__ == "__main__":
    main()
