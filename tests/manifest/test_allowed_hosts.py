"""The grammar of ``allowed_outbound_hosts``, and what entries let through."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import ManifestError
from spinlab.manifest.allowed_hosts import DEFAULT_PORTS, AllowedHosts, Own, Subdomains, parse, split, validate


@pytest.mark.parametrize(
    ("text", "scheme", "host", "ports"),
    [
        ("http://spin.example", "http", "spin.example", (80, 81)),
        ("https://spin.example/", "https", "spin.example", (443, 444)),
        (" http://Spin.Example:4444 ", "http", "spin.example", (4444, 4445)),
        ("http://spin.example:4444/", "http", "spin.example", (4444, 4445)),
        ("http://spin.example:4444..5555", "http", "spin.example", (4444, 5555)),
        ("*://spin.example:7777", None, "spin.example", (7777, 7778)),
        ("*://*:*", None, None, None),
        ("http://self", "http", Own(), (80, 81)),
        ("http://self.alt", "http", Own(), (80, 81)),
        ("http://localhost:3001", "http", "localhost", (3001, 3002)),
        ("http://*.Example.com", "http", Subdomains(".example.com"), (80, 81)),
        ("http://192.168.1.1:3002", "http", ipaddress.ip_address("192.168.1.1"), (3002, 3003)),
        ("http://[::1]", "http", ipaddress.ip_address("::1"), (80, 81)),
        ("https://[::1]:8001", "https", ipaddress.ip_address("::1"), (8001, 8002)),
        ("http://[::1]:*", "http", ipaddress.ip_address("::1"), None),
        ("*://127.0.0.1/24:80", None, ipaddress.ip_network("127.0.0.0/24"), (80, 81)),
        ("http://10.0.0.0/8", "http", ipaddress.ip_network("10.0.0.0/8"), (80, 81)),
        ("http://ff00::/8", "http", ipaddress.ip_network("ff00::/8"), (80, 81)),
        ("http://2001:db8::/32:443", "http", ipaddress.ip_network("2001:db8::/32"), (443, 444)),
        ("postgres://db", "postgres", "db", (5432, 5433)),
        ("redis://my_db", "redis", "my_db", (6379, 6380)),
        ("mqtt://broker:", "mqtt", "broker", (1883, 1884)),
        ("https://bücher.example", "https", "xn--bcher-kva.example", (443, 444)),
    ],
)
def test_an_entry_is_read(text: str, scheme: str | None, host: object, ports: tuple[int, int] | None) -> None:
    found = parse(text)
    assert (found.scheme, found.host, found.ports) == (scheme, host, ports)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*", "Hosts must be in the form <scheme>://<host>[:<port>]"),
        ("", "this will obviate all network sandboxing"),
        ("?", "is not an allowed outbound host format"),
        (":", "is not an allowed outbound host format"),
        ("example.com", "\"example.com\" does not contain a scheme (e.g., 'http://' or '*://')"),
        ("localhost:3001", "does not contain a scheme"),
        ("{http,https}://x", 'no port was provided and the scheme "{http,https}" does not have'),
        ("{http,https}://x:1", "scheme lists are not supported"),
        ("wasi-nn://x:1", 'Invalid allowed host scheme "wasi-nn": only alphabetic characters are allowed'),
        ("http://{a,b}", 'Invalid allowed host "{a,b}": host lists are not yet supported'),
        ("http://a.*", "wildcards are allowed only as subdomains"),
        ("http://*a.com", "wildcards are allowed only as subdomains"),
        ("http://*.*.com", "wildcards are allowed only as prefixes"),
        ("http://*.127.0.0.1", "wildcard suffix must be a domain"),
        ("http://*.[::1]:80", "wildcard suffix must be a domain"),
        ("http://*.", 'invalid wildcard host "*.": empty host'),
        ("http://x/a", "must not include a path"),
        ("http://x:80/a", '"http://x:80/a" has a path but is not allowed to'),
        ("http://10.0.0.0/8/x", "must not include a path"),
        ("http://x:{80,81}", "port lists are not yet supported"),
        ("http://x:99999", 'Invalid allowed host port "99999": port "99999" is not a number: number too large'),
        ("http://x:8O8O", 'port "8O8O" is not a number: invalid digit found in string'),
        ("http://x:8080..", 'port range "8080.." contains non-number: cannot parse integer from empty string'),
        ("http://x:8080..70000", "contains non-number"),
        ("gopher://x", 'no port was provided and the scheme "gopher" does not have a known default port number'),
        ("*://x", 'the scheme "*" does not have a known default port number'),
        ("http://", "empty host"),
        ("http://exa mple.com", "invalid domain character"),
        ("http://1.2.3.4.5", "invalid IPv4 address"),
        ("http://[::1", "invalid"),
        ("http://[v1.]", "invalid IPv6 address"),
    ],
)
def test_an_entry_is_refused_in_spins_words_with_a_remedy(text: str, reason: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(text)
    assert reason in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "http://[::1]/foo",
        "http://ff00::/8/extra",
        "http://[::1]junk",
        "http://[::1]::80",
        "[::1]:8080",
        "http://self:notaport",
        "http://*:notaport",
        "http://*.example.com:8080/p",
        "http://*.example.com/p",
        "http://127.0.0.0/24/p",
        "http://*.:8080",
        "http://example%.com",
        "http://example%2.com",
        "http://exa[mple.com",
        "http://exa\\mple.com",
        "http://example.com:80:90",
        "http://example.com//",
        "http://self//",
        "http://[::1]//",
        "http://*.192.168.001.001",
        "http://*.[2001:db8::1]",
        "zootle! wurdl!",
        "}{ !!**",
    ],
)
def test_what_spin_rejects_is_rejected(text: str) -> None:
    with pytest.raises(ManifestError):
        parse(text)


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("http://localhost", "http://localhost:80/x", True),
        ("http://localhost", "http://localhost:3000", False),
        ("http://localhost", "https://localhost", False),
        ("https://*", "https://anything.example/x?y", True),
        ("https://*", "https://anything.example:444", False),
        ("http://*.example.com", "http://a.b.EXAMPLE.com/foo", True),
        ("http://*.example.com", "http://example.com", False),
        ("http://*.example.com", "http://myexample.com", False),
        ("http://x.example:8000..8002", "http://x.example:8001", True),
        ("http://x.example:8000..8002", "http://x.example:8002", False),
        ("*://127.0.0.1/24:63551", "tcp://127.0.0.1:63551", True),
        ("*://10.0.0.0/8:*", "http://0x0a000001/", True),
        ("*://10.0.0.0/8:*", "http://10.0.0.1.example/", False),
        ("http://[::1]", "http://[::1]:80/some/path", True),
        ("http://[::1]", "http://[::1]:81", False),
        ("http://2001:db8::/32", "http://[2001:db8:abcd::1]/x", True),
        ("http://2001:db8::/32", "http://[2001:db9::1]", False),
        ("mysql://xyz.com", "mysql://user:pass#word@xyz.com", True),
        ("https://*", "https://good.example\\@evil.example", False),
        ("https://good.example", "https://good.example@evil.example", False),
        ("https://good.example", "https://evil.example#@good.example", False),
        ("https://good.example", "https://evil.example/@good.example", False),
        ("https://good.example", "https://evil.example?@good.example", False),
        ("*://*:*", "nonsense", False),
        ("*://*:*", "redis://h:70000", False),
        ("redis://*:*", "redis://h", True),
    ],
)
def test_an_entry_lets_through_what_it_names(entry: str, url: str, allowed: bool) -> None:
    assert AllowedHosts.parse([entry]).allows(url) is allowed


def test_a_destination_without_a_scheme_has_that_of_its_protocol() -> None:
    grants = AllowedHosts.parse(["https://spin.example", "redis://cache:6379"])
    assert grants.allows("spin.example:443", "https")
    assert grants.allows("cache:6379", "redis")
    assert not grants.allows("spin.example:443", "http")


def test_nothing_is_allowed_by_default() -> None:
    assert not AllowedHosts().allows("http://localhost")
    assert not AllowedHosts().allows_self()


def test_self_is_granted_by_self_or_by_any_host() -> None:
    assert AllowedHosts.parse(["http://self"]).allows_self(["http"])
    assert not AllowedHosts.parse(["http://self"]).allows_self(["https"])
    assert AllowedHosts.parse(["*://*:*"]).allows_self()
    assert not AllowedHosts.parse(["http://example.com"]).allows_self()


def test_all_components_stand_behind_a_chaining_wildcard() -> None:
    grants = AllowedHosts.parse(["http://*.spin.internal", "https://x.example"], components=["one", "two"])
    assert [e.host for e in grants.entries] == ["one.spin.internal", "two.spin.internal", "x.example"]
    assert [e.chaining for e in grants.entries] == [True, True, False]


def test_the_old_word_for_everything_is_refused() -> None:
    with pytest.raises(ManifestError, match="'insecure:allow-all' is not allowed"):
        validate(["insecure:allow-all"])
    with pytest.raises(ManifestError, match="does not contain a scheme"):
        validate(["insecure:allow-all", "http://x"])


def test_templates_are_checked_with_their_default_values() -> None:
    validate(["http://{{ host }}:{{ port }}"], {"host": "example.com", "port": "1234"})
    validate(["http://{{ host }}"], {"host": None})
    validate(["https://{{ host }}", "{{ host }}"], {"host": ""})
    with pytest.raises(
        ManifestError, match=r'with template "http://{{ host }}" results in invalid config "http://a b"'
    ):
        validate(["http://{{host}}"], {"host": "a b"})


def test_an_endpoint_whose_variable_is_empty_is_left_out() -> None:
    values = {"one": "", "two": "x.example"}
    grants = AllowedHosts.parse(["https://{{ one }}", "{{ one }}", "https://{{ two }}"], values.__getitem__)
    assert [e.host for e in grants.entries] == ["x.example"]


labels = st.from_regex(r"[a-z]([a-z0-9-]{0,5}[a-z0-9])?", fullmatch=True)
domains = st.lists(labels, min_size=1, max_size=4).map(".".join)
schemes = st.sampled_from(sorted(DEFAULT_PORTS))
ports = st.integers(1, 65535)


@given(schemes, domains, ports)
def test_an_entry_allows_exactly_its_own_destination(scheme: str, domain: str, port: int) -> None:
    grants = AllowedHosts.parse([f"{scheme}://{domain}:{port}"])
    assert grants.allows(f"{scheme}://{domain}:{port}/path")
    assert not grants.allows(f"{scheme}://{domain}:{port % 65535 + 1}")
    assert not grants.allows(f"{scheme}://x{domain}:{port}")
    assert not grants.allows(f"{scheme}x://{domain}:{port}")


@given(schemes, domains)
def test_without_a_port_the_schemes_own_is_meant(scheme: str, domain: str) -> None:
    grants = AllowedHosts.parse([f"{scheme}://{domain}"])
    assert grants.allows(f"{scheme}://{domain}")
    assert grants.allows(f"{scheme}://{domain}:{DEFAULT_PORTS[scheme]}")


@given(domains, domains)
def test_a_wildcard_grants_what_is_below_its_domain(domain: str, other: str) -> None:
    grants = AllowedHosts.parse([f"https://*.{domain}"])
    assert grants.allows(f"https://{other}.{domain}")
    assert not grants.allows(f"https://{domain}")
    assert grants.allows(f"https://{other}") == other.endswith(f".{domain}")


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_a_network_grants_its_addresses(network: int, address: int, bits: int) -> None:
    base, one = ipaddress.IPv4Address(network), ipaddress.IPv4Address(address)
    expected = one in ipaddress.ip_network(f"{base}/{bits}", strict=False)
    assert AllowedHosts.parse([f"http://{base}/{bits}:*"]).allows(f"http://{one}") is expected


@given(st.integers(0, 70000), st.integers(0, 70000), ports)
def test_a_range_grants_its_first_port_and_not_its_end(first: int, last: int, port: int) -> None:
    entry = f"http://x:{first}..{last}"
    if first > 65535 or last > 65535:
        with pytest.raises(ManifestError):
            parse(entry)
    else:
        assert AllowedHosts.parse([entry]).allows(f"http://x:{port}") is (first <= port < last)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for entry in (text, f"http://{text}", f"{text}://x:1", f"http://x:{text}"):
        try:
            found = parse(entry)
        except ManifestError as error:
            refused = error
        else:
            assert found.text == entry
            continue
        assert refused.message


@given(st.text(max_size=30))
def test_any_destination_is_allowed_or_not(text: str) -> None:
    grants = AllowedHosts.parse(["*://*:*"])
    assert isinstance(grants.allows(text, "http"), bool)
    assert isinstance(grants.allows(f"http://{text}"), bool)


def test_the_parts_of_a_destination() -> None:
    assert split("HTTPS://User:pw@Example.com:8443/x") == ("https", "example.com", 8443)
    assert split("example.com", "http") == ("http", "example.com", None)
