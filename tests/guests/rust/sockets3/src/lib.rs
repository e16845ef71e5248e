//! Does with sockets what the lines of the body say, and answers each with a line.
#![allow(unsafe_code)]

wit_bindgen::generate!({
    inline: "package guest:sockets3;
        world sockets {
            import wasi:clocks/monotonic-clock@0.3.0;
            import wasi:http/types@0.3.0;
            import wasi:sockets/ip-name-lookup@0.3.0;
            import wasi:sockets/types@0.3.0;
            export wasi:http/handler@0.3.0;
        }",
    path: "../../../../spinlab/bridge/wit",
    world: "guest:sockets3/sockets",
    generate_all,
});
export!(Sockets);

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use exports::wasi::http0_3_0::handler::Guest;
use wasi::clocks0_3_0::monotonic_clock::wait_for;
use wasi::http0_3_0::types::{ErrorCode as HttpError, Fields, Request, Response};
use wasi::sockets0_3_0::ip_name_lookup::resolve_addresses;
use wasi::sockets0_3_0::types::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket, UdpSocket,
};
use wit_bindgen::{spawn_local, FutureReader, StreamReader, StreamResult, StreamWriter};

struct Sockets;

type Finished = FutureReader<Result<(), ErrorCode>>;

struct Tcp {
    socket: TcpSocket,
    input: Option<(StreamReader<u8>, Finished)>,
    output: Option<(StreamWriter<u8>, Finished)>,
}

#[derive(Default)]
struct Bench {
    tcp: BTreeMap<String, Tcp>,
    udp: BTreeMap<String, UdpSocket>,
}

type Said = Result<String, ErrorCode>;

impl Guest for Sockets {
    async fn handle(request: Request) -> Result<Response, HttpError> {
        let script = bytes(Request::consume_body(request, wit_future::new(|| Ok(())).1).0).await;
        let script = String::from_utf8(script).expect("text");
        let mut bench = Bench::default();
        let mut said = Vec::new();
        for line in script.lines() {
            said.push(bench.perform(line).await.unwrap_or_else(|code| name(&code)));
        }
        Ok(text(said.join("\n")))
    }
}

/// A code as the WIT file has it.
fn name(code: &ErrorCode) -> String {
    if let ErrorCode::Other(text) = code {
        return format!("other: {}", text.as_deref().unwrap_or_default());
    }
    let mut name = String::new();
    for letter in format!("{code:?}").trim_start_matches("ErrorCode::").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

fn text(text: String) -> Response {
    let (mut to, stream) = wit_stream::new();
    spawn_local(async move {
        to.write_all(text.into_bytes()).await;
    });
    Response::new(Fields::new(), Some(stream), wit_future::new(|| Ok(None)).1).0
}

async fn bytes(mut stream: StreamReader<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let (result, piece) = stream.read(Vec::with_capacity(64 * 1024)).await;
        bytes.extend_from_slice(&piece);
        if !matches!(result, StreamResult::Complete(_)) {
            return bytes;
        }
    }
}

fn done(result: Result<(), ErrorCode>) -> Said {
    result.map(|()| "done".to_owned())
}

impl Bench {
    async fn perform(&mut self, line: &str) -> Said {
        let words: Vec<&str> = line.split(' ').collect();
        match *words.as_slice() {
            ["resolve", name] => Ok(resolve(name).await),
            ["connect", id, ip, port] => self.connect(id, address(ip, port)).await,
            ["many", count, ip, port] => {
                let count = count.parse().expect("a number");
                for number in 0..count {
                    if let Err(code) = self.connect(&format!("many{number}"), address(ip, port)).await {
                        return Ok(format!("{number} then {}", name(&code)));
                    }
                }
                Ok(format!("{count}"))
            }
            ["write", id, what] => self.write(id, what.as_bytes().to_vec()).await,
            ["fill", id, count] => self.write(id, vec![b'x'; count.parse().expect("a number")]).await,
            ["read", id, count] => self.read(id, count.parse().expect("a number")).await,
            ["all", id] => self.read(id, usize::MAX).await,
            ["finished", id] => {
                let (stream, finished) = self.tcp.get_mut(id).and_then(|tcp| tcp.output.take()).expect("a stream");
                drop(stream);
                done(finished.await)
            }
            ["leave", id] => {
                let (stream, finished) = self.tcp.get_mut(id).and_then(|tcp| tcp.input.take()).expect("a stream");
                drop(stream);
                done(finished.await)
            }
            ["again", id] => {
                let (stream, finished) = self.tcp[id].socket.receive();
                drop(stream);
                done(finished.await)
            }
            ["close", id] => {
                self.tcp.remove(id);
                self.udp.remove(id);
                Ok("done".into())
            }
            ["addresses", id] => {
                let socket = &self.tcp[id].socket;
                Ok(format!("{} {}", shown(socket.get_local_address()?).ip(), shown(socket.get_remote_address()?)))
            }
            ["options", id] => options(&self.tcp[id].socket),
            ["bind", ip, port] => {
                let at = address(ip, port);
                done(TcpSocket::create(family(at))?.bind(given(at)))
            }
            ["listen"] => TcpSocket::create(IpAddressFamily::Ipv4)?.listen().map(|_| "done".to_owned()),
            ["udp", id, ip, port] => {
                let at = address(ip, port);
                let socket = UdpSocket::create(family(at))?;
                socket.bind(given(at))?;
                let said = format!("{}", shown(socket.get_local_address()?).port() != 0);
                self.udp.insert(id.to_owned(), socket);
                Ok(said)
            }
            ["unbound", id] => {
                self.udp.insert(id.to_owned(), UdpSocket::create(IpAddressFamily::Ipv4)?);
                done(self.udp[id].get_local_address().map(drop))
            }
            ["peer", id] => done(self.udp[id].disconnect()),
            ["peer", id, ip, port] => {
                self.udp[id].connect(given(address(ip, port)))?;
                Ok(shown(self.udp[id].get_remote_address()?).to_string())
            }
            ["send", id, what] => done(self.udp[id].send(what.as_bytes().to_vec(), None).await),
            ["send", id, what, ip, port] => {
                done(self.udp[id].send(what.as_bytes().to_vec(), Some(given(address(ip, port)))).await)
            }
            ["big", id, count, ip, port] => {
                let bytes = vec![b'x'; count.parse().expect("a number")];
                done(self.udp[id].send(bytes, Some(given(address(ip, port)))).await)
            }
            ["receive", id] => {
                let (data, from) = self.udp[id].receive().await?;
                Ok(format!("{} {}", shown(from).ip(), String::from_utf8_lossy(&data)))
            }
            ["sleep", milliseconds] => {
                wait_for(milliseconds.parse::<u64>().expect("a number") * 1_000_000).await;
                Ok("slept".into())
            }
            _ => Ok(format!("what is {line:?}?")),
        }
    }

