"""What only HTTP/2 has: windows, resets, a server that is leaving."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.host import PENDING
from spinlab.host.http_client.goaway import Frames
from spinlab.host.runtime_config import ClientTls, RuntimeConfig
from tests.host.asking import Asking
from tests.host.http2_server import Talk, talking
from tests.host.web import Authority, scripted

NEVER = 1 << 63


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def certificate(authority: Authority) -> tuple[Path, Path]:
    return authority.certificate("localhost")


@pytest.fixture
def asking(authority: Authority) -> Iterator[Asking]:
    tls = ClientTls(("fetcher",), ("localhost",), False, False, authority.root)
    found = Asking("https://localhost:*", runtime=RuntimeConfig(client_tls=(tls,)))
    yield found
    found.end()
    found.services.close()


def test_a_body_that_nobody_takes_stops_at_its_window_and_holds_up_no_other(
    asking: Asking, certificate: tuple[Path, Path]
) -> None:
    sent = [0]

    def say(talk: Talk) -> None:
        first = talk.request(1)
        talk.head(first)
        while (room := talk.state.local_flow_control_window(first)) > 0:
            piece = b"x" * min(room, 16384)
            talk.data(first, piece)
            sent[0] += len(piece)
        second = talk.request(2)
        talk.head(second)
        talk.data(second, b"here", end=True)
        while talk.hear():
            pass

    with talking(certificate, say) as port:
        number = asking.begin(f"https://localhost:{port}/big")
        assert asking.context.wait(str(number), NEVER)
        asking.context.take(number)
        assert asking.fetch(f"https://localhost:{port}/small").body == b"here"
        assert 0 < sent[0] <= 4 << 20
        asking.end()
        asking.services.close()


def test_plain_http2_is_spoken_where_the_operator_knows_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def say(connection: socket.socket) -> None:
        talk = Talk(connection)
        talk.data(stream := _answered(talk), b"plain", end=True)
        assert stream == 1
        talk.hear()

    with scripted(say) as port:
        monkeypatch.setenv("SPIN_OUTBOUND_H2C_PRIOR_KNOWLEDGE", f"localhost:{port}")
        asking = Asking("http://localhost:*")
        assert asking.fetch(f"http://localhost:{port}/").body == b"plain"
        asking.services.close()


def _answered(talk: Talk) -> int:
    stream = talk.request()
    talk.head(stream)
    return stream


def test_trailers_come_after_the_body(asking: Asking, certificate: tuple[Path, Path]) -> None:
    def say(talk: Talk) -> None:
        stream = talk.request()
        talk.head(stream)
        talk.data(stream, b"body")
        talk.state.send_headers(stream, [("x-sum", "7")], end_stream=True)
        talk.flush()
        talk.hear()

    with talking(certificate, say) as port:
        got = asking.fetch(f"https://localhost:{port}/")
        assert (got.body, got.trailers) == (b"body", "x-sum: 7")
        asking.services.close()


def test_a_server_that_is_leaving_still_answers_what_it_has_taken(
    asking: Asking, certificate: tuple[Path, Path]
) -> None:
    connections = []

    def say(talk: Talk) -> None:
        connections.append(talk)
        stream = talk.request()
        if len(connections) == 1:
            talk.raw(7, stream.to_bytes(4, "big") + bytes(4))
        talk.head(stream)
        talk.data(stream, b"answer", end=True)
        while talk.hear():
            pass

    with talking(certificate, say) as port:
        for _ in range(2):
            assert asking.fetch(f"https://localhost:{port}/").body == b"answer"
        assert len(connections) == 2
        asking.services.close()


def test_a_request_that_a_leaving_server_has_not_taken_goes_to_another_connection(
    asking: Asking, certificate: tuple[Path, Path]
) -> None:
    connections = []

    def say(talk: Talk) -> None:
        connections.append(talk)
        stream = talk.request()
        if len(connections) == 1:
            talk.raw(7, bytes(8))
        else:
            talk.head(stream)
            talk.data(stream, b"taken", end=True)
        while talk.hear():
            pass

    with talking(certificate, say) as port:
        assert asking.fetch(f"https://localhost:{port}/", "POST", b"once").body == b"taken"
        asking.services.close()


def test_a_refused_request_is_sent_again_once(asking: Asking, certificate: tuple[Path, Path]) -> None:
    asked = []

    def say(talk: Talk) -> None:
        while True:
            stream = talk.request(len(talk.requests) + 1)
            asked.append(stream)
            talk.state.reset_stream(stream, 7)
            talk.flush()

    with talking(certificate, say) as port:
        assert asking.fetch(f"https://localhost:{port}/").error == "connection-terminated"
        assert len(asked) == 2
        asking.services.close()


def test_a_reset_in_the_middle_of_a_body_is_an_error(asking: Asking, certificate: tuple[Path, Path]) -> None:
    def say(talk: Talk) -> None:
        stream = talk.request()
        talk.head(stream)
        talk.data(stream, b"half")
        talk.state.reset_stream(stream, 2)
        talk.flush()
        talk.hear()

    with talking(certificate, say) as port:
        got = asking.fetch(f"https://localhost:{port}/")
        assert (got.status, got.broken) == (200, "HTTP-protocol-error")
        asking.services.close()


def test_a_cancelled_request_resets_its_stream_alone(asking: Asking, certificate: tuple[Path, Path]) -> None:
    seen: list[Talk] = []

    def say(talk: Talk) -> None:
        seen.append(talk)
        while talk.hear():
            for stream in talk.requests:
                if stream not in talk.reset and talk.reset and stream == talk.requests[-1]:
                    talk.head(stream)
                    talk.data(stream, b"kept", end=True)
                    talk.reset.append(stream)

    with talking(certificate, say) as port:
        first = asking.begin(f"https://localhost:{port}/")
        end = time.monotonic() + 20
        while not (seen and seen[0].requests):
            assert time.monotonic() < end
            time.sleep(0.01)
        second = asking.begin(f"https://localhost:{port}/")
        while len(seen[0].requests) < 2:
            assert time.monotonic() < end
            time.sleep(0.01)
        asking.context.cancel(first)
        assert asking.finish(second).body == b"kept"
        assert len(seen) == 1
        asking.services.close()


@pytest.mark.parametrize(
    ("kind", "payload"), [(0, b"data without a stream"), (6, b"short"), (9, b"continued"), (4, b"odd")]
)
def test_frames_that_have_no_place_end_the_connection(
    asking: Asking, certificate: tuple[Path, Path], kind: int, payload: bytes
) -> None:
    def say(talk: Talk) -> None:
        talk.request()
        talk.raw(kind, payload)
        while talk.hear():
            pass

    with talking(certificate, say) as port:
        assert asking.fetch(f"https://localhost:{port}/").error == "HTTP-protocol-error"
        end = time.monotonic() + 20
        while len(asking.services.network.connections):
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_server_that_goes_in_the_middle_ends_every_exchange(asking: Asking, certificate: tuple[Path, Path]) -> None:
    def say(talk: Talk) -> None:
        talk.request(2)

    with talking(certificate, say) as port:
        first = asking.begin(f"https://localhost:{port}/")
        assert asking.context.take(first)[0] == PENDING
        time.sleep(0.2)  # so that both share a connection
        second = asking.begin(f"https://localhost:{port}/")
        assert asking.finish(first).error == asking.finish(second).error == "connection-terminated"


def test_a_leave_taking_is_found_however_the_bytes_are_cut() -> None:
    frame = (4).to_bytes(3, "big") + b"\x00\x00" + (1).to_bytes(4, "big") + b"data"
    goaway = (8).to_bytes(3, "big") + b"\x07\x00" + bytes(4) + (5).to_bytes(4, "big") + bytes(4)
    stream = frame + goaway + frame + frame
    for cut in range(1, len(stream)):
        frames = Frames()
        found = frames.feed(stream[:cut]) + frames.feed(stream[cut:])
        assert [x for x in found if isinstance(x, int)] == [5]
        assert b"".join(x for x in found if isinstance(x, bytes)) == frame * 3


def test_a_frame_that_is_too_long_is_left_to_the_protocol() -> None:
    frames = Frames()
    huge = b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + b"x" * 100
    assert frames.feed(huge) == [huge]
