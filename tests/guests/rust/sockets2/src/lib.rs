//! Does with sockets what the lines of the body say, and answers each with a line.

use kit::bindings::io::poll;
use kit::bindings::sockets::instance_network::instance_network;
use kit::bindings::sockets::ip_name_lookup::resolve_addresses;
use kit::bindings::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use kit::bindings::sockets::tcp::{ShutdownType, TcpSocket};
use kit::bindings::sockets::tcp_create_socket::create_tcp_socket;
use kit::bindings::sockets::udp::{IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket};
use kit::bindings::sockets::udp_create_socket::create_udp_socket;
use kit::*;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

struct Sockets;
kit::bindings::export!(Sockets with_types_in kit::bindings);

/// Dropped in this order: streams before their sockets.
struct Tcp {
    input: Option<InputStream>,
    output: Option<OutputStream>,
    socket: TcpSocket,
}

struct Udp {
    input: Option<IncomingDatagramStream>,
    output: Option<OutgoingDatagramStream>,
    socket: UdpSocket,
}

#[derive(Default)]
struct Bench {
    tcp: BTreeMap<String, Tcp>,
    udp: BTreeMap<String, Udp>,
}

type Said = Result<String, ErrorCode>;

impl kit::bindings::Guest for Sockets {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        report_panics();
        let script = String::from_utf8(read_body(&request).expect("a body").0).expect("text");
        let mut bench = Bench::default();
        let line = |line: &str| bench.perform(line).unwrap_or_else(|code| code.name().to_owned());
        let said = script.lines().map(line).collect::<Vec<_>>().join("\n");
        text(out, &said);
    }
}

fn done(result: Result<(), ErrorCode>) -> Said {
    result.map(|()| "done".to_owned())
}

impl Bench {
    fn perform(&mut self, line: &str) -> Said {
        let words: Vec<&str> = line.split(' ').collect();
        match *words.as_slice() {
            ["resolve", name] => resolve(name),
            ["start", id, ip, port] => self.start(id, address(ip, port)).map(|()| "started".to_owned()),
            ["finish", id] => self.finish(id),
            ["connect", id, ip, port] => {
                self.start(id, address(ip, port))?;
                self.finish(id)
            }
            ["many", count, ip, port] => Ok(self.many(count.parse().expect("a number"), address(ip, port))),
            ["write", id, what] => self.write(id, what.as_bytes()),
            ["fill", id, count] => self.write(id, &vec![b'x'; count.parse().expect("a number")]),
            ["flood", id] => self.flood(id),
            ["read", id, count] => self.read(id, count.parse().expect("a number")),
            ["all", id] => self.read(id, usize::MAX),
            ["first", one, other] => Ok(self.first(one, other)),
            ["shutdown", id, "send"] => done(self.tcp[id].socket.shutdown(ShutdownType::Send)),
            ["shutdown", id, "receive"] => done(self.tcp[id].socket.shutdown(ShutdownType::Receive)),
            ["finished", id] => {
                self.tcp.get_mut(id).expect("a socket").output = None;
                Ok("done".into())
            }
            ["close", id] => {
                self.tcp.remove(id);
                self.udp.remove(id);
                Ok("done".into())
            }
            ["addresses", id] => {
                let socket = &self.tcp[id].socket;
                Ok(format!("{} {}", shown(socket.local_address()?).ip(), shown(socket.remote_address()?)))
            }
            ["options", id] => options(&self.tcp[id].socket),
            ["zeros", id] => Ok(zeros(&self.tcp[id].socket)),
            ["bind", ip, port] => {
                let at = address(ip, port);
                done(create_tcp_socket(family(at))?.start_bind(&instance_network(), given(at)))
            }
            ["listen"] => done(create_tcp_socket(IpAddressFamily::Ipv4)?.start_listen()),
            ["udp", id, ip, port] => self.open(id, address(ip, port)),
            ["peer", id] => self.streams(id, None),
            ["peer", id, ip, port] => self.streams(id, Some(address(ip, port))),
            ["send", id, what] => self.send(id, what.as_bytes(), None),
            ["send", id, what, ip, port] => self.send(id, what.as_bytes(), Some(address(ip, port))),
            ["big", id, count, ip, port] => {
                let bytes = vec![b'x'; count.parse().expect("a number")];
                self.send(id, &bytes, Some(address(ip, port)))
            }
            ["receive", id] => self.receive(id),
            ["sleep", milliseconds] => {
                sleep(milliseconds.parse().expect("a number"));
                Ok("slept".into())
            }
            _ => Ok(format!("what is {line:?}?")),
        }
    }

    fn start(&mut self, id: &str, to: SocketAddr) -> Result<(), ErrorCode> {
        let socket = create_tcp_socket(family(to))?;
        socket.start_connect(&instance_network(), given(to))?;
        self.tcp.insert(id.to_owned(), Tcp { input: None, output: None, socket });
        Ok(())
    }

    fn finish(&mut self, id: &str) -> Said {
        let tcp = self.tcp.get_mut(id).expect("a socket");
        loop {
            match tcp.socket.finish_connect() {
                Err(ErrorCode::WouldBlock) => tcp.socket.subscribe().block(),
                Err(code) => return Err(code),
                Ok((input, output)) => {
                    tcp.input = Some(input);
                    tcp.output = Some(output);
                    return Ok("connected".into());
                }
            }
        }
    }

    fn many(&mut self, count: usize, to: SocketAddr) -> String {
        for number in 0..count {
            let id = format!("many{number}");
            if let Err(code) = self.start(&id, to).and_then(|()| self.finish(&id).map(drop)) {
                return format!("{number} then {}", code.name());
            }
        }
        count.to_string()
    }

