from __future__ import annotations

from typing import Any

import pytest

from spinlab.server.edge import Edge, Entry, Policy, Refusal
from spinlab.server.jupyter import Jupyter

JUPYTER = Jupyter(
    hosts=frozenset({"localhost:8888", "127.0.0.1:8888", "lab.example.org"}),
    base_urls=("/user/ada/",),
    tokens=frozenset({"0123456789abcdef"}),
)
CONTEXT = {"x-forwarded-context": "/user/ada/proxy/3000"}


def ask(
    host: str | None,
    method: str = "GET",
    target: str = "/",
    *,
    edge: Edge | None = None,
    headers: dict[str, str] | None = None,
) -> Entry | Refusal:
    fields = ([("host", host)] if host is not None else []) + list((headers or {}).items())
    return (edge or Edge(3000, jupyter=JUPYTER)).admit(method, target, fields)


def entry(*args: Any, **options: Any) -> Entry:
    answer = ask(*args, **options)
    assert isinstance(answer, Entry), answer
    return answer


def refused(*args: Any, **options: Any) -> Refusal:
    answer = ask(*args, **options)
    assert isinstance(answer, Refusal), answer
    return answer


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST:3000"])
def test_a_loopback_name_with_the_own_port_is_direct(host: str) -> None:
    assert not entry(host).proxied


def test_port_80_needs_no_number() -> None:
    assert not entry("localhost", edge=Edge(80)).proxied
    assert refused("localhost", edge=Edge(3000)).status == 421


def test_another_app_is_a_label_of_localhost() -> None:
    assert entry("calc.localhost:3000").label == "calc"
    assert entry("localhost:3000").label == ""
    assert refused("a.b.localhost:3000").status == 404


def test_behind_a_proxy_the_path_names_another_app() -> None:
    found = entry("localhost:8888", target="/.app/Calc/add?x=1", headers=CONTEXT)
    assert (found.label, found.target) == ("calc", "/add?x=1")
    assert dict(found.fields)["x-forwarded-context"] == "/user/ada/proxy/3000/.app/Calc"
    assert entry("localhost:8888", target="/.app/calc").target == "/"
    assert entry("localhost:8888", target="/.app/calc?x").target == "/?x"
    for path in ("/", "/.app/", "/.app/a.b/c", "/.apple/calc/", "/x/.app/calc/"):
        found = entry("localhost:8888", target=path)
        assert (found.label, found.target) == ("", path)


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1:3000", "calc.localhost:3000"])
def test_where_the_host_tells_the_app_such_a_path_is_a_path(host: str) -> None:
    found = entry(host, target="/.app/other/add")
    assert found.label in ("", "calc")
    assert found.target == "/.app/other/add"


@pytest.mark.parametrize("host", ["evil.com:3000", "evil.com", "127.0.0.1.evil.com:3000", "localhost.evil.com:3000"])
def test_a_name_rebound_to_this_machine_is_refused_with_what_to_do(host: str) -> None:
    answer = refused(host)
    assert answer.status == 421
    assert "http://localhost:3000" in answer.text
    assert host in answer.text


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "localhost", "10.0.0.5:3000", "0.0.0.0:3000"])
def test_another_port_or_address_is_not_ours(host: str) -> None:
    assert refused(host).status == 421


@pytest.mark.parametrize(("host", "said"), [(None, "no 'Host' header present in request"), ("a b", "not a host")])
def test_a_request_without_a_proper_host_is_bad(host: str | None, said: str) -> None:
    answer = refused(host)
    assert answer.status == 400
    assert said in answer.text


def test_two_hosts_are_bad() -> None:
    answer = Edge(3000).admit("GET", "/", [("host", "localhost:3000"), ("host", "evil.com")])
    assert isinstance(answer, Refusal)
    assert answer.status == 400


@pytest.mark.parametrize("host", ["localhost:8888", "127.0.0.1:8888", "lab.example.org", "LAB.example.org"])
def test_the_host_of_jupyter_is_proxied(host: str) -> None:
    assert entry(host).proxied
    assert entry(host).label == ""