    async fn connect(&mut self, id: &str, to: SocketAddr) -> Said {
        let socket = TcpSocket::create(family(to))?;
        socket.connect(given(to)).await?;
        let input = socket.receive();
        let (writer, reader) = wit_stream::new();
        let finished = socket.send(reader);
        let tcp = Tcp { socket, input: Some(input), output: Some((writer, finished)) };
        self.tcp.insert(id.to_owned(), tcp);
        Ok("connected".into())
    }

    async fn write(&mut self, id: &str, bytes: Vec<u8>) -> Said {
        let tcp = self.tcp.get_mut(id).expect("a socket");
        let count = bytes.len();
        let (writer, _) = tcp.output.as_mut().expect("a stream");
        if writer.write_all(bytes).await.is_empty() {
            return Ok(count.to_string());
        }
        let (_, finished) = tcp.output.take().expect("a stream");
        done(finished.await)
    }

    async fn read(&mut self, id: &str, count: usize) -> Said {
        let tcp = self.tcp.get_mut(id).expect("a socket");
        let mut bytes = Vec::new();
        let mut end = String::new();
        while bytes.len() < count {
            let (stream, _) = tcp.input.as_mut().expect("a stream");
            let (result, piece) = stream.read(Vec::with_capacity((count - bytes.len()).min(65536))).await;
            bytes.extend(piece);
            if !matches!(result, StreamResult::Complete(_)) {
                let (_, finished) = tcp.input.take().expect("a stream");
                end = match finished.await {
                    Ok(()) => " end".into(),
                    Err(code) => format!(" {}", name(&code)),
                };
                break;
            }
        }
        Ok(if bytes.len() > 1000 {
            format!("{} bytes{end}", bytes.len())
        } else {
            format!("{}{end}", String::from_utf8_lossy(&bytes))
        })
    }
}

async fn resolve(name: &str) -> String {
    let show = |address: IpAddress| match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).to_string(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).to_string(),
    };
    match resolve_addresses(name.to_owned()).await {
        Ok(found) => found.into_iter().map(show).collect::<Vec<_>>().join(","),
        Err(code) => format!("{code:?}"),
    }
}

/// Sets everything that can be set, and says what it is then.
fn options(socket: &TcpSocket) -> Said {
    socket.set_keep_alive_enabled(true)?;
    socket.set_keep_alive_idle_time(1_500_000_000)?;
    socket.set_keep_alive_interval(2_000_000_000)?;
    socket.set_keep_alive_count(3)?;
    socket.set_hop_limit(42)?;
    socket.set_receive_buffer_size(70_000)?;
    socket.set_send_buffer_size(80_000)?;
    Ok(format!(
        "{} {} {} {} {} {} {}",
        socket.get_keep_alive_enabled()?,
        socket.get_keep_alive_idle_time()?,
        socket.get_keep_alive_interval()?,
        socket.get_keep_alive_count()?,
        socket.get_hop_limit()?,
        socket.get_receive_buffer_size()?,
        socket.get_send_buffer_size()?
    ))
}

fn address(ip: &str, port: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().expect("an address"), port.parse().expect("a port"))
}

fn family(address: SocketAddr) -> IpAddressFamily {
    if address.is_ipv4() {
        IpAddressFamily::Ipv4
    } else {
        IpAddressFamily::Ipv6
    }
}

fn given(address: SocketAddr) -> IpSocketAddress {
    match address.ip() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port: address.port(), address: (a, b, c, d) })
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, g, h] = ip.segments();
            let address = Ipv6SocketAddress {
                port: address.port(),
                flow_info: 0,
                address: (a, b, c, d, e, f, g, h),
                scope_id: 0,
            };
            IpSocketAddress::Ipv6(address)
        }
    }
}

fn shown(address: IpSocketAddress) -> SocketAddr {
    match address {
        IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) }) => {
            SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port)
        }
        IpSocketAddress::Ipv6(Ipv6SocketAddress { port, address: (a, b, c, d, e, f, g, h), .. }) => {
            SocketAddr::new(Ipv6Addr::new(a, b, c, d, e, f, g, h).into(), port)
        }
    }
}
