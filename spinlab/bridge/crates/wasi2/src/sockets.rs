//! `wasi:sockets`: every attempt reaches the host and is answered; nobody gets a socket, so those types are empty.

use crate::bindings::io::poll::Pollable;
use crate::bindings::io::streams::{InputStream, OutputStream};
use crate::bindings::sockets::{
    instance_network, ip_name_lookup, network, tcp, tcp_create_socket, udp, udp_create_socket,
};
use crate::effect;
use crate::Provider;
use network::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Network, NetworkBorrow};
use tcp::{ShutdownType, TcpSocket};
use udp::{IncomingDatagram, IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket};

type Answer<T> = Result<T, ErrorCode>;

/// Ask the host, which notes the attempt. It has nothing to give but an error.
fn refused(args: &str) -> ErrorCode {
    match effect::call("socket", args) {
        Err(failure) if failure.name == "access-denied" => ErrorCode::AccessDenied,
        _ => ErrorCode::NotSupported,
    }
}

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

/// Methods of a type that has no values.
macro_rules! never {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self $(, _: $argument)*) -> $result { match *self {} })*
    };
}

pub enum Tcp {}

impl tcp::GuestTcpSocket for Tcp {
    never! {
        start_bind(NetworkBorrow<'_>, IpSocketAddress) -> Answer<()>;
        finish_bind() -> Answer<()>;
        start_connect(NetworkBorrow<'_>, IpSocketAddress) -> Answer<()>;
        finish_connect() -> Answer<(InputStream, OutputStream)>;
        start_listen() -> Answer<()>;
        finish_listen() -> Answer<()>;
        accept() -> Answer<(TcpSocket, InputStream, OutputStream)>;
        local_address() -> Answer<IpSocketAddress>;
        remote_address() -> Answer<IpSocketAddress>;
        is_listening() -> bool;
        address_family() -> IpAddressFamily;
        set_listen_backlog_size(u64) -> Answer<()>;
        keep_alive_enabled() -> Answer<bool>;
        set_keep_alive_enabled(bool) -> Answer<()>;
        keep_alive_idle_time() -> Answer<u64>;
        set_keep_alive_idle_time(u64) -> Answer<()>;
        keep_alive_interval() -> Answer<u64>;
        set_keep_alive_interval(u64) -> Answer<()>;
        keep_alive_count() -> Answer<u32>;
        set_keep_alive_count(u32) -> Answer<()>;
        hop_limit() -> Answer<u8>;
        set_hop_limit(u8) -> Answer<()>;
        receive_buffer_size() -> Answer<u64>;
        set_receive_buffer_size(u64) -> Answer<()>;
        send_buffer_size() -> Answer<u64>;
        set_send_buffer_size(u64) -> Answer<()>;
        subscribe() -> Pollable;
        shutdown(ShutdownType) -> Answer<()>;
    }
}

impl tcp::Guest for Provider {
    type TcpSocket = Tcp;
}

impl tcp_create_socket::Guest for Provider {
    fn create_tcp_socket(_family: IpAddressFamily) -> Answer<TcpSocket> {
        Err(refused("tcp"))
    }
}

pub enum Udp {}

impl udp::GuestUdpSocket for Udp {
    never! {
        start_bind(NetworkBorrow<'_>, IpSocketAddress) -> Answer<()>;
        finish_bind() -> Answer<()>;
        stream(Option<IpSocketAddress>) -> Answer<(IncomingDatagramStream, OutgoingDatagramStream)>;
        local_address() -> Answer<IpSocketAddress>;
        remote_address() -> Answer<IpSocketAddress>;
        address_family() -> IpAddressFamily;
        unicast_hop_limit() -> Answer<u8>;
        set_unicast_hop_limit(u8) -> Answer<()>;
        receive_buffer_size() -> Answer<u64>;
        set_receive_buffer_size(u64) -> Answer<()>;
        send_buffer_size() -> Answer<u64>;
        set_send_buffer_size(u64) -> Answer<()>;
        subscribe() -> Pollable;
    }
}

pub enum Received {}

impl udp::GuestIncomingDatagramStream for Received {
    never! {
        receive(u64) -> Answer<Vec<IncomingDatagram>>;
        subscribe() -> Pollable;
    }
}

pub enum Sent {}

impl udp::GuestOutgoingDatagramStream for Sent {
    never! {
        check_send() -> Answer<u64>;
        send(Vec<OutgoingDatagram>) -> Answer<u64>;
        subscribe() -> Pollable;
    }
}

impl udp::Guest for Provider {
    type UdpSocket = Udp;
    type IncomingDatagramStream = Received;
    type OutgoingDatagramStream = Sent;
}

impl udp_create_socket::Guest for Provider {
    fn create_udp_socket(_family: IpAddressFamily) -> Answer<UdpSocket> {
        Err(refused("udp"))
    }
}

pub enum Addresses {}

impl ip_name_lookup::GuestResolveAddressStream for Addresses {
    never! {
        resolve_next_address() -> Answer<Option<IpAddress>>;
        subscribe() -> Pollable;
    }
}

impl ip_name_lookup::Guest for Provider {
    type ResolveAddressStream = Addresses;

    fn resolve_addresses(_network: NetworkBorrow<'_>, name: String) -> Answer<ip_name_lookup::ResolveAddressStream> {
        // One line crosses: a name with a newline in it can't be one.
        if name.contains(['\n', '\r']) {
            return Err(ErrorCode::InvalidArgument);
        }
        Err(refused(&format!("resolve {name}")))
    }
}