def test_jupyter_behind_a_tunnel_is_proxied_when_the_proxy_says_so() -> None:
    assert entry("localhost:9999", headers=CONTEXT).proxied
    assert entry("10.0.0.5:8888", headers=CONTEXT).proxied
    assert refused("localhost:9999").status == 421


def test_a_tunnel_with_our_own_port_number_is_still_proxied() -> None:
    assert entry("localhost:3000", headers=CONTEXT).proxied


def test_a_hub_of_unknown_name_is_believed_when_a_browser_bears_witness() -> None:
    witness = {"sec-fetch-site": "same-origin"}
    assert entry("hub.example.org", headers={**CONTEXT, **witness}).proxied
    assert refused("hub.example.org", headers=CONTEXT).status == 421
    assert refused("hub.example.org", headers=witness).status == 421


def test_a_rebound_name_can_not_pretend_to_be_proxied() -> None:
    # its page is plain http under a foreign name: it can set the proxy's headers, but browsers send no Sec-Fetch-Site
    assert refused("evil.com:3000", headers=CONTEXT).status == 421
    assert refused("evil.com:8888", headers=CONTEXT).status == 421


def test_without_a_jupyter_server_nothing_is_proxied() -> None:
    alone = Edge(3000)
    assert refused("localhost:9999", headers=CONTEXT, edge=alone).status == 421
    assert refused("hub.example.org", headers={**CONTEXT, "sec-fetch-site": "none"}, edge=alone).status == 421


@pytest.mark.parametrize("name", ["dev.test", "dev.test:3000"])
def test_a_host_that_the_user_allows_is_direct(name: str) -> None:
    edge = Edge(3000, Policy(hosts=frozenset({name})))
    assert not entry("dev.test:3000", edge=edge).proxied
    assert refused("other.test:3000", edge=edge).status == 421


def test_a_forwarder_with_an_origin_for_each_port_is_direct() -> None:
    edge = Edge(3000, jupyter=Jupyter(forwarded=(".app.github.dev",)))
    assert not entry("lab-3000.app.github.dev", edge=edge).proxied
    assert refused("app.github.dev.evil.com", edge=edge).status == 421


def test_who_listens_openly_answers_to_addresses_but_not_to_names() -> None:
    edge = Edge(3000, listens_openly=True)
    assert not entry("192.168.1.5:3000", edge=edge).proxied
    assert refused("evil.com:3000", edge=edge).status == 421


def test_over_a_socket_file_everything_is_treated_as_proxied() -> None:
    edge = Edge(None, jupyter=JUPYTER)
    assert entry("localhost", edge=edge).proxied
    assert entry("calc.localhost", edge=edge).label == "calc"
    assert entry("localhost:8888", edge=edge).proxied


UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"]


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("host", ["localhost:3000", "localhost:8888"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site", "origin": "https://evil.com"},
        {"origin": "https://evil.com"},
        {"origin": "null"},
    ],
)
def test_unsafe_methods_from_another_site_are_refused(method: str, host: str, headers: dict[str, str]) -> None:
    answer = refused(host, method, headers=headers)
    assert answer.status == 403
    assert "another site" in answer.text or "https://evil.com" in answer.text
    assert "%config Spin.origins = [" in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_safe_methods_from_another_site_pass(method: str) -> None:
    assert entry("localhost:3000", method, headers={"sec-fetch-site": "cross-site", "origin": "https://evil.com"})


@pytest.mark.parametrize("method", UNSAFE)
def test_unsafe_methods_of_no_browser_pass(method: str) -> None:
    assert entry("localhost:3000", method)
    assert entry("localhost:8888", method)


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}])
@pytest.mark.parametrize("host", ["localhost:3000", "localhost:8888"])
def test_unsafe_methods_of_the_own_page_pass(host: str, headers: dict[str, str]) -> None:
    assert entry(host, "POST", headers=headers)
    assert entry(host, "POST", headers={"origin": f"http://{host}"})


