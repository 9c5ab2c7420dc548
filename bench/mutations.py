"""The single changes that can be made to a module: a comparison turned, a constant moved, an operator swapped."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


@dataclass(frozen=True)
class Mutation:
    """A module with one change: its line as it was, what was changed into what, and the whole source."""

    line: int
    text: str
    change: str
    source: str


def mutations(source: str) -> list[Mutation]:
    """Every single change, in the order of the source."""
    lines, found = source.splitlines(), []
    tree = ast.parse(source)
    for node in _changeable(tree):
        before = _words(node)
        for change in _changes(node):
            undo = change()
            found.append(
                Mutation(node.lineno, lines[node.lineno - 1].strip(), f"{before} → {_words(node)}", ast.unparse(tree))
            )
            undo()
    return sorted(found, key=lambda one: one.line)


def _words(node: ast.AST) -> str:
    return ast.unparse(node).replace("\n", " ")[:80]


Node = ast.expr | ast.stmt


def _changeable(tree: ast.AST) -> Iterator[Node]:
    """The expressions and statements that say what is done: no docstrings, annotations or decorators."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _says_nothing(child):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            yield from _changeable(child)


def _says_nothing(node: ast.AST) -> bool:
    """A docstring, the list of what a module exports, or the name of a type."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__"
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("TypeVar", "TypedDict", "cast")
    )


Change = Callable[[], Callable[[], None]]
"""Changes the tree, and returns what changes it back."""


def _changes(node: Node) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=ops):
            for at, operator in enumerate(ops):
                for other in _COMPARED[type(operator)]:
                    yield _set(ops, at, other())
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in _SWAPPED:
            yield _put(node, "op", _SWAPPED[type(operator)]())
        case ast.BoolOp(op=operator):
            yield _put(node, "op", ast.And() if isinstance(operator, ast.Or) else ast.Or())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield _put(node, "operand", ast.UnaryOp(node.op, operand))
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if not isinstance(test, ast.Compare):
            yield _put(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield _put(node, "value", ast.Constant(None))
        case ast.Constant(value=value):
            yield from (_put(node, "value", other) for other in _moved(value))


def _moved(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case float():
            yield value * 1.5 if value else 1.0
        case str():
            yield value[:1].swapcase() + value[1:] if value[:1].isalpha() else f"~{value}"


def _put(node: ast.AST, name: str, value: object) -> Change:
    def change() -> Callable[[], None]:
        before = getattr(node, name)
        setattr(node, name, value)
        return lambda: setattr(node, name, before)

    return change


def _set(ops: list[ast.cmpop], at: int, value: ast.cmpop) -> Change:
    def change() -> Callable[[], None]:
        before, ops[at] = ops[at], value
        return lambda: ops.__setitem__(at, before)

    return change
