"""wasmtime's reasons for refusing a component, in words that say what to do."""

from __future__ import annotations

import re
from typing import Final

from spinlab.errors import ComponentError, MissingImport

_IMPORT: Final = re.compile(r"(?:type mismatch for import|missing import named|mismatched import) `([^`]+)`")


def explained(error: ComponentError, imports: tuple[str, ...]) -> ComponentError:
    """The same error as a reader of a notebook needs it.

    Parameters:
        error: As wasmtime gave it.
        imports: What the guest imports: a mismatch in one of them is not the guest's own fault.
    """
    text = error.message
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = _IMPORT.search(text)
    if named and named[1] in imports:
        reason = next((line for line in reversed(lines) if "mismatch" in line or "missing" in line), "")
        return MissingImport(
            f"the component imports {named[1]} with types or functions that the provided interface does not have",
            hint=f"build it with an SDK for the released interface ({reason})",
            details=text,
        )
    if len(lines) <= 1 and not error.details:
        return error
    cause = re.sub(r"^\d+: ", "", lines[-1]) if lines else text
    if "wasm" in text.lower() or "component" in text.lower():
        return ComponentError(
            f"the component is not valid: {cause}",
            hint=error.hint or "build it again with its own tools; `wasm-tools validate FILE` says the same",
            details=text,
        )
    return error
