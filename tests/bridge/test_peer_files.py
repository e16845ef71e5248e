"""The same changes to the same files under `wasmtime serve`, in a real folder: answers and errors must not differ."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from spinlab.host.copies import Copy
from spinlab.http import Request
from tests.bridge.bench import sandbox
from tests.guests import folder
from tests.peer.wasmtime_serve import serve

pytestmark = pytest.mark.peer

CONTENTS = {"app/a.txt": b"hello world", "top": b"t"}

SCRIPT = """\
list app
read app/a.txt
stat app/a.txt
read nope
read app/a.txt/x
read app/a.txt/
read ..
read app/../../etc/passwd
read /etc/passwd
read app
read app/.
below app ../top
open app w
open app d
open top d
open new cd
open top cx
open . d
readlink top
sync app
sync top
list top
write new 0 hello
stream new 2 LL
append new !
read new
write new 8 x
stat new
resize new 3
read new
open new t
stat new
mkdir d
write d/f 0 x
rmdir d
rename d e
list e
unlink e/f
rmdir e
link top twice
stat twice
same top twice
symlink app/a.txt short
read short
readlink short
lstat short
open short n
symlink ../../x out
read out
symlink /etc x
symlink r r
read r
times top 1234567890
time top
mkdir app
unlink app
rmdir top
rmdir .
unlink .
rename app .
rename app app/in
rename top app
readonly top
writeonly top
unlink nope
write ../x 0 y
kept top
read top
mkdir made/
list made/
unlink made/
link app again
rename short made/short
read made/short
symlink a.txt app/l2
write app/l2 0 H
read app/a.txt
unlink app/l2
open file/ c
link top/ x2
resize app 1
times nope 1""".splitlines()


@pytest.mark.parametrize("guest", ["files2", "files3"])
def test_files_are_changed_as_the_peer_changes_them(guest: str, tmp_path: Path) -> None:
    for path, data in CONTENTS.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    body = "\n".join(SCRIPT).encode()
    ours = sandbox(guest, files=Copy(CONTENTS)).handle(Request("POST", "/", body=body))
    with serve(folder() / f"{guest}.wasm", dirs={tmp_path: "/"}) as url:
        theirs = httpx.post(url, content=body)
    told = [
        [f"{line}: {answer}" for line, answer in zip(SCRIPT, text.split("\n"), strict=True)]
        for text in (ours.text, theirs.text)
    ]
    assert told[0] == told[1]
