//! UDP sockets.

use std::cell::{Cell, RefCell};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use flat::socket::{Name, Options};

use super::{change, checked, given, shown, version, Handle};
use crate::bindings::exports::wasi::sockets0_3_0::types;
use crate::bindings::spinlab::bridge::host;
use crate::effects::{perform, Answer};

use types::{ErrorCode, IpAddressFamily, IpSocketAddress};

/// Bytes of a datagram.
const BIGGEST: usize = 65535;

/// A bound socket of the host's.
struct Bound {
    handle: Handle,
    local: SocketAddr,
    peer: Cell<Option<SocketAddr>>,
}

pub struct Udp {
    family: IpAddressFamily,
    options: RefCell<Options>,
    bound: RefCell<Option<Rc<Bound>>>,
}

impl Udp {
    fn get(&self, name: Name) -> u64 {
        self.options.borrow().get(name)
    }

    fn set(&self, name: Name, value: u64) -> Result<(), ErrorCode> {
        let word = self.options.borrow_mut().set(name, value).ok_or(ErrorCode::InvalidArgument)?;
        match &*self.bound.borrow() {
            Some(bound) => change("socket.option", &format!("{} {word}", bound.handle.0)),
            None => Ok(()),
        }
    }

    fn bound(&self) -> Result<Rc<Bound>, ErrorCode> {
        self.bound.borrow().clone().ok_or(ErrorCode::InvalidState)
    }

    fn bind_to(&self, address: SocketAddr) -> Result<Rc<Bound>, ErrorCode> {
        let args = format!("{}{}", flat::socket::place(version(self.family), address), self.options.borrow().words());
        // The host binds at once.
        let (id, status, head, data) = host::start("socket.udp", &args, "");
        let answer = checked(Answer { status, head, data })?;
        let handle = Handle(id);
        let local = flat::socket::parse(&answer.head).ok_or(ErrorCode::InvalidState)?;
        let bound = Rc::new(Bound { handle, local, peer: Cell::default() });
        self.bound.replace(Some(bound.clone()));
        Ok(bound)
    }

    /// A port that the system chooses, unless there is one.
    fn bound_somewhere(&self) -> Result<Rc<Bound>, ErrorCode> {
        if let Some(bound) = &*self.bound.borrow() {
            return Ok(bound.clone());
        }
        self.bind_to(match self.family {
            IpAddressFamily::Ipv4 => (Ipv4Addr::UNSPECIFIED, 0).into(),
            IpAddressFamily::Ipv6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
        })
    }

    /// An address that may be one of a peer's.
    fn peer(&self, address: IpSocketAddress) -> Result<SocketAddr, ErrorCode> {
        let address = given(address);
        let fits = address.is_ipv4() == (version(self.family) == 4);
        if !fits || address.ip().is_unspecified() || address.port() == 0 {
            return Err(ErrorCode::InvalidArgument);
        }
        Ok(address)
    }
}

impl types::GuestUdpSocket for Udp {
    fn create(family: IpAddressFamily) -> Result<types::UdpSocket, ErrorCode> {
        Ok(types::UdpSocket::new(Self { family, options: RefCell::default(), bound: RefCell::default() }))
    }

    fn bind(&self, local_address: IpSocketAddress) -> Result<(), ErrorCode> {
        if self.bound.borrow().is_some() {
            return Err(ErrorCode::InvalidState);
        }
        self.bind_to(given(local_address)).map(|_| ())
    }

    fn connect(&self, remote_address: IpSocketAddress) -> Result<(), ErrorCode> {
        let peer = self.peer(remote_address)?;
        let bound = self.bound_somewhere()?;
        change("socket.peer", &format!("{} {}", bound.handle.0, flat::socket::show(peer)))?;
        bound.peer.set(Some(peer));
        Ok(())
    }

    fn disconnect(&self) -> Result<(), ErrorCode> {
        let bound = self.bound()?;
        bound.peer.take().ok_or(ErrorCode::InvalidState)?;
        change("socket.peer", &bound.handle.0.to_string())
    }

    async fn send(&self, data: Vec<u8>, remote_address: Option<IpSocketAddress>) -> Result<(), ErrorCode> {
        if data.len() > BIGGEST {
            return Err(ErrorCode::DatagramTooLarge);
        }
        let connected = self.bound.borrow().as_ref().and_then(|bound| bound.peer.get());
        let to = match (remote_address, connected) {
            (Some(to), connected) => {
                let to = self.peer(to)?;
                if connected.is_some_and(|peer| peer != to) {
                    return Err(ErrorCode::InvalidArgument);
                }
                to
            }
            (None, Some(peer)) => peer,
            (None, None) => return Err(ErrorCode::InvalidArgument),
        };
        let bound = self.bound_somewhere()?;
        let args = format!("{} {}", bound.handle.0, flat::socket::show(to));
        checked(perform("socket.send", &args, &flat::data::encode(&data)).await).map(|_| ())
    }

    async fn receive(&self) -> Result<(Vec<u8>, IpSocketAddress), ErrorCode> {
        let bound = self.bound()?;
        let answer = checked(perform("socket.receive", &bound.handle.0.to_string(), "").await)?;
        let source = flat::socket::parse(&answer.head).ok_or(ErrorCode::InvalidState)?;
        Ok((flat::data::decode(answer.data), shown(source)))
    }

    fn get_local_address(&self) -> Result<IpSocketAddress, ErrorCode> {
        Ok(shown(self.bound()?.local))
    }

    fn get_remote_address(&self) -> Result<IpSocketAddress, ErrorCode> {
        self.bound()?.peer.get().map(shown).ok_or(ErrorCode::InvalidState)
    }

    fn get_address_family(&self) -> IpAddressFamily {
        self.family
    }

    fn get_unicast_hop_limit(&self) -> Result<u8, ErrorCode> {
        Ok(u8::try_from(self.get(Name::Hops)).unwrap_or(u8::MAX))
    }

    fn set_unicast_hop_limit(&self, value: u8) -> Result<(), ErrorCode> {
        self.set(Name::Hops, value.into())
    }

    fn get_receive_buffer_size(&self) -> Result<u64, ErrorCode> {
        Ok(self.get(Name::Receive))
    }

    fn set_receive_buffer_size(&self, value: u64) -> Result<(), ErrorCode> {
        self.set(Name::Receive, value)
    }

    fn get_send_buffer_size(&self) -> Result<u64, ErrorCode> {
        Ok(self.get(Name::Send))
    }

    fn set_send_buffer_size(&self, value: u64) -> Result<(), ErrorCode> {
        self.set(Name::Send, value)
    }
}
