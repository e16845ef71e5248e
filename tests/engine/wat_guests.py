"""HTTP guests for WASI 0.2, written by hand so that each does exactly one thing."""

from __future__ import annotations

from wasmtime import wat2wasm

_CASES = """DNS-timeout,DNS-error $dns,destination-not-found,destination-unavailable,destination-IP-prohibited,
destination-IP-unroutable,connection-refused,connection-terminated,connection-timeout,connection-read-timeout,
connection-write-timeout,connection-limit-reached,TLS-protocol-error,TLS-certificate-error,TLS-alert-received $tls,
HTTP-request-denied,HTTP-request-length-required,HTTP-request-body-size (option u64),HTTP-request-method-invalid,
HTTP-request-URI-invalid,HTTP-request-URI-too-long,HTTP-request-header-section-size (option u32),
HTTP-request-header-size (option $size),HTTP-request-trailer-section-size (option u32),
HTTP-request-trailer-size $size,HTTP-response-incomplete,HTTP-response-header-section-size (option u32),
HTTP-response-header-size $size,HTTP-response-body-size (option u64),
HTTP-response-trailer-section-size (option u32),HTTP-response-trailer-size $size,
HTTP-response-transfer-coding (option string),HTTP-response-content-coding (option string),HTTP-response-timeout,
HTTP-upgrade-failed,HTTP-protocol-error,loop-detected,configuration-error,internal-error (option string)"""


def _error_code() -> str:
    cases = []
    for case in _CASES.replace("\n", "").split(","):
        name, _, payload = case.partition(" ")
        cases.append(f'(case "{name}" {payload})')
    return f"(variant {' '.join(cases)})"


_IMPORTS = f"""
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p0))
    (export "pollable" (type $p (eq $p0)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:io/error@0.2.0" (instance $ioerror (export "error" (type (sub resource)))))
  (alias export $ioerror "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $os (sub resource)))
    (alias outer 1 $error (type $e0))
    (export "error" (type $e (eq $e0)))
    (type $se0 (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $se (eq $se0)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $os)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $os0))
    (export "output-stream" (type $os (eq $os0)))
    (export "get-stdout" (func (result (own $os))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
  (import "wasi:http/types@0.2.0" (instance $types
    (alias outer 1 $output-stream (type $os0))
    (export "output-stream" (type $os (eq $os0)))
    (export "fields" (type $fields (sub resource)))
    (export "headers" (type $headers (eq $fields)))
    (export "trailers" (type $trailers (eq $fields)))
    (export "incoming-request" (type $request (sub resource)))
    (export "outgoing-response" (type $response (sub resource)))
    (export "outgoing-body" (type $body (sub resource)))
    (export "response-outparam" (type $outparam (sub resource)))
    (type $dns0 (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dns (eq $dns0)))
    (type $tls0 (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $tls (eq $tls0)))
    (type $size0 (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $size (eq $size0)))
    (type $code0 {_error_code()})
    (export "error-code" (type $code (eq $code0)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-response" (func (param "headers" (own $headers)) (result (own $response))))
    (export "[method]outgoing-response.body" (func (param "self" (borrow $response)) (result (result (own $body)))))
    (export "[method]outgoing-body.write" (func (param "self" (borrow $body)) (result (result (own $os)))))
    (export "[static]outgoing-body.finish"
      (func (param "this" (own $body)) (param "trailers" (option (own $trailers))) (result (result (error $code)))))
    (export "[static]response-outparam.set"
      (func (param "param" (own $outparam)) (param "response" (result (own $response) (error $code)))))))
  (alias export $types "incoming-request" (type $incoming-request))
  (alias export $types "response-outparam" (type $response-outparam))
"""

_LOWERED = {
    "block": ('func $poll "[method]pollable.block"', "(param i32)", ""),
    "sleep": ('func $clock "subscribe-duration"', "(param i64) (result i32)", ""),
    "write": (
        'func $streams "[method]output-stream.blocking-write-and-flush"',
        "(param i32 i32 i32 i32)",
        "(memory $memory)",
    ),
    "stdout": ('func $stdout "get-stdout"', "(result i32)", ""),
    "exit": ('func $exit "exit"', "(param i32)", ""),
    "fields": ('func $types "[constructor]fields"', "(result i32)", ""),
    "response": ('func $types "[constructor]outgoing-response"', "(param i32) (result i32)", ""),
    "body": ('func $types "[method]outgoing-response.body"', "(param i32 i32)", "(memory $memory)"),
    "stream": ('func $types "[method]outgoing-body.write"', "(param i32 i32)", "(memory $memory)"),
    "finish": (
        'func $types "[static]outgoing-body.finish"',
        "(param i32 i32 i32 i32)",
        "(memory $memory) (realloc $realloc)",
    ),
    "set": (
        'func $types "[static]response-outparam.set"',
        "(param i32 i32 i32 i32 i64 i32 i32 i32 i32)",
        "(memory $memory)",
    ),
}

