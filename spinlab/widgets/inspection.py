"""What a component is made of, as a card: its parts with their sizes, its interfaces, and the bytes of a function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spinlab.engine.binary import Extern
from spinlab.errors import SpinError
from spinlab.inspection import Bytecode, Inspection, Part
from spinlab.inspection.parts import Piece
from spinlab.toolchains.progress import Progress, silent
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, Markup, join, tag
from spinlab.widgets.plain import columns, octets, visible
from spinlab.widgets.style import box, folded, muted, pre, strong, table

LINES = 400
"""Of a list or text that are shown."""
_LISTED = 40
_NOTES = 12
_EXAMPLE = 24
_BYTES = 12


def card(of: Inspection, progress: Progress = silent) -> Display:
    """All that one wants to see at first."""
    parts = _parts(of)
    customs: list[tuple[str, ...]] = [
        (p.name or p.kind, name, octets(size)) for p in of.part.all for name, size in p.customs
    ]
    makers = [(field, what) for field, what in of.producers[:_LISTED]]
    blocks: list[tuple[str, tuple[str, ...], Sequence[tuple[str, ...]], bool]] = [
        ("imports", ("name", "kind"), _externs(of.imports), False),
        ("exports", ("name", "kind"), _externs(of.exports), True),
        ("parts", ("part", "size", "code", "data", "functions"), _cut(parts), True),
        ("custom sections", ("of", "name", "size"), _cut(customs, _NOTES), False),
        ("made by", ("", ""), makers, False),
    ]
    text, rich = [_heading(of)], [_title(of)]
    for name, columns_, rows, opened in blocks:
        if rows:
            about = f"{name}: {_count(of, name, rows)}"
            text += [about, _listing(columns_, rows)]
            rich.append(_folded_table(about, columns_, rows, opened))
    example = _example(of, progress)
    text.append(example.text)
    return Display("\n".join(text), box(*rich, example.html))


def sections(of: Inspection) -> Display:
    """Every section of every part, in the order of the binary."""
    rows = list(_sections(of.part, sum(len(part.pieces) for part in of.part.all) <= LINES // 2))
    names = ("section", "offset (hex)", "size", "entries")
    listing = _listing(names, _cut(rows, LINES))
    return Display(f"{_heading(of)}\n{listing}", box(_title(of), pre(listing)))


def _sections(part: Part, each: bool) -> Iterator[tuple[str, ...]]:
    """The rows of a part: a line for each section, or for those of a component between two parts of it."""
    inside = "  " * part.depth
    yield f"{inside}{_name(part)}", f"{part.start:x}", octets(part.size), ""
    run: list[Piece] = []
    within: list[Piece | Part] = [*part.pieces, *part.parts]
    for one in sorted(within, key=lambda one: one.start):
        if isinstance(one, Part):
            yield from _run(inside, run)
            run = []
            yield from _sections(one, each)
        elif each or part.kind != "component":
            count = f"{one.count:,}" if one.count else ""
            title = f'custom "{_clipped(one.title)}"' if one.id == 0 else one.title
            yield f"{inside}  {title}", f"{one.start:x}", octets(one.size), count
        else:
            run.append(one)
    yield from _run(inside, run)


def _run(inside: str, run: list[Piece]) -> Iterator[tuple[str, ...]]:
    if run:
        titles = ", ".join(dict.fromkeys(piece.title for piece in run))
        size = octets(sum(piece.size for piece in run))
        yield f"{inside}  {len(run)} sections: {_clipped(titles)}", f"{run[0].start:x}", size, ""


def text(of: Inspection, content: str) -> Display:
    """Text about it, such as its WIT; the first lines."""
    lines = content.rstrip("\n").split("\n")
    more = [f"... and {len(lines) - LINES:,} more lines"] if len(lines) > LINES else []
    shown = visible("\n".join([*(line[:300] for line in lines[:LINES]), *more]))
    return Display(shown, box(_title(of), pre(shown)))


def code(of: Inspection, found: Bytecode) -> Display:
    """One function, its bytes beside its text."""
    listing, about = _bytecode(found, LINES), _about(found)
    return Display(f"{about}\n{listing}", box(_title(of), tag("div", muted(about)), pre(listing)))


def _heading(of: Inspection) -> str:
    kind = f"{of.kind} of {octets(of.size)}"
    shared = " that functions share" if of.image else ""
    source = f"; this one gives it {octets(of.source)} of source" if of.image else ""
    name = f"{of.name} · " if of.name else ""
    return visible(f"{name}{kind}{shared}{source} · sha256 {of.digest[:16]}")


def _title(of: Inspection) -> Markup:
    return join(strong(of.name or of.kind), " ", muted(_heading(of).removeprefix(f"{of.name} · ")))


def _parts(of: Inspection) -> list[tuple[str, ...]]:
    functions = {code.part.start: len(code.bodies) for code in of.code}
    rows: list[tuple[str, ...]] = []
    for part in of.part.all:
        totals = part.totals
        sizes = [octets(totals[x][0]) if x in totals else "" for x in ("code", "data")]
        count = functions.get(part.start, 0)
        rows.append(("  " * part.depth + _name(part), octets(part.size), *sizes, f"{count:,}" if count else ""))
    return rows


def _name(part: Part) -> str:
    return f"{part.kind} {_clipped(part.name)}".rstrip()


def _externs(listed: Sequence[Extern]) -> list[tuple[str, ...]]:
    return _cut([(_clipped(one.name), one.kind) for one in listed])


def _cut(rows: list[tuple[str, ...]], most: int = _LISTED) -> list[tuple[str, ...]]:
    """The first rows, and how many there are beside them."""
    if len(rows) <= most:
        return rows
    return [*rows[:most], (f"... and {len(rows) - most:,} more", *[""] * (len(rows[0]) - 1))]


def _count(of: Inspection, name: str, rows: Sequence[tuple[str, ...]]) -> str:
    if name == "imports":
        return str(len(of.imports))
    if name == "exports":
        return str(len(of.exports))
    if name == "custom sections":
        return str(sum(len(part.customs) for part in of.part.all))
    return str(sum(1 for _ in of.part.all)) if name == "parts" else str(len(rows))


def _clipped(name: str) -> str:
    return name if len(name) <= 100 else f"{name[:97]}..."


def _listing(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    shown = [tuple(visible(cell) for cell in row) for row in rows]
    return columns([names, *shown] if any(names) else shown, indent=2)


def _folded_table(about: str, names: tuple[str, ...], rows: Sequence[tuple[str, ...]], opened: bool) -> Markup:
    rich: list[tuple[Child, ...]] = [tuple(cell.replace("  ", "\u2002\u2002") for cell in row) for row in rows]
    return folded(muted(about), table(names, rich), open_=opened)


def _example(of: Inspection, progress: Progress) -> Display:
    """A short function of it, or why there is none to be seen."""
    try:
        found = of.bytecode(progress=progress)
    except SpinError as error:
        said = f"its bytecode can't be shown: {error.message}" + (f" ({error.hint})" if error.hint else "")
        return Display(visible(said), tag("div", muted(said)))
    about, listing = f"and this is the bytecode: {_about(found)}", _bytecode(found, _EXAMPLE)
    return Display(f"{about}\n{listing}", folded(muted(about), pre(listing), open_=True))


def _about(found: Bytecode) -> str:
    module = f" of {_clipped(found.module)}" if found.module else ""
    return visible(f"{_clipped(found.name)}{module}, {octets(found.size)}")


def _bytecode(found: Bytecode, most: int) -> str:
    rows = []
    for line in found.lines[:most]:
        digits = line.data[:_BYTES].hex(" ") + (" .." if len(line.data) > _BYTES else "")
        rows.append((f"{line.offset:x}", digits, visible(line.text)[:200]))
    rest = max(0, len(found.lines) - most) + found.more
    width = max((len(row[0]) for row in rows), default=0)
    listing = columns([(offset.rjust(width), digits, text) for offset, digits, text in rows], indent=2)
    return f"{listing}\n  ... and {rest:,} more" if rest else listing
