//! WASI 0.3: one route for each thing that a guest may do with the host.
#![allow(unsafe_code)]

wit_bindgen::generate!({
    inline: "package guest:effects3;
        world effects {
            import wasi:cli/environment@0.3.0;
            import wasi:cli/exit@0.3.0;
            import wasi:cli/stdin@0.3.0;
            import wasi:cli/stdout@0.3.0;
            import wasi:cli/stderr@0.3.0;
            import wasi:clocks/monotonic-clock@0.3.0;
            import wasi:clocks/system-clock@0.3.0;
            import wasi:filesystem/preopens@0.3.0;
            import wasi:filesystem/types@0.3.0;
            import wasi:http/client@0.3.0;
            import wasi:http/types@0.3.0;
            import wasi:random/random@0.3.0;
            import wasi:sockets/ip-name-lookup@0.3.0;
            import wasi:sockets/types@0.3.0;
            export wasi:http/handler@0.3.0;
        }",
    path: "../../../../spinlab/bridge/wit",
    world: "guest:effects3/effects",
    generate_all,
});
export!(Effects);

mod files;
mod outgoing;

use std::cell::Cell;

use exports::wasi::http0_3_0::handler::Guest;
use wasi::cli0_3_0::{environment, exit, stderr, stdin, stdout};
use wasi::clocks0_3_0::{monotonic_clock, system_clock};
use wasi::http0_3_0::types::{ErrorCode, Fields, Request, Response, Trailers};
use wasi::random0_3_0::random;
use wasi::sockets0_3_0::{ip_name_lookup, types as sockets};
use wit_bindgen::{spawn_local, yield_async, FutureReader, StreamReader, StreamResult, StreamWriter};

const MILLISECOND: u64 = 1_000_000;

type TrailersReader = FutureReader<Result<Option<Trailers>, ErrorCode>>;
type Answer = Result<Response, ErrorCode>;

thread_local! {
    static REQUESTS: Cell<u32> = const { Cell::new(0) };
    static CONSOLE: Cell<Option<StreamWriter<u8>>> = const { Cell::new(None) };
    static KEPT: Cell<Option<Request>> = const { Cell::new(None) };
}

struct Effects;

impl Guest for Effects {
    async fn handle(request: Request) -> Answer {
        REQUESTS.set(REQUESTS.get() + 1);
        let target = request.get_path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/hello" => Ok(text("hello\n")),
            "/count" => Ok(text(&format!("{}\n", REQUESTS.get()))),
            "/head" => Ok(text(&head(&request))),
            "/error" => Err(ErrorCode::InternalError(Some(query.to_owned()))),
            "/denied" => Err(ErrorCode::HttpRequestDenied),
            "/panic" => panic!("as asked"),
            "/loop" => loop {
                std::hint::black_box(());
            },
            "/hang" => hang().await,
            "/yield" => loop {
                yield_async().await;
            },
            "/exit" => {
                exit::exit_with_code(3);
                unreachable!("exit does not return")
            }
            "/sleep" => {
                let before = monotonic_clock::now();
                monotonic_clock::wait_for(number(query, 20) * MILLISECOND).await;
                Ok(text(&format!("{}\n", (monotonic_clock::now() - before) / MILLISECOND)))
            }
            "/log" => log(query).await,
            "/console" => console(query).await,
            "/environment" => Ok(text(&format!("{:?}\n", environment::get_environment()))),
            "/stdin" => Ok(text(&format!("{:?}\n", read(stdin::read_via_stream().0).await))),
            "/random" => Ok(text(&format!("{:?} {}\n", random::get_random_bytes(4), random::get_random_u64()))),
            "/wall" => Ok(text(&format!("{}\n", system_clock::now().seconds))),
            "/sockets" => Ok(text(&sockets().await)),
            "/sse" => Ok(events(number(query, 3))),
            "/pieces" => Ok(pieces(number(query, 3))),
            "/slow" => Ok(slow(number(query, 4))),
            "/big" => Ok(big(number(query, 1_000_000) as usize)),
            "/trailers" => Ok(with_trailers()),
            "/broken" => Ok(broken()),
            "/upload" => Ok(upload(request).await),
            "/sent" => Ok(sent()),
            "/length" => Ok(announced(query)),
            "/keep" => Ok(keep(request)),
            "/kept" => Ok(kept().await),
            "/background" => Ok(background(query.to_owned())),
            "/abandon" => Ok(abandon()),
            "/files" => files::answer(query).await,
            _ => outgoing::answer(path, query, request).await,
        }
    }
}

