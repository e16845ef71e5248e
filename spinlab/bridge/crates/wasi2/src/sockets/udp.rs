//! UDP sockets and their streams of datagrams.

use super::{change, error, given, shown, version, Answer, Handle};
use crate::bindings::io::poll::Pollable;
use crate::bindings::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, NetworkBorrow};
use crate::bindings::sockets::udp::{
    Guest, GuestIncomingDatagramStream, GuestOutgoingDatagramStream, GuestUdpSocket, IncomingDatagram,
    IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket,
};
use crate::bindings::sockets::udp_create_socket;
use crate::effect::{Answer as Came, Effect};
use crate::io::poll::{Poll, Source};
use crate::{stop, Provider};
use flat::socket::{Name, Options};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;

/// Datagrams that one call gives or takes at most (wasmtime).
const AT_ONCE: usize = 16;

/// A bound socket of the host's. One datagram is waited for at a time, in each direction.
struct Bound {
    handle: Handle,
    local: SocketAddr,
    peer: Cell<Option<SocketAddr>>,
    receiving: RefCell<Option<Effect>>,
    received: RefCell<VecDeque<IncomingDatagram>>,
    failed: Cell<Option<ErrorCode>>,
    sending: RefCell<Option<Effect>>,
    permitted: Cell<usize>,
    /// Streams that the guest still holds.
    streams: Cell<u32>,
}

impl Bound {
    fn new(id: u32, head: &str) -> Option<Rc<Self>> {
        let handle = Handle(id);
        Some(Rc::new(Self {
            handle,
            local: flat::socket::parse(head)?,
            peer: Cell::default(),
            receiving: RefCell::default(),
            received: RefCell::default(),
            failed: Cell::default(),
            sending: RefCell::default(),
            permitted: Cell::default(),
            streams: Cell::default(),
        }))
    }

    /// Get a datagram unless there is one; answers the effect to wait for.
    fn fill(&self) -> Option<u32> {
        if !self.received.borrow().is_empty() || self.failed.get().is_some() {
            return None;
        }
        self.receive_one()
    }

    fn receive_one(&self) -> Option<u32> {
        let mut receiving = self.receiving.borrow_mut();
        let id = self.handle.0.to_string();
        let effect = receiving.get_or_insert_with(|| Effect::start("socket.receive", &id, b""));
        if let Some(id) = effect.pending() {
            return Some(id);
        }
        match receiving.take().and_then(|mut effect| effect.take()) {
            Some(Came::Done { head, data }) => {
                if let Some(source) = flat::socket::parse(&head) {
                    self.received.borrow_mut().push_back(IncomingDatagram { data, remote_address: shown(source) });
                }
            }
            Some(Came::Failed(failure)) => self.failed.set(Some(error(&failure))),
            Some(Came::End { .. }) | None => self.failed.set(Some(ErrorCode::Unknown)),
        }
        None
    }

    fn connect(&self, peer: Option<SocketAddr>) -> Answer<()> {
        if peer.is_none() && self.peer.get().is_none() {
            return Ok(());
        }
        let place = peer.map_or_else(String::new, |peer| format!(" {}", flat::socket::show(peer)));
        change("socket.peer", &format!("{}{place}", self.handle.0))?;
        self.peer.set(peer);
        Ok(())
    }

    /// The datagram that is still on its way.
    fn unsent(&self) -> Option<u32> {
        let mut sending = self.sending.borrow_mut();
        let pending = sending.as_mut().and_then(Effect::pending);
        if pending.is_none() {
            sending.take();
        }
        pending
    }

