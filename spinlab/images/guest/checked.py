"""What a handler of the SDK returned, looked at before the SDK does.

The SDK would fail somewhere in its own code, with an error that names neither the cell nor what is expected.
"""

import cell

EXPECTED = "return a spin_sdk.http.Response(status, headers, body)"

__spinlab__ = True


def watch(handler, wrap):
    """Check what `handler.handle_request` returns; a handler without that method is left alone.

    Parameters:
        handler: An instance of the cell's class.
        wrap: Makes the method that the SDK calls of `(method, check)`.
    """
    method = getattr(handler, "handle_request", None)
    if method is None:
        return handler
    cell.remember(getattr(method, "__func__", method))
    name = f"{type(handler).__name__}.handle_request()"
    handler.handle_request = wrap(method, lambda result: check(result, name))
    return handler


def check(result, name):
    """Let a response pass.

    Raises:
        TypeError: It is none that the SDK can send; says what it is and what is expected.
    """
    if not all(hasattr(result, part) for part in ("status", "headers", "body")):
        raise TypeError(f"{name} returned {_kind(result)}; {EXPECTED}")
    wrong = _wrong_part(result.status, result.headers, result.body)
    if wrong:
        raise TypeError(f"{name} returned a Response {wrong}")
    return result


def _wrong_part(status, headers, body):
    if not isinstance(status, int):
        return f"whose status is {_kind(status)}; it is a number such as 200"
    if not hasattr(headers, "items"):
        return f"whose headers are {_kind(headers)}; they are a dict of text, such as {{}}"
    for name, value in headers.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            return f"whose header {name!r} is {_kind(value)}; names and values are text"
    if isinstance(body, str) and body:
        return f"whose body is {_kind(body)}; it is bytes or None: bytes(text, 'utf-8')"
    return ""


def _kind(value):
    return "None" if value is None else f"{type(value).__name__} ({str(value)[:40]!r})"