fn number(query: &str, otherwise: u64) -> u64 {
    query.parse().unwrap_or(otherwise)
}

fn head(request: &Request) -> String {
    let mut lines = format!(
        "{:?} {:?} {:?} {:?}\n",
        request.get_method(),
        request.get_scheme(),
        request.get_authority(),
        request.get_path_with_query()
    );
    for (name, value) in request.get_headers().copy_all() {
        lines.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(&value)));
    }
    lines
}

fn no_trailers() -> TrailersReader {
    wit_future::new(|| Ok(None)).1
}

fn respond(body: Option<StreamReader<u8>>, trailers: TrailersReader) -> Response {
    let headers = Fields::new();
    let _ = headers.append("content-type", b"text/plain");
    Response::new(headers, body, trailers).0
}

fn text(body: &str) -> Response {
    let (mut to, stream) = wit_stream::new();
    let body = body.as_bytes().to_vec();
    spawn_local(async move {
        to.write_all(body).await;
    });
    respond(Some(stream), no_trailers())
}

async fn read(mut stream: StreamReader<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let (result, piece) = stream.read(Vec::with_capacity(64 * 1024)).await;
        bytes.extend_from_slice(&piece);
        if !matches!(result, StreamResult::Complete(_)) {
            return bytes;
        }
    }
}

/// Wait for what never comes.
async fn hang<T>() -> T {
    let (_writer, mut reader) = wit_stream::new::<u8>();
    reader.read(Vec::with_capacity(1)).await;
    unreachable!("nobody writes")
}

async fn log(query: &str) -> Answer {
    let (mut out, stream) = wit_stream::new();
    let written = stdout::write_via_stream(stream);
    out.write_all(format!("out {query}\nno newline").into_bytes()).await;
    drop(out);
    let (mut err, stream) = wit_stream::new();
    let failed = stderr::write_via_stream(stream);
    err.write_all(format!("err {query}\n").into_bytes()).await;
    drop(err);
    Ok(text(&format!("{:?} {:?}\n", written.await, failed.await)))
}

/// Writes to a stream that is opened once and kept for later requests.
async fn console(line: &str) -> Answer {
    let mut out = CONSOLE.take().unwrap_or_else(|| {
        let (out, stream) = wit_stream::new();
        drop(stdout::write_via_stream(stream));
        out
    });
    out.write_all(format!("{line}\n").into_bytes()).await;
    CONSOLE.set(Some(out));
    Ok(text("written\n"))
}

/// Say something on stdout from a task that nobody waits for.
async fn say(line: &str) {
    let (mut out, stream) = wit_stream::new();
    let written = stdout::write_via_stream(stream);
    out.write_all(format!("{line}\n").into_bytes()).await;
    drop(out);
    let _ = written.await;
}

async fn sockets() -> String {
    let four = sockets::Ipv4SocketAddress { port: 80, address: (203, 0, 113, 1) };
    let six = sockets::Ipv6SocketAddress { port: 0, flow_info: 0, address: (0, 0, 0, 0, 0, 0, 0, 0), scope_id: 0 };
    let tcp = sockets::TcpSocket::create(sockets::IpAddressFamily::Ipv4).expect("a socket");
    let tcp = tcp.connect(sockets::IpSocketAddress::Ipv4(four)).await;
    let udp = sockets::UdpSocket::create(sockets::IpAddressFamily::Ipv6).expect("a socket");
    let udp = udp.bind(sockets::IpSocketAddress::Ipv6(six));
    let name = ip_name_lookup::resolve_addresses("example.com".into()).await.map(|_| ());
    format!("{tcp:?} {udp:?} {name:?}\n")
}

/// A body that `write` writes in a task of its own.
fn written<F: std::future::Future<Output = ()> + 'static>(write: impl FnOnce(StreamWriter<u8>) -> F) -> Response {
    let (to, stream) = wit_stream::new();
    spawn_local(write(to));
    respond(Some(stream), no_trailers())
}

/// Server-sent events, 50 ms apart.
fn events(count: u64) -> Response {
    written(move |mut to| async move {
        for event in 0..count {
            if event > 0 {
                monotonic_clock::wait_for(50 * MILLISECOND).await;
            }
            to.write_all(format!("data: {event}\n\n").into_bytes()).await;
        }
    })
}

/// Several writes with nothing in between.
fn pieces(count: u64) -> Response {
    written(move |mut to| async move {
        for piece in 0..count {
            to.write_all(format!("piece {piece}\n").into_bytes()).await;
        }
    })
}