    fn send_one(&self, datagram: &OutgoingDatagram) -> Answer<()> {
        let to = match (datagram.remote_address.map(given), self.peer.get()) {
            (Some(to), Some(peer)) if to != peer => return Err(ErrorCode::InvalidArgument),
            (Some(to), _) | (None, Some(to)) => to,
            (None, None) => return Err(ErrorCode::InvalidArgument),
        };
        let args = format!("{} {}", self.handle.0, flat::socket::show(to));
        let mut effect = Effect::start("socket.send", &args, &datagram.data);
        if effect.has_failed() {
            return match effect.take() {
                Some(Came::Failed(failure)) => Err(error(&failure)),
                _ => Err(ErrorCode::Unknown),
            };
        }
        self.sending.replace(Some(effect));
        Ok(())
    }
}

struct Receivable(Rc<Bound>);

impl Source for Receivable {
    fn blocked(&self) -> Option<u32> {
        self.0.fill()
    }
}

struct Sendable(Rc<Bound>);

impl Source for Sendable {
    fn blocked(&self) -> Option<u32> {
        self.0.unsent()
    }
}

/// A stream that the guest holds.
struct Held(Rc<Bound>);

impl Held {
    fn new(bound: &Rc<Bound>) -> Self {
        bound.streams.set(bound.streams.get() + 1);
        Self(bound.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get() - 1);
    }
}

pub struct Received(Held);

impl GuestIncomingDatagramStream for Received {
    fn receive(&self, max_results: u64) -> Answer<Vec<IncomingDatagram>> {
        let bound = &self.0 .0;
        let most = usize::try_from(max_results).unwrap_or(usize::MAX).min(AT_ONCE);
        while bound.received.borrow().len() < most && bound.failed.get().is_none() {
            if bound.receive_one().is_some() {
                break;
            }
        }
        let mut received = bound.received.borrow_mut();
        if received.is_empty() && most > 0 {
            if let Some(code) = bound.failed.take() {
                return Err(code);
            }
        }
        let count = received.len().min(most);
        Ok(received.drain(..count).collect())
    }

    fn subscribe(&self) -> Pollable {
        Poll::on(Rc::new(Receivable(self.0 .0.clone())))
    }
}

pub struct Sent(Held);

impl GuestOutgoingDatagramStream for Sent {
    fn check_send(&self) -> Answer<u64> {
        let bound = &self.0 .0;
        bound.permitted.set(if bound.unsent().is_some() { 0 } else { AT_ONCE });
        Ok(bound.permitted.get() as u64)
    }

    fn send(&self, datagrams: Vec<OutgoingDatagram>) -> Answer<u64> {
        let bound = &self.0 .0;
        if datagrams.is_empty() {
            return Ok(0);
        }
        if datagrams.len() > bound.permitted.replace(0) {
            stop::trap("send took more datagrams than check-send permitted");
        }
        let mut count = 0;
        for datagram in &datagrams {
            if bound.unsent().is_some() {
                break;
            }
            match bound.send_one(datagram) {
                Ok(()) => count += 1,
                Err(code) if count == 0 => return Err(code),
                Err(_) => break,
            }
        }
        Ok(count)
    }

    fn subscribe(&self) -> Pollable {
        Poll::on(Rc::new(Sendable(self.0 .0.clone())))
    }
}

enum State {
    Fresh,
    Binding(Effect),
    Bound(Rc<Bound>),
}

struct Socket {
    family: IpAddressFamily,
    options: RefCell<Options>,
    state: RefCell<State>,
}

impl Source for Socket {
    fn blocked(&self) -> Option<u32> {
        match &mut *self.state.borrow_mut() {
            State::Binding(effect) => effect.pending(),
            _ => None,
        }
    }
}

pub struct Udp(Rc<Socket>);

impl Udp {
    fn get(&self, name: Name) -> u64 {
        self.0.options.borrow().get(name)
    }

    fn set(&self, name: Name, value: u64) -> Answer<()> {
        let word = self.0.options.borrow_mut().set(name, value).ok_or(ErrorCode::InvalidArgument)?;
        match &*self.0.state.borrow() {
            State::Bound(bound) => change("socket.option", &format!("{} {word}", bound.handle.0)),
            _ => Ok(()),
        }
    }

