//! `wasi:sockets`: TCP and UDP as a client, and name lookup. A socket is options and a state here; the host has one when
//! it is connected or bound. Errors and rules are those of wasmtime.

mod connection;
mod lookup;
mod tcp;
mod udp;

use crate::bindings::host;
use crate::bindings::sockets::{instance_network, network};
use crate::effect::{Effect, Failure};
use crate::Provider;
pub use connection::{SocketSink, SocketStream};
use network::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, Network};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

type Answer<T> = Result<T, ErrorCode>;

pub struct TheNetwork;

impl network::GuestNetwork for TheNetwork {}

impl network::Guest for Provider {
    type Network = TheNetwork;
}

impl instance_network::Guest for Provider {
    fn instance_network() -> Network {
        Network::new(TheNetwork)
    }
}

/// The error that the host names.
fn error(failure: &Failure) -> ErrorCode {
    match failure.name.as_str() {
        "access-denied" => ErrorCode::AccessDenied,
        "address-in-use" => ErrorCode::AddressInUse,
        "address-not-bindable" => ErrorCode::AddressNotBindable,
        "concurrency-conflict" => ErrorCode::ConcurrencyConflict,
        "connection-aborted" => ErrorCode::ConnectionAborted,
        "connection-refused" => ErrorCode::ConnectionRefused,
        "connection-broken" | "connection-reset" => ErrorCode::ConnectionReset,
        "datagram-too-large" => ErrorCode::DatagramTooLarge,
        "invalid-argument" => ErrorCode::InvalidArgument,
        "invalid-state" => ErrorCode::InvalidState,
        "name-unresolvable" => ErrorCode::NameUnresolvable,
        "new-socket-limit" => ErrorCode::NewSocketLimit,
        "not-supported" => ErrorCode::NotSupported,
        "out-of-memory" => ErrorCode::OutOfMemory,
        "remote-unreachable" => ErrorCode::RemoteUnreachable,
        "timeout" => ErrorCode::Timeout,
        _ => ErrorCode::Unknown,
    }
}

/// Something of the host's; it is closed when this is dropped.
pub struct Handle(u32);

impl Drop for Handle {
    fn drop(&mut self) {
        host::cancel(self.0);
    }
}

/// Ask for what is done at once.
fn change(op: &str, args: &str) -> Answer<()> {
    Effect::start(op, args, b"").finish().map(|_| ()).map_err(|failure| error(&failure))
}

fn version(family: IpAddressFamily) -> u8 {
    match family {
        IpAddressFamily::Ipv4 => 4,
        IpAddressFamily::Ipv6 => 6,
    }
}

fn ip(address: IpAddr) -> IpAddress {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            IpAddress::Ipv4((a, b, c, d))
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.segments();
            IpAddress::Ipv6((a, b, c, d, e, f, g, h))
        }
    }
}

/// An address as the guest gets it.
fn shown(address: SocketAddr) -> IpSocketAddress {
    match ip(address.ip()) {
        IpAddress::Ipv4(ip) => IpSocketAddress::Ipv4(Ipv4SocketAddress { port: address.port(), address: ip }),
        IpAddress::Ipv6(ip) => {
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port: address.port(), flow_info: 0, address: ip, scope_id: 0 })
        }
    }
}

/// An address as the guest gives it.
fn given(address: IpSocketAddress) -> SocketAddr {
    match address {
        IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) }) => {
            SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port)
        }
        IpSocketAddress::Ipv6(Ipv6SocketAddress { port, address: (a, b, c, d, e, f, g, h), .. }) => {
            SocketAddr::new(Ipv6Addr::new(a, b, c, d, e, f, g, h).into(), port)
        }
    }
}
