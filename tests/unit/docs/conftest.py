"""What documents are compared with."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def _names(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield f"{prefix}::{node.name}"
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _names(node.body, f"{prefix}::{node.name}")


@pytest.fixture(scope="session")
def test_names() -> frozenset[str]:
    """Every test there is as `tests/...py::test_name`, without the brackets of its parameters."""
    return frozenset(
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in _names(ast.parse(path.read_text()).body, path.relative_to(ROOT).as_posix())
    )
