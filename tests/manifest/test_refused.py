"""What Spin refuses in a spin.toml is refused, in its words, with the place and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.errors import ManifestError
from spinlab.manifest import load

HEAD = 'spin_manifest_version = 2\n[application]\nname = "x"\n'
COMPONENT = '[trigger]\n[component.c]\nsource = "c.wasm"\n'


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "line 1: missing field `spin_manifest_version`", "spin_manifest_version = 2"),
        ('spin_manifest_version = "0"', 'line 1, spin_manifest_version: invalid manifest version: "0"', "= 2"),
        ("spin_manifest_version = 3", "invalid manifest version: 3", "= 2"),
        ('spin_manifest_version = "1"\nname = "x"', "missing field `trigger`", "add trigger"),
        ('spin_version = "2"\nname = "x"', 'invalid manifest version: "2"', "write spin_manifest_version = 2"),
        ("spin_manifest_version = 2\n", "missing field `application`", "add application"),
        (HEAD, "missing field `trigger`", "add trigger"),
        ("spin_manifest_version = 2\n[application]\n[trigger]", "application: missing field `name`", "add name"),
        (
            HEAD + "[triger]\n[trigger]\n",
            "line 4, triger: unknown field `triger`, expected one of `spin_manifest",
            "trigger?",
        ),
        (HEAD + "versoin = 'x'\n[trigger]", "unknown field `versoin`, expected one of `name`, `version`", "version?"),
        (
            HEAD + "version = 1\n[trigger]",
            "line 4, application.version: invalid type: integer `1`, expected a string",
            "",
        ),
        (HEAD + "authors = 'x'\n[trigger]", 'invalid type: string "x", expected a sequence', ""),
        (
            HEAD + '[trigger]\n[component.bad_id]\nsource="x"',
            "line 5, component.bad_id: words must be separated with",
            "bad-id",
        ),
        (
            HEAD + '[variables]\n"bad+name" = { required = true }\n[trigger]',
            "may only contain alphanumeric ASCII; got '+'",
            "bad_name",
        ),
        (
            HEAD + "[variables]\nv = {}\n[trigger]",
            "variables.v: must be `required` OR have a `default`",
            "one of the two",
        ),
        (HEAD + "[variables]\nv = { required = true, default = '' }\n[trigger]", "must be `required` OR have", ""),
        (HEAD + "[variables]\nv = { default = 1 }\n[trigger]", "invalid type: integer `1`, expected a string", ""),
        (HEAD + '[[trigger.fake]]\ncomponent = "1-2-3"', "words must start with an ASCII letter; got '1'", ""),
        (
            HEAD + COMPONENT + "allowed_outbound_host = []",
            "unknown field `allowed_outbound_host`",
            "allowed_outbound_hosts?",
        ),
        (
            HEAD + COMPONENT + "build = { comand = '' }",
            "unknown field `comand`, expected one of `command`, `workdir`, `watch`",
            "command?",
        ),
        (HEAD + COMPONENT + "key_value_stores = ['a b']", "expected kebab-case or snake_case", "'a b'"),
        (HEAD + COMPONENT + "files = [1]", "did not match any variant of untagged enum WasiFilesMount", "glob"),
        (
            HEAD + COMPONENT + "allowed_outbound_hosts = ['example.com']",
            'component c: "example.com" does not contain a scheme',
            "https://",
        ),
        (
            HEAD + COMPONENT + "variables = { v = '{{ nope }}' }",
            'component c: invalid variable template: unknown variable "nope"',
            "[variables]",
        ),
        (HEAD + "[trigger]\n[component.c]\nsource = { url = 'x' }", "untagged enum ComponentSource", "digest"),
        (HEAD + "[trigger]\n[component.c]\ndescription = ''", "missing field `source`", "add source"),
        (
            HEAD + COMPONENT + "[component.c.dependencies]\n'a:b/c' = { vresion = '1' }",
            "untagged enum ComponentDependency",
            "version",
        ),
        (
            HEAD + COMPONENT + "[component.c.dependencies]\nplain = '1'",
            'dependency "plain" must specify a package name',
            "package",
        ),
        (
            HEAD + COMPONENT + "[component.c.dependencies]\nplain = { component = 'x' }",
            "dependency ID x does not exist",
            "[component.x]",
        ),
        (
            HEAD + "[[trigger.http]]\nroute = '/'\ncomponent = 'hallo'\n[component.hello]\nsource='x'",
            'component "hallo", which is not',
            "hello?",
        ),
        (HEAD + "[[trigger.http]]\ncomponent = 'c'\n", "missing field `route`", "add route"),
        (
            HEAD + "[[trigger.http]]\nroute = '/x'\n",
            "Triggers must specify either component or static_response - /x has neither",
            "",
        ),
        (
            HEAD + "[[trigger.http]]\nid = 't'\nroute = { private = false }\ncomponent = 'c'",
            "'t' has { private = false }",
            "private = true",
        ),
        (
            HEAD + "[[trigger.http]]\nrute = '/x'\ncomponent = 'c'\n",
            "unknown field `rute`, expected one of `component`",
            "route?",
        ),
        (
            HEAD + "[[trigger.http]]\nroute = '/x'\ncomponent = 'c'\nexecutor = { type = 'wasi' }",
            "unknown variant `wasi`",
            "http",
        ),
        (
            HEAD + "[[trigger.http]]\nroute = '/x'\ncomponent = 'c'\nexecutor = { type = 'wagi', entrypoint = 'm' }",
            "cannot use deprecated 'entrypoint' field",
            "remove",
        ),
        (HEAD + "[[trigger.redis]]\ncomponent = 'c'\n", "missing field `channel`", "add channel"),
        (HEAD + "[[trigger.redis]]\ncomponent = 'c'\nchanel = 'c'", "unknown field `chanel`", "channel?"),
        ("a = [", "spin.toml is not valid TOML", ""),
    ],
)
def test_what_spin_refuses_is_refused_with_place_and_remedy(text: str, message: str, hint: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load(text)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_the_place_of_an_error_is_shown_as_spin_shows_it() -> None:
    with pytest.raises(ManifestError) as caught:
        load('spin_manifest_version = 2\n\n[application]\nname = "x"\n[trigger]\n[component.bad_id]\nsource = "x"')
    assert caught.value.details == (
        "TOML parse error at line 6, column 12\n  |\n6 | [component.bad_id]\n  |            ^^^^^^\n"
        "words must be separated with '-', not '_'"
    )


def test_the_place_is_in_the_right_one_of_several_triggers() -> None:
    text = HEAD + "[[trigger.http]]\nroute = '/a'\ncomponent = 'c'\n\n[[trigger.http]]\nrout = '/b'\ncomponent = 'c'\n"
    with pytest.raises(ManifestError, match=r"line 9, trigger\.http\.rout"):
        load(text)


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "spin.toml").write_text(HEAD + COMPONENT)
    assert load(tmp_path / "spin.toml").application.name == "x"
    with pytest.raises(ManifestError, match="can't be read"):
        load(tmp_path / "other.toml")
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe9'")
    with pytest.raises(ManifestError, match="not UTF-8"):
        load(tmp_path / "latin.toml")