_KIT = """
    (global $body-of (mut i32) (i32.const 0))
    (func $begin (param $out i32) (result i32)  ;; set the response, give its stream
      (local $r i32)
      (local.set $r (call $response (call $fields)))
      (call $body (local.get $r) (i32.const 0))
      (global.set $body-of (i32.load (i32.const 4)))
      (call $set (local.get $out) (i32.const 0) (local.get $r) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0))
      (call $stream (global.get $body-of) (i32.const 0))
      (i32.load (i32.const 4)))
    (func $say (param $s i32) (param $length i32)
      (call $write (local.get $s) (i32.const 64) (local.get $length) (i32.const 0)))
    (func $end (param $s i32)
      (call $drop-stream (local.get $s))
      (call $finish (global.get $body-of) (i32.const 0) (i32.const 0) (i32.const 0)))
    (func $deep (param $n i32) (result i32)
      (if (result i32) (local.get $n)
        (then (i32.add (i32.const 1) (call $deep (i32.add (local.get $n) (i32.const 1)))))
        (else (i32.const 0))))
"""


_WARM_UP = """
  (func $prepare (canon lift (core func $c "prepare")))
  (component $warm (import "p" (func $p)) (export "prepare" (func $p)))
  (instance $warmed (instantiate $warm (with "p" (func $prepare))))
  (export "spinlab:image/warm-up@0.1.0" (instance $warmed))
"""


_REPORT = """
  (func $prepare (result string) (canon lift (core func $c "prepare") (memory $memory)))
  (component $warm (import "p" (func $p (result string))) (export "prepare" (func $p)))
  (instance $warmed (instantiate $warm (with "p" (func $prepare))))
  (export "spinlab:image/warm-up@0.1.0" (instance $warmed))
"""


def guest(handle: str, *, start: str = "", prepare: str | None = None, pages: int = 1) -> bytes:
    """A component whose handler is `handle`: core WAT with the locals ``$request $out $s $i``.

    At address 64 of its memory stands ``Hello from WAT`` and a line end. `start` runs when it is instantiated,
    `prepare` (with ``$s $i``) in a warm-up of its own; when it is ``report``, that fails with the text above.
    """
    reports = prepare == "report"
    warm_up = _REPORT if reports else _WARM_UP if prepare is not None else ""
    if reports:
        prepare = "(i32.store (i32.const 32) (i32.const 64)) (i32.store (i32.const 36) (i32.const 14)) (i32.const 32)"
    lowered = "\n".join(
        f"(core func ${n} (canon lower ({what}) {options}))" for n, (what, _, options) in _LOWERED.items()
    )
    imports = "\n".join(f'(import "i" "{n}" (func ${n} {type_}))' for n, (_, type_, _) in _LOWERED.items())
    exports = " ".join(f'(export "{n}" (func ${n}))' for n in _LOWERED)
    return bytes(
        wat2wasm(f"""(component {_IMPORTS}
  (core module $memories (memory (export "m") {pages}) (data (i32.const 64) "Hello from WAT\\n")
    (func (export "r") (param i32 i32 i32 i32) (result i32) i32.const 1024))
  (core instance $m (instantiate $memories))
  (alias core export $m "m" (core memory $memory))
  (alias core export $m "r" (core func $realloc))
  {lowered}
  (core func $drop-stream (canon resource.drop $output-stream))
  (core module $code (import "i" "m" (memory 1)) {imports} (import "i" "drop-stream" (func $drop-stream (param i32)))
    {_KIT}
    {f"(func $start {start}) (start $start)" if start else ""}
    (func (export "handle") (param $request i32) (param $out i32) (local $s i32) (local $i i32) {handle})
    (func (export "prepare") {"(result i32)" if reports else ""} (local $s i32) (local $i i32) {prepare or ""}))
  (core instance $c (instantiate $code (with "i" (instance (export "m" (memory $memory)) {exports}
    (export "drop-stream" (func $drop-stream))))))
  (func $handle (param "request" (own $incoming-request)) (param "response-out" (own $response-outparam))
    (canon lift (core func $c "handle")))
  (component $shape
    (import "request" (type $r (sub resource)))
    (import "outparam" (type $o (sub resource)))
    (import "handle" (func $h (param "request" (own $r)) (param "response-out" (own $o))))
    (export "handle" (func $h)))
  (instance $handler (instantiate $shape (with "request" (type $incoming-request))
    (with "outparam" (type $response-outparam)) (with "handle" (func $handle))))
  (export "wasi:http/incoming-handler@0.2.0" (instance $handler))
  {warm_up})""")
    )


HELLO = (
    "(local.set $s (call $begin (local.get $out))) (call $say (local.get $s) (i32.const 15)) (call $end (local.get $s))"
)
LOOP = "(loop $l (br $l))"
BOMB = "(loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 16)) (i32.const 0)))) unreachable"
RECURSION = "(drop (call $deep (i32.const 1)))"
NO_RESPONSE = ""
FLOOD = "(local.set $s (call $begin (local.get $out))) (loop $l (call $say (local.get $s) (i32.const 4096)) (br $l))"
CHATTER = "(local.set $s (call $stdout)) (loop $l (call $say (local.get $s) (i32.const 15)) (br $l))"
EXIT = "(call $exit (i32.const 1))"
SLEEP = "(call $block (call $sleep (i64.const 3600000000000)))"
HALF = (
    "(local.set $s (call $begin (local.get $out))) (call $say (local.get $s) (i32.const 15)) "
    "(call $say (local.get $s) (i32.const 15)) (call $block (call $sleep (i64.const 1000000))) unreachable"
)
