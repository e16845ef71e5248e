"""Any manifest that Spin accepts, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from spinlab.manifest import (
    Application,
    BuildCommand,
    Component,
    Dependency,
    Manifest,
    Mount,
    Profile,
    RegistrySource,
    Target,
    Trigger,
    UrlSource,
    Variable,
    http_trigger,
)

text = st.text(st.characters(codec="utf-8"), max_size=8)
kebab = st.from_regex(r"[a-z][a-z0-9]{0,3}(-[a-z][a-z0-9]{0,3}){0,2}", fullmatch=True)
snake = st.from_regex(r"[a-z][a-z0-9]{0,3}(_[a-z][a-z0-9]{0,3}){0,2}", fullmatch=True)
literal = text.filter(lambda t: "{{" not in t)
texts = st.lists(text, max_size=3).map(tuple)
scalars = text | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False) | st.dates()
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(text, v, max_size=3), max_leaves=6)
tables = st.dictionaries(text, st.dictionaries(text, values, max_size=3), max_size=2)
targets = st.one_of(
    st.builds(Target, name=text), st.builds(Target, url=text.filter(bool)), st.builds(Target, path=text.filter(bool))
)
digest = st.just("sha256:" + "0" * 64)
sources = text | st.builds(UrlSource, text, digest) | st.builds(RegistrySource, text, text, st.none() | text)
commands = text | texts
inherit = st.none() | st.booleans() | texts
dependencies = st.dictionaries(
    st.sampled_from(["a:b/c", "a:b/d@0.1.0", "x:y/z"]),
    st.builds(Dependency, version=text, short=st.just(True))
    | st.builds(Dependency, version=text, registry=st.none() | text, package=text, export=st.none() | text)
    | st.builds(Dependency, path=text, export=st.none() | text)
    | st.builds(Dependency, url=text, digest=digest),
    max_size=2,
)
profiles = st.dictionaries(
    text,
    st.builds(
        Profile,
        source=st.none() | sources,
        environment=st.dictionaries(text, text, max_size=2),
        dependencies=dependencies,
        command=st.none() | commands,
    ),
    max_size=1,
)
hosts = st.sampled_from(["https://example.com", "*://*:*", "http://{{ any }}"])
components = st.builds(
    Component,
    source=sources,
    description=text,
    variables=st.dictionaries(snake, literal, max_size=2),
    environment=st.dictionaries(text, text, max_size=2),
    files=st.lists(text | st.builds(Mount, text, text), max_size=2).map(tuple),
    exclude_files=texts,
    allowed_http_hosts=texts,
    allowed_outbound_hosts=st.lists(hosts, max_size=2).map(tuple),
    key_value_stores=st.lists(kebab | snake, max_size=2).map(tuple),
    sqlite_databases=st.lists(kebab | snake, max_size=2).map(tuple),
    ai_models=texts,
    targets=st.none() | st.lists(targets, max_size=2).map(tuple),
    build=st.none() | st.builds(BuildCommand, commands, st.none() | text, texts),
    tool=tables,
    dependencies_inherit_configuration=st.none() | st.booleans(),
    dependencies=dependencies,
    profile=profiles,
)
variables = st.builds(Variable, default=text, secret=st.booleans(), description=st.none() | text) | st.builds(
    Variable, required=st.just(True), description=st.none() | text
)


@st.composite
def triggers(draw: st.DrawFn, ids: list[str]) -> dict[str, tuple[Trigger, ...]]:
    """HTTP triggers with and without routes, one static, and those of a plugin."""
    references = st.sampled_from(ids) | components if ids else components
    found: dict[str, tuple[Trigger, ...]] = {}
    http = st.builds(http_trigger, st.none() | text, references, name=text)
    static = st.builds(
        Trigger, id=text, config=st.fixed_dictionaries({"route": text, "static_response": st.just({"body": "x"})})
    )
    plugin = st.builds(
        Trigger,
        component=st.none() | references,
        components=st.dictionaries(text, st.lists(references, max_size=2).map(tuple), max_size=2),
        config=st.dictionaries(text.filter(lambda k: k not in {"id", "component"}), values, max_size=2),
    )
    if draw(st.booleans()):
        found["http"] = tuple(draw(st.lists(http | static, min_size=1, max_size=3)))
    if draw(st.booleans()):
        found["plug-in"] = tuple(draw(st.lists(plugin, min_size=1, max_size=2)))
    return found


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """A whole manifest whose references and templates hold."""
    known = draw(st.dictionaries(kebab, components, max_size=3))
    return Manifest(
        application=draw(
            st.builds(
                Application,
                name=text,
                version=text,
                description=text,
                authors=texts,
                targets=st.lists(targets, max_size=2).map(tuple),
                trigger=tables,
                tool=tables,
            )
        ),
        variables={"any": Variable(required=True)} | draw(st.dictionaries(snake, variables, max_size=2)),
        triggers=draw(triggers(sorted(known))),
        components=known,
    )