/// Several writes with 20 ms of computing in between.
fn slow(count: u64) -> Response {
    written(move |mut to| async move {
        for piece in 0..count {
            let until = monotonic_clock::now() + 20 * MILLISECOND;
            while monotonic_clock::now() < until {}
            to.write_all(format!("piece {piece}\n").into_bytes()).await;
        }
    })
}

fn big(size: usize) -> Response {
    written(move |mut to| async move {
        to.write_all(vec![b'x'; size]).await;
    })
}

fn with_trailers() -> Response {
    let (mut to, stream) = wit_stream::new();
    let (trailers, reader) = wit_future::new(|| Ok(None));
    spawn_local(async move {
        to.write_all(b"body\n".to_vec()).await;
        drop(to);
        let fields = Fields::new();
        let _ = fields.append("x-sum", b"42");
        let _ = trailers.write(Ok(Some(fields))).await;
    });
    respond(Some(stream), reader)
}

/// A body that ends with an error.
fn broken() -> Response {
    let (mut to, stream) = wit_stream::new();
    let (trailers, reader) = wit_future::new(|| Ok(None));
    spawn_local(async move {
        to.write_all(b"half".to_vec()).await;
        drop(to);
        let _ = trailers.write(Err(ErrorCode::HttpResponseIncomplete)).await;
    });
    respond(Some(stream), reader)
}

/// Five bytes that say they are so many.
fn announced(length: &str) -> Response {
    let (mut to, stream) = wit_stream::new();
    let headers = Fields::new();
    let _ = headers.append("content-length", length.as_bytes());
    spawn_local(async move {
        to.write_all(b"five\n".to_vec()).await;
    });
    Response::new(headers, Some(stream), no_trailers()).0
}

/// Keeps the request for a later one.
fn keep(request: Request) -> Response {
    KEPT.set(Some(request));
    text("kept\n")
}

/// Reads the body of a request that was kept.
async fn kept() -> Response {
    let Some(request) = KEPT.take() else { return text("nothing\n") };
    let (stream, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
    let body = read(stream).await;
    let trailers = trailers.await.map(|fields| fields.map(|fields| fields.copy_all()));
    text(&format!("{} {trailers:?}\n", String::from_utf8_lossy(&body)))
}

/// Answers each piece of the request's body with its size, as it comes, and repeats the trailers in the body.
async fn upload(request: Request) -> Response {
    let (mut body, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
    written(move |mut to| async move {
        loop {
            let (result, piece) = body.read(Vec::with_capacity(64 * 1024)).await;
            if !piece.is_empty() {
                to.write_all(format!("{} bytes\n", piece.len()).into_bytes()).await;
            }
            if !matches!(result, StreamResult::Complete(_)) {
                break;
            }
        }
        drop(body);
        let trailers = trailers.await.map(|fields| fields.map(|fields| fields.copy_all()));
        to.write_all(format!("{trailers:?}\n").into_bytes()).await;
    })
}

/// Logs when its response is out.
fn sent() -> Response {
    let (mut to, stream) = wit_stream::new();
    let (response, sent) = Response::new(Fields::new(), Some(stream), no_trailers());
    spawn_local(async move {
        to.write_all(b"body\n".to_vec()).await;
        drop(to);
        let outcome = sent.await;
        say(&format!("sent {outcome:?}")).await;
    });
    response
}

/// Answers at once and works on.
fn background(what: String) -> Response {
    spawn_local(async move {
        match what.as_str() {
            "hang" => hang().await,
            "loop" => loop {
                std::hint::black_box(());
            },
            "panic" => {
                monotonic_clock::wait_for(MILLISECOND).await;
                panic!("as asked");
            }
            "forever" => loop {
                monotonic_clock::wait_for(10 * MILLISECOND).await;
            },
            url if url.starts_with("http") => {
                let status = outgoing::get(url).await.map(|response| response.get_status_code());
                say(&format!("fetched {status:?}")).await;
            }
            _ => {
                for turn in 0..3 {
                    monotonic_clock::wait_for(20 * MILLISECOND).await;
                    say(&format!("late {turn}")).await;
                }
            }
        }
    });
    text("early\n")
}

/// Starts to wait and gives that up.
fn abandon() -> Response {
    spawn_local(async {
        let long = Box::pin(monotonic_clock::wait_for(3_600_000 * MILLISECOND));
        let short = Box::pin(monotonic_clock::wait_for(5 * MILLISECOND));
        futures::future::select(long, short).await;
        say("gave up").await;
    });
    text("abandoned\n")
}
