//! `wasi:sockets`: every way to get a socket or an address is refused by the host.

use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::wasi::sockets0_3_0::{ip_name_lookup, types};
use crate::effects::{perform, perform_blocking};
use crate::Provider;

use types::{Duration, ErrorCode, IpAddressFamily, IpSocketAddress};

type Sent = FutureReader<Result<(), ErrorCode>>;

/// Nobody ever holds a socket.
pub enum NoSocket {}

impl types::Guest for Provider {
    type TcpSocket = NoSocket;
    type UdpSocket = NoSocket;
}

fn refused(kind: &str) -> ErrorCode {
    let answer = perform_blocking("socket", kind);
    match answer.head.as_str() {
        "not-supported" => ErrorCode::NotSupported,
        _ => ErrorCode::AccessDenied,
    }
}

impl types::GuestTcpSocket for NoSocket {
    fn create(_: IpAddressFamily) -> Result<types::TcpSocket, ErrorCode> {
        Err(refused("tcp"))
    }
    fn bind(&self, _: IpSocketAddress) -> Result<(), ErrorCode> {
        match *self {}
    }
    async fn connect(&self, _: IpSocketAddress) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn listen(&self) -> Result<StreamReader<types::TcpSocket>, ErrorCode> {
        match *self {}
    }
    fn send(&self, _: StreamReader<u8>) -> Sent {
        match *self {}
    }
    fn receive(&self) -> (StreamReader<u8>, Sent) {
        match *self {}
    }
    fn get_local_address(&self) -> Result<IpSocketAddress, ErrorCode> {
        match *self {}
    }
    fn get_remote_address(&self) -> Result<IpSocketAddress, ErrorCode> {
        match *self {}
    }
    fn get_is_listening(&self) -> bool {
        match *self {}
    }
    fn get_address_family(&self) -> IpAddressFamily {
        match *self {}
    }
    fn set_listen_backlog_size(&self, _: u64) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_keep_alive_enabled(&self) -> Result<bool, ErrorCode> {
        match *self {}
    }
    fn set_keep_alive_enabled(&self, _: bool) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_keep_alive_idle_time(&self) -> Result<Duration, ErrorCode> {
        match *self {}
    }
    fn set_keep_alive_idle_time(&self, _: Duration) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_keep_alive_interval(&self) -> Result<Duration, ErrorCode> {
        match *self {}
    }
    fn set_keep_alive_interval(&self, _: Duration) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_keep_alive_count(&self) -> Result<u32, ErrorCode> {
        match *self {}
    }
    fn set_keep_alive_count(&self, _: u32) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_hop_limit(&self) -> Result<u8, ErrorCode> {
        match *self {}
    }
    fn set_hop_limit(&self, _: u8) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_receive_buffer_size(&self) -> Result<u64, ErrorCode> {
        match *self {}
    }
    fn set_receive_buffer_size(&self, _: u64) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_send_buffer_size(&self) -> Result<u64, ErrorCode> {
        match *self {}
    }
    fn set_send_buffer_size(&self, _: u64) -> Result<(), ErrorCode> {
        match *self {}
    }
}

impl types::GuestUdpSocket for NoSocket {
    fn create(_: IpAddressFamily) -> Result<types::UdpSocket, ErrorCode> {
        Err(refused("udp"))
    }
    fn bind(&self, _: IpSocketAddress) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn connect(&self, _: IpSocketAddress) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn disconnect(&self) -> Result<(), ErrorCode> {
        match *self {}
    }
    async fn send(&self, _: Vec<u8>, _: Option<IpSocketAddress>) -> Result<(), ErrorCode> {
        match *self {}
    }
    async fn receive(&self) -> Result<(Vec<u8>, IpSocketAddress), ErrorCode> {
        match *self {}
    }
    fn get_local_address(&self) -> Result<IpSocketAddress, ErrorCode> {
        match *self {}
    }
    fn get_remote_address(&self) -> Result<IpSocketAddress, ErrorCode> {
        match *self {}
    }
    fn get_address_family(&self) -> IpAddressFamily {
        match *self {}
    }
    fn get_unicast_hop_limit(&self) -> Result<u8, ErrorCode> {
        match *self {}
    }
    fn set_unicast_hop_limit(&self, _: u8) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_receive_buffer_size(&self) -> Result<u64, ErrorCode> {
        match *self {}
    }
    fn set_receive_buffer_size(&self, _: u64) -> Result<(), ErrorCode> {
        match *self {}
    }
    fn get_send_buffer_size(&self) -> Result<u64, ErrorCode> {
        match *self {}
    }
    fn set_send_buffer_size(&self, _: u64) -> Result<(), ErrorCode> {
        match *self {}
    }
}

impl ip_name_lookup::Guest for Provider {
    async fn resolve_addresses(name: String) -> Result<Vec<types::IpAddress>, ip_name_lookup::ErrorCode> {
        let answer = perform("socket", &format!("resolve {}", name.replace('\n', " ")), "").await;
        match answer.head.as_str() {
            "name-unresolvable" => Err(ip_name_lookup::ErrorCode::NameUnresolvable),
            _ => Err(ip_name_lookup::ErrorCode::AccessDenied),
        }
    }
}