def test_another_port_is_the_same_site_for_a_direct_request_only() -> None:
    for headers in ({"sec-fetch-site": "same-site"}, {"origin": "http://localhost:5173"}):
        assert entry("localhost:3000", "POST", headers=headers)
        assert refused("localhost:8888", "POST", headers=headers).status == 403


def test_behind_tls_the_origin_is_compared_with_its_scheme() -> None:
    tls = {"x-forwarded-proto": "https,http", "origin": "https://lab.example.org"}
    assert entry("lab.example.org", "POST", headers=tls).scheme == "https"
    plain = {"x-forwarded-proto": "https", "origin": "http://lab.example.org"}
    assert refused("lab.example.org", "POST", headers=plain).status == 403


def test_sec_fetch_site_outweighs_the_origin() -> None:
    headers = {"sec-fetch-site": "cross-site", "origin": "http://localhost:3000"}
    assert refused("localhost:3000", "POST", headers=headers).status == 403


@pytest.mark.parametrize("origin", ["https://friend.org", "*"])
def test_an_origin_that_the_user_allows_may_post(origin: str) -> None:
    edge = Edge(3000, Policy(origins=frozenset({origin})), JUPYTER)
    headers = {"sec-fetch-site": "cross-site", "origin": "https://friend.org"}
    assert entry("localhost:3000", "POST", headers=headers, edge=edge)
    assert entry("localhost:8888", "POST", headers=headers, edge=edge)
    if origin != "*":
        other = {**headers, "origin": "https://evil.com"}
        assert refused("localhost:3000", "POST", headers=other, edge=edge).status == 403


def test_a_forwarded_scheme_counts_only_when_proxied() -> None:
    headers = {"x-forwarded-proto": "https"}
    assert entry("localhost:3000", headers=headers).scheme == "http"
    assert entry("localhost:8888", headers=headers).scheme == "https"


def test_a_proxied_service_worker_is_refused() -> None:
    headers = {"service-worker": "script"}
    assert refused("localhost:8888", headers=headers).status == 403
    assert entry("localhost:3000", headers=headers)
    assert entry("localhost:8888", headers=headers, edge=Edge(3000, Policy(trusted_pages=True), JUPYTER))


def test_target_and_headers_of_a_direct_request_reach_the_guest_unchanged() -> None:
    fields = [
        ("host", "localhost:3000"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("cookie", "a=1; b=2"),
        ("authorization", "Bearer x"),
    ]
    answer = Edge(3000, jupyter=JUPYTER).admit("GET", "/a%2Fb?x=1&y=%20&&z", fields)
    assert isinstance(answer, Entry)
    assert answer.target == "/a%2Fb?x=1&y=%20&&z"
    assert answer.fields == fields


class TestAccessToken:
    edge = Edge(3000, Policy(token="s3cret-s3cret"), JUPYTER)

    def test_without_it_nothing_is_answered(self) -> None:
        assert refused("localhost:3000", edge=self.edge).status == 401
        assert refused("localhost:3000", target="/?spinlab-token=wrong", edge=self.edge).status == 401

    @pytest.mark.parametrize(
        ("target", "headers"),
        [
            ("/a?spinlab-token=s3cret-s3cret&x=1", {}),
            ("/a?x=1", {"x-spinlab-token": "s3cret-s3cret"}),
            ("/a?x=1", {"cookie": "spinlab-3000=s3cret-s3cret"}),
        ],
    )
    def test_it_is_shown_in_one_of_three_ways_and_never_reaches_the_guest(
        self, target: str, headers: dict[str, str]
    ) -> None:
        answer = entry("localhost:3000", target=target, headers=headers, edge=self.edge)
        assert answer.target == "/a?x=1"
        assert answer.fields == [("host", "localhost:3000")]
        assert answer.new_cookie == ("spinlab-token" in target)


def test_a_context_that_could_break_a_cookie_is_not_used() -> None:
    assert entry("localhost:8888", headers={"x-forwarded-context": "/a; Domain=x"}).context == ""
    assert entry("localhost:8888", headers=CONTEXT).context == "/user/ada/proxy/3000"