    fn bound(&self) -> Answer<Rc<Bound>> {
        match &*self.0.state.borrow() {
            State::Bound(bound) => Ok(bound.clone()),
            _ => Err(ErrorCode::InvalidState),
        }
    }
}

impl GuestUdpSocket for Udp {
    fn start_bind(&self, _network: NetworkBorrow<'_>, local_address: IpSocketAddress) -> Answer<()> {
        match &*self.0.state.borrow() {
            State::Fresh => {}
            State::Binding(_) => return Err(ErrorCode::ConcurrencyConflict),
            State::Bound(_) => return Err(ErrorCode::InvalidState),
        }
        let place = flat::socket::place(version(self.0.family), given(local_address));
        let mut effect = Effect::start("socket.udp", &format!("{place}{}", self.0.options.borrow().words()), b"");
        if effect.has_failed() {
            return match effect.take() {
                Some(Came::Failed(failure)) => Err(error(&failure)),
                _ => Err(ErrorCode::Unknown),
            };
        }
        self.0.state.replace(State::Binding(effect));
        Ok(())
    }

    fn finish_bind(&self) -> Answer<()> {
        let mut state = self.0.state.borrow_mut();
        let State::Binding(effect) = &mut *state else {
            return Err(ErrorCode::NotInProgress);
        };
        if effect.pending().is_some() {
            return Err(ErrorCode::WouldBlock);
        }
        let id = effect.id();
        let answer = effect.take().map(Came::into_result);
        *state = State::Fresh;
        let (head, _) = answer.ok_or(ErrorCode::Unknown)?.map_err(|failure| error(&failure))?;
        *state = State::Bound(Bound::new(id, &head).ok_or(ErrorCode::Unknown)?);
        Ok(())
    }

    fn stream(
        &self,
        remote_address: Option<IpSocketAddress>,
    ) -> Answer<(IncomingDatagramStream, OutgoingDatagramStream)> {
        let bound = self.bound()?;
        if bound.streams.get() > 0 {
            stop::trap("udp-socket.stream was called while its streams were open; drop them first");
        }
        bound.connect(remote_address.map(given))?;
        let incoming = IncomingDatagramStream::new(Received(Held::new(&bound)));
        Ok((incoming, OutgoingDatagramStream::new(Sent(Held::new(&bound)))))
    }

    fn local_address(&self) -> Answer<IpSocketAddress> {
        Ok(shown(self.bound()?.local))
    }

    fn remote_address(&self) -> Answer<IpSocketAddress> {
        self.bound()?.peer.get().map(shown).ok_or(ErrorCode::InvalidState)
    }

    fn address_family(&self) -> IpAddressFamily {
        self.0.family
    }

    fn unicast_hop_limit(&self) -> Answer<u8> {
        Ok(u8::try_from(self.get(Name::Hops)).unwrap_or(u8::MAX))
    }

    fn set_unicast_hop_limit(&self, value: u8) -> Answer<()> {
        self.set(Name::Hops, value.into())
    }

    fn receive_buffer_size(&self) -> Answer<u64> {
        Ok(self.get(Name::Receive))
    }

    fn set_receive_buffer_size(&self, value: u64) -> Answer<()> {
        self.set(Name::Receive, value)
    }

    fn send_buffer_size(&self) -> Answer<u64> {
        Ok(self.get(Name::Send))
    }

    fn set_send_buffer_size(&self, value: u64) -> Answer<()> {
        self.set(Name::Send, value)
    }

    fn subscribe(&self) -> Pollable {
        Poll::on(self.0.clone())
    }
}

impl Guest for Provider {
    type UdpSocket = Udp;
    type IncomingDatagramStream = Received;
    type OutgoingDatagramStream = Sent;
}

impl udp_create_socket::Guest for Provider {
    fn create_udp_socket(family: IpAddressFamily) -> Answer<UdpSocket> {
        let socket = Socket { family, options: RefCell::default(), state: RefCell::new(State::Fresh) };
        Ok(UdpSocket::new(Udp(Rc::new(socket))))
    }
}
