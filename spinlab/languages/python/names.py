"""Names that a cell uses and nobody defines: what Python would say only when the line runs.

Every scope of the cell is laid out as the compiler would, with what it binds and what it reads; a name is reported only
when no binding anywhere could give it a value.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from spinlab.languages.python.imports import is_type_checking

NOTEBOOK_BUILTINS = frozenset({"display", "get_ipython", "__IPYTHON__"})
BUILTINS = frozenset(dir(builtins)) | {"aiter", "anext", "ExceptionGroup", "BaseExceptionGroup", "EncodingWarning"}
_GUARDS = ("NameError", "Exception", "BaseException")
_LAZY_ANNOTATIONS = (3, 14)


@dataclass
class Scope:
    """One scope: the module, a function, a class or a comprehension.

    Attributes:
        kind: ``module``, ``function``, ``class`` or ``comprehension``.
        outer: The scope around it.
        bound: Names that it gives a value to.
        outside: Names declared ``global``.
        reads: Names that it reads, with the place.
    """

    kind: str
    outer: Scope | None = None
    bound: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    reads: list[ast.Name] = field(default_factory=list)


def undefined(tree: ast.Module, python: tuple[int, int]) -> list[ast.Name]:
    """The first use of each name that nobody defines, in the order of the cell.

    Nothing is reported for a cell whose names can't be known: a star import, `exec`, or a change of `globals()`.

    Parameters:
        python: The version that will run the cell.
    """
    layout = _Layout(tree, python)
    if layout.unknowable:
        return []
    everywhere = layout.module.bound | (BUILTINS - NOTEBOOK_BUILTINS)
    found: dict[str, ast.Name] = {}
    for scope in layout.scopes:
        for name in scope.reads:
            if not _is_dunder(name.id) and not _resolves(name.id, scope, everywhere):
                first = found.setdefault(name.id, name)
                if (name.lineno, name.col_offset) < (first.lineno, first.col_offset):
                    found[name.id] = name
    return sorted(found.values(), key=lambda name: (name.lineno, name.col_offset))


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in NOTEBOOK_BUILTINS


def _resolves(name: str, scope: Scope, everywhere: set[str] | frozenset[str]) -> bool:
    here: Scope | None = scope
    while here is not None and here.kind != "module":
        if name in here.outside:
            break
        if name in here.bound and (here is scope or here.kind != "class"):
            return True
        here = here.outer
    return name in everywhere


class _Layout(ast.NodeVisitor):
    """Lays out the scopes of a module."""

    def __init__(self, tree: ast.Module, python: tuple[int, int]) -> None:
        self.module = Scope("module")
        self.scopes = [self.module]
        self.scope = self.module
        self.unknowable = False
        self.guarded = 0
        postponed = any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in tree.body
        )
        self.annotations_run = not postponed and python < _LAZY_ANNOTATIONS
        self.visit_all(tree.body)

    def visit_all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    @contextmanager
    def inside(self, kind: str) -> Iterator[None]:
        """Everything visited meanwhile belongs to a new scope."""
        outer, self.scope = self.scope, Scope(kind, self.scope)
        self.scopes.append(self.scope)
        try:
            yield
        finally:
            self.scope = outer

    def bind(self, name: str) -> None:
        scope = self.scope
        (self.module if name in scope.outside else scope).bound.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.bind(node.id)
            return
        if node.id in ("exec", "globals"):
            self.unknowable = True
        if not self.guarded:
            self.scope.reads.append(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.scope.outside.update(node.names)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.unknowable = True
            self.bind(alias.asname or alias.name)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bind(node.name)
        self.visit_all(node.decorator_list)
        self._defaults(node.args)
        with self._type_parameters(node):
            for argument in _arguments(node.args):
                self._annotation(argument.annotation)
            self._annotation(node.returns)
            with self.inside("function"):
                self._declared(node)
                self._parameters(node.args)
                self.visit_all(node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the name is ast's

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)
        with self.inside("function"):
            self._parameters(node.args)
            self.visit(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bind(node.name)
        self.visit_all(node.decorator_list)
        with self._type_parameters(node):
            self.visit_all(node.bases)
            self.visit_all([keyword.value for keyword in node.keywords])
            with self.inside("class"):
                self._declared(node)
                self.visit_all(node.body)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)
        with self.inside("comprehension"):
            for at, part in enumerate(node.generators):
                self.visit(part.target)
                if at:
                    self.visit(part.iter)
                self.visit_all(part.ifs)
            if isinstance(node, ast.DictComp):
                self.visit(node.key)
                self.visit(node.value)
            else:
                self.visit(node.elt)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        scope, self_scope = self.scope, self.scope
        while scope.kind == "comprehension" and scope.outer is not None:
            scope = scope.outer
        self.scope = scope
        self.visit(node.target)
        self.scope = self_scope
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)
        if self.scope.kind != "function":
            self._annotation(node.annotation)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs  # noqa: N815 - the name is ast's

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bind(node.rest)
        self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> None:
        catches = any(
            handler.type is None
            or any(isinstance(part, ast.Name) and part.id in _GUARDS for part in ast.walk(handler.type))
            for handler in node.handlers
        )
        self.guarded += catches
        self.visit_all(node.body)
        self.guarded -= catches
        self.visit_all(node.handlers)
        self.visit_all(node.orelse)
        self.visit_all(node.finalbody)

    visit_TryStar = visit_Try  # noqa: N815 - the name is ast's

    def visit_If(self, node: ast.If) -> None:
        never = is_type_checking(node.test)
        self.visit(node.test)
        self.guarded += never
        self.visit_all(node.body)
        self.guarded -= never
        self.visit_all(node.orelse)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "builtins":
            self.unknowable = True
        self.generic_visit(node)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        self.visit(node.name)  # type: ignore[attr-defined]  # its value is evaluated only when somebody asks

    def _declared(self, node: ast.AST) -> None:
        """`global` holds for the whole scope, wherever it stands."""
        for part in _own(node):
            if isinstance(part, ast.Global):
                self.scope.outside.update(part.names)

    def _defaults(self, arguments: ast.arguments) -> None:
        self.visit_all([*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)])

    def _parameters(self, arguments: ast.arguments) -> None:
        self.scope.bound.update(argument.arg for argument in _arguments(arguments))

    def _annotation(self, node: ast.expr | None) -> None:
        if node is not None and self.annotations_run:
            self.visit(node)

    @contextmanager
    def _type_parameters(self, node: ast.AST) -> Iterator[None]:
        parameters = getattr(node, "type_params", [])
        if not parameters:
            yield
            return
        with self.inside("function"):
            self.scope.bound.update(parameter.name for parameter in parameters)
            yield


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    ends = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *ends]


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of the scopes inside."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _own(child)