    fn write(&self, id: &str, bytes: &[u8]) -> Said {
        let output = self.tcp[id].output.as_ref().expect("a stream");
        Ok(match write_all(output, bytes) {
            Ok(()) => bytes.len().to_string(),
            Err(StreamError::Closed) => "closed".into(),
            Err(StreamError::LastOperationFailed(error)) => explain(&error),
        })
    }

    /// Write until there is no room for 100 ms; answers whether a bound was found.
    fn flood(&self, id: &str) -> Said {
        let output = self.tcp[id].output.as_ref().expect("a stream");
        let piece = vec![b'x'; 64 * 1024];
        for _ in 0..4000 {
            let room = output.subscribe();
            let timer = kit::bindings::clocks::monotonic_clock::subscribe_duration(100_000_000);
            if !poll::poll(&[&room, &timer]).contains(&0) {
                return Ok("full".into());
            }
            let room = usize::try_from(output.check_write().expect("open")).expect("a size");
            output.write(&piece[..room.min(piece.len())]).expect("room");
        }
        Ok("endless".into())
    }

    fn read(&self, id: &str, count: usize) -> Said {
        let input = self.tcp[id].input.as_ref().expect("a stream");
        let mut bytes = Vec::new();
        let mut end = String::new();
        while bytes.len() < count {
            match input.blocking_read((count - bytes.len()).min(65536) as u64) {
                Ok(more) => bytes.extend(more),
                Err(StreamError::Closed) => {
                    end = " end".into();
                    break;
                }
                Err(StreamError::LastOperationFailed(error)) => {
                    end = format!(" {}", explain(&error));
                    break;
                }
            }
        }
        Ok(if bytes.len() > 1000 {
            format!("{} bytes{end}", bytes.len())
        } else {
            format!("{}{end}", String::from_utf8_lossy(&bytes))
        })
    }

    /// Which of two has something to read first.
    fn first(&self, one: &str, other: &str) -> String {
        let polls: Vec<_> =
            [one, other].iter().map(|id| self.tcp[*id].input.as_ref().expect("a stream").subscribe()).collect();
        let ready = poll::poll(&polls.iter().collect::<Vec<_>>());
        [one, other][ready[0] as usize].to_owned()
    }

    fn open(&mut self, id: &str, at: SocketAddr) -> Said {
        let socket = create_udp_socket(family(at))?;
        socket.start_bind(&instance_network(), given(at))?;
        loop {
            match socket.finish_bind() {
                Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
                Err(code) => return Err(code),
                Ok(()) => break,
            }
        }
        let said = format!("{}", shown(socket.local_address()?).port() != 0);
        self.udp.insert(id.to_owned(), Udp { input: None, output: None, socket });
        self.streams(id, None)?;
        Ok(said)
    }

    fn streams(&mut self, id: &str, peer: Option<SocketAddr>) -> Said {
        let udp = self.udp.get_mut(id).expect("a socket");
        udp.input = None;
        udp.output = None;
        let (input, output) = udp.socket.stream(peer.map(given))?;
        udp.input = Some(input);
        udp.output = Some(output);
        Ok(match udp.socket.remote_address() {
            Ok(address) => shown(address).to_string(),
            Err(code) => code.name().to_owned(),
        })
    }

    fn send(&self, id: &str, data: &[u8], to: Option<SocketAddr>) -> Said {
        let output = self.udp[id].output.as_ref().expect("a stream");
        while output.check_send()? == 0 {
            output.subscribe().block();
        }
        let datagram = OutgoingDatagram { data: data.to_vec(), remote_address: to.map(given) };
        output.send(&[datagram]).map(|count| count.to_string())
    }

    fn receive(&self, id: &str) -> Said {
        let input = self.udp[id].input.as_ref().expect("a stream");
        for _ in 0..20 {
            let received = input.receive(1)?;
            if let Some(datagram) = received.first() {
                return Ok(format!(
                    "{} {}",
                    shown(datagram.remote_address).ip(),
                    String::from_utf8_lossy(&datagram.data)
                ));
            }
            let timer = kit::bindings::clocks::monotonic_clock::subscribe_duration(50_000_000);
            poll::poll(&[&input.subscribe(), &timer]);
        }
        Ok("nothing".into())
    }
}

fn resolve(name: &str) -> Said {
    let found = resolve_addresses(&instance_network(), name)?;
    let mut addresses = Vec::new();
    loop {
        match found.resolve_next_address() {
            Err(ErrorCode::WouldBlock) => found.subscribe().block(),
            Err(code) => return Err(code),
            Ok(None) => break,
            Ok(Some(IpAddress::Ipv4((a, b, c, d)))) => addresses.push(Ipv4Addr::new(a, b, c, d).to_string()),
            Ok(Some(IpAddress::Ipv6((a, b, c, d, e, f, g, h)))) => {
                addresses.push(Ipv6Addr::new(a, b, c, d, e, f, g, h).to_string());
            }
        }
    }
    Ok(addresses.join(","))
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
        socket.keep_alive_enabled()?,
        socket.keep_alive_idle_time()?,
        socket.keep_alive_interval()?,
        socket.keep_alive_count()?,
        socket.hop_limit()?,
        socket.receive_buffer_size()?,
        socket.send_buffer_size()?
    ))
}

/// What can't be zero.
fn zeros(socket: &TcpSocket) -> String {
    let codes = [
        socket.set_keep_alive_idle_time(0).err(),
        socket.set_keep_alive_interval(0).err(),
        socket.set_keep_alive_count(0).err(),
        socket.set_hop_limit(0).err(),
        socket.set_receive_buffer_size(0).err(),
        socket.set_send_buffer_size(0).err(),
    ];
    codes.iter().filter(|code| **code == Some(ErrorCode::InvalidArgument)).count().to_string()
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
