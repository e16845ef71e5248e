//! `wasi:sockets`: TCP and UDP as a client, and name lookup. A socket is options and a state here; the host has one when
//! it is connected or bound. Errors and rules are those of wasmtime.

mod tcp;
mod udp;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::bindings::exports::wasi::sockets0_3_0::{ip_name_lookup, types};
use crate::bindings::spinlab::bridge::host;
use crate::effects::{perform, perform_blocking, Answer, DONE};
use crate::Provider;

use types::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress};

impl types::Guest for Provider {
    type TcpSocket = tcp::Tcp;
    type UdpSocket = udp::Udp;
}

/// The error that the host names.
fn checked(answer: Answer) -> Result<Answer, ErrorCode> {
    if answer.status == DONE {
        return Ok(answer);
    }
    Err(match answer.head.as_str() {
        "access-denied" => ErrorCode::AccessDenied,
        "address-in-use" => ErrorCode::AddressInUse,
        "address-not-bindable" => ErrorCode::AddressNotBindable,
        "connection-aborted" => ErrorCode::ConnectionAborted,
        "connection-broken" => ErrorCode::ConnectionBroken,
        "connection-refused" => ErrorCode::ConnectionRefused,
        "connection-reset" => ErrorCode::ConnectionReset,
        "datagram-too-large" => ErrorCode::DatagramTooLarge,
        "invalid-argument" => ErrorCode::InvalidArgument,
        "invalid-state" => ErrorCode::InvalidState,
        "not-supported" => ErrorCode::NotSupported,
        "out-of-memory" => ErrorCode::OutOfMemory,
        "remote-unreachable" => ErrorCode::RemoteUnreachable,
        "timeout" => ErrorCode::Timeout,
        // As Spin says it.
        "new-socket-limit" => ErrorCode::Other(Some("connection quota exhausted".to_owned())),
        _ => ErrorCode::Other(Some(answer.head)),
    })
}

/// Something of the host's; it is closed when this is dropped.
struct Handle(u32);

impl Drop for Handle {
    fn drop(&mut self) {
        host::cancel(self.0);
    }
}

/// Ask for what is done at once.
fn change(op: &str, args: &str) -> Result<(), ErrorCode> {
    checked(perform_blocking(op, args)).map(|_| ())
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

impl ip_name_lookup::Guest for Provider {
    async fn resolve_addresses(name: String) -> Result<Vec<types::IpAddress>, ip_name_lookup::ErrorCode> {
        use ip_name_lookup::ErrorCode;
        let answer = perform("socket.resolve", &name, "").await;
        if answer.status == DONE {
            return Ok(answer.head.split('\n').filter_map(|line| line.parse().ok()).map(ip).collect());
        }
        Err(match answer.head.as_str() {
            "access-denied" => ErrorCode::AccessDenied,
            "invalid-argument" => ErrorCode::InvalidArgument,
            "name-unresolvable" => ErrorCode::NameUnresolvable,
            _ => ErrorCode::Other(Some(answer.head)),
        })
    }
}
