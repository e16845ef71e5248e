//! TCP sockets and their streams.

use super::{change, error, given, shown, version, Answer, Handle};
use crate::bindings::io::poll::Pollable;
use crate::bindings::io::streams::{InputStream, OutputStream, StreamError};
use crate::bindings::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, NetworkBorrow};
use crate::bindings::sockets::tcp::{Guest, GuestTcpSocket, ShutdownType, TcpSocket};
use crate::bindings::sockets::tcp_create_socket;
use crate::effect::{Answer as Came, Effect, Failure};
use crate::io::error::IoError;
use crate::io::poll::{Poll, Source};
use crate::io::streams::{Input, Output};
use crate::{stop, Provider};
use flat::socket::{Name, Options};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

/// What a `check-write` allows at most.
const ROOM: usize = 256 * 1024;

/// A connection of the host's. One read and one write are under way at most.
struct Connection {
    handle: Handle,
    local: SocketAddr,
    remote: SocketAddr,
    reading: RefCell<Reading>,
    writing: RefCell<Option<Effect>>,
    /// Nothing more can be written.
    ended: Cell<bool>,
}

#[derive(Default)]
struct Reading {
    buffer: Vec<u8>,
    at: usize,
    effect: Option<Effect>,
    /// Nothing more comes, and why.
    end: Option<Option<ErrorCode>>,
}

impl Connection {
    fn new(id: u32, head: &str) -> Option<Rc<Self>> {
        let handle = Handle(id);
        let (local, remote) = head.split_once('\n')?;
        Some(Rc::new(Self {
            handle,
            local: flat::socket::parse(local)?,
            remote: flat::socket::parse(remote)?,
            reading: RefCell::default(),
            writing: RefCell::default(),
            ended: Cell::default(),
        }))
    }

    /// Get more unless there is something to read; answers the effect to wait for.
    fn fill(&self) -> Option<u32> {
        let mut reading = self.reading.borrow_mut();
        while reading.at >= reading.buffer.len() && reading.end.is_none() {
            let id = self.handle.0.to_string();
            let effect = reading.effect.get_or_insert_with(|| Effect::start("socket.read", &id, b""));
            if let Some(id) = effect.pending() {
                return Some(id);
            }
            match reading.effect.take().and_then(|mut effect| effect.take()) {
                Some(Came::Done { data, .. }) => {
                    reading.buffer = data;
                    reading.at = 0;
                }
                Some(Came::End { .. }) | None => reading.end = Some(None),
                Some(Came::Failed(failure)) => reading.end = Some(Some(error(&failure))),
            }
        }
        None
    }

    fn read(&self, length: usize) -> Result<Vec<u8>, StreamError> {
        if length > 0 {
            self.fill();
        }
        let mut reading = self.reading.borrow_mut();
        let left = reading.buffer.len() - reading.at;
        if left == 0 {
            return match reading.end {
                None => Ok(Vec::new()),
                Some(None) => Err(StreamError::Closed),
                Some(Some(code)) => {
                    reading.end = Some(None);
                    Err(IoError::Socket(code).failed())
                }
            };
        }
        let end = reading.at + length.min(left);
        let bytes = reading.buffer[reading.at..end].to_vec();
        reading.at = end;
        Ok(bytes)
    }

    fn stop_reading(&self) {
        self.reading.replace(Reading { end: Some(None), ..Reading::default() });
    }

    /// The write to wait for before the next one, if it is still under way.
    fn unwritten(&self) -> Result<Option<u32>, StreamError> {
        let mut writing = self.writing.borrow_mut();
        let Some(effect) = writing.as_mut() else {
            return Ok(None);
        };
        if let Some(id) = effect.pending() {
            return Ok(Some(id));
        }
        match writing.take().and_then(|mut effect| effect.take()) {
            Some(Came::Failed(failure)) => Err(self.broken(&failure)),
            _ => Ok(None),
        }
    }

    fn broken(&self, failure: &Failure) -> StreamError {
        self.ended.set(true);
        match failure.name.as_str() {
            "connection-broken" | "invalid-state" => StreamError::Closed,
            _ => IoError::Socket(error(failure)).failed(),
        }
    }

    fn room(&self) -> Result<u64, StreamError> {
        if self.ended.get() {
            return Err(StreamError::Closed);
        }
        Ok(if self.unwritten()?.is_some() { 0 } else { ROOM as u64 })
    }

    fn write(&self, contents: &[u8]) -> Result<(), StreamError> {
        if self.ended.get() {
            return Err(StreamError::Closed);
        }
        if contents.len() > ROOM || self.unwritten()?.is_some() {
            stop::trap("a write exceeded what check-write allowed");
        }
        if contents.is_empty() {
            return Ok(());
        }
        self.writing.replace(Some(Effect::start("socket.write", &self.handle.0.to_string(), contents)));
        self.unwritten().map(|_| ())
    }

    /// Nothing more is written; what is on its way goes out first.
    fn finish_writing(&self) {
        if !self.ended.replace(true) {
            // A connection that is gone needs no end.
            let _ = change("socket.shutdown", &format!("{} send", self.handle.0));
        }
    }
}

struct Readable(Rc<Connection>);

impl Source for Readable {
    fn blocked(&self) -> Option<u32> {
        self.0.fill()
    }
}

struct Writable(Rc<Connection>);

impl Source for Writable {
    fn blocked(&self) -> Option<u32> {
        let mut writing = self.0.writing.borrow_mut();
        // Its outcome stays for the next who writes.
        writing.as_mut().and_then(Effect::pending)
    }
}

/// The input stream of a connection.
pub struct SocketStream(Rc<Connection>);

impl SocketStream {
    pub fn read(&self, length: usize) -> Result<Vec<u8>, StreamError> {
        self.0.read(length)
    }

    pub fn source(&self) -> Rc<dyn Source> {
        Rc::new(Readable(self.0.clone()))
    }
}

impl Drop for SocketStream {
    fn drop(&mut self) {
        self.0.stop_reading();
    }
}

/// The output stream of a connection.
pub struct SocketSink(Rc<Connection>);

impl SocketSink {
    pub fn room(&self) -> Result<u64, StreamError> {
        self.0.room()
    }

    pub fn write(&self, contents: &[u8]) -> Result<(), StreamError> {
        self.0.write(contents)
    }

    pub fn flush(&self) -> Result<(), StreamError> {
        self.0.room().map(|_| ())
    }

    pub fn source(&self) -> Rc<dyn Source> {
        Rc::new(Writable(self.0.clone()))
    }
}

impl Drop for SocketSink {
    fn drop(&mut self) {
        self.0.finish_writing();
    }
}

enum State {
    Fresh,
    Connecting(Effect),
    Connected(Rc<Connection>),
    Closed,
}

struct Socket {
    family: IpAddressFamily,
    options: RefCell<Options>,
    state: RefCell<State>,
}

impl Source for Socket {
    fn blocked(&self) -> Option<u32> {
        match &mut *self.state.borrow_mut() {
            State::Connecting(effect) => effect.pending(),
            _ => None,
        }
    }
}

impl Socket {
    fn set(&self, name: Name, value: u64) -> Answer<()> {
        let word = self.options.borrow_mut().set(name, value).ok_or(ErrorCode::InvalidArgument)?;
        match &*self.state.borrow() {
            State::Connected(connection) => change("socket.option", &format!("{} {word}", connection.handle.0)),
            _ => Ok(()),
        }
    }

    fn connection(&self) -> Answer<Rc<Connection>> {
        match &*self.state.borrow() {
            State::Connected(connection) => Ok(connection.clone()),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    fn idle(&self) -> Answer<()> {
        match &*self.state.borrow() {
            State::Fresh => Ok(()),
            State::Connecting(_) => Err(ErrorCode::ConcurrencyConflict),
            State::Connected(_) | State::Closed => Err(ErrorCode::InvalidState),
        }
    }
}

pub struct Tcp(Rc<Socket>);

impl Tcp {
    fn get(&self, name: Name) -> u64 {
        self.0.options.borrow().get(name)
    }
}

impl GuestTcpSocket for Tcp {
    fn start_bind(&self, _network: NetworkBorrow<'_>, local_address: IpSocketAddress) -> Answer<()> {
        self.0.idle()?;
        let address = given(local_address);
        if address.is_ipv4() != (version(self.0.family) == 4) {
            return Err(ErrorCode::InvalidArgument);
        }
        change("socket.listen", &format!("tcp {}", flat::socket::show(address)))
    }

    fn finish_bind(&self) -> Answer<()> {
        Err(ErrorCode::NotInProgress)
    }

    fn start_connect(&self, _network: NetworkBorrow<'_>, remote_address: IpSocketAddress) -> Answer<()> {
        self.0.idle()?;
        let place = flat::socket::place(version(self.0.family), given(remote_address));
        let args = format!("{place}{}", self.0.options.borrow().words());
        let mut effect = Effect::start("socket.connect", &args, b"");
        if effect.has_failed() {
            return match effect.take() {
                Some(Came::Failed(failure)) => Err(error(&failure)),
                _ => Err(ErrorCode::Unknown),
            };
        }
        self.0.state.replace(State::Connecting(effect));
        Ok(())
    }

    fn finish_connect(&self) -> Answer<(InputStream, OutputStream)> {
        let mut state = self.0.state.borrow_mut();
        let State::Connecting(effect) = &mut *state else {
            return Err(ErrorCode::NotInProgress);
        };
        if effect.pending().is_some() {
            return Err(ErrorCode::WouldBlock);
        }
        let id = effect.id();
        let answer = effect.take().map(Came::into_result);
        *state = State::Closed;
        let (head, _) = answer.ok_or(ErrorCode::Unknown)?.map_err(|failure| error(&failure))?;
        let connection = Connection::new(id, &head).ok_or(ErrorCode::Unknown)?;
        *state = State::Connected(connection.clone());
        let input = Input::Socket(SocketStream(connection.clone())).into_handle();
        Ok((input, Output::Socket(SocketSink(connection)).into_handle()))
    }

    fn start_listen(&self) -> Answer<()> {
        self.0.idle()?;
        Err(ErrorCode::InvalidState)
    }

    fn finish_listen(&self) -> Answer<()> {
        Err(ErrorCode::NotInProgress)
    }

    fn accept(&self) -> Answer<(TcpSocket, InputStream, OutputStream)> {
        Err(ErrorCode::InvalidState)
    }

    fn local_address(&self) -> Answer<IpSocketAddress> {
        Ok(shown(self.0.connection()?.local))
    }

    fn remote_address(&self) -> Answer<IpSocketAddress> {
        Ok(shown(self.0.connection()?.remote))
    }

    fn is_listening(&self) -> bool {
        false
    }

    fn address_family(&self) -> IpAddressFamily {
        self.0.family
    }

    fn set_listen_backlog_size(&self, value: u64) -> Answer<()> {
        if value == 0 {
            return Err(ErrorCode::InvalidArgument);
        }
        self.0.idle()
    }

    fn keep_alive_enabled(&self) -> Answer<bool> {
        Ok(self.get(Name::KeepAlive) != 0)
    }

    fn set_keep_alive_enabled(&self, value: bool) -> Answer<()> {
        self.0.set(Name::KeepAlive, value.into())
    }

    fn keep_alive_idle_time(&self) -> Answer<u64> {
        Ok(self.get(Name::Idle))
    }

    fn set_keep_alive_idle_time(&self, value: u64) -> Answer<()> {
        self.0.set(Name::Idle, value)
    }

    fn keep_alive_interval(&self) -> Answer<u64> {
        Ok(self.get(Name::Interval))
    }

    fn set_keep_alive_interval(&self, value: u64) -> Answer<()> {
        self.0.set(Name::Interval, value)
    }

    fn keep_alive_count(&self) -> Answer<u32> {
        Ok(u32::try_from(self.get(Name::Count)).unwrap_or(u32::MAX))
    }

    fn set_keep_alive_count(&self, value: u32) -> Answer<()> {
        self.0.set(Name::Count, value.into())
    }

    fn hop_limit(&self) -> Answer<u8> {
        Ok(u8::try_from(self.get(Name::Hops)).unwrap_or(u8::MAX))
    }

    fn set_hop_limit(&self, value: u8) -> Answer<()> {
        self.0.set(Name::Hops, value.into())
    }

    fn receive_buffer_size(&self) -> Answer<u64> {
        Ok(self.get(Name::Receive))
    }

    fn set_receive_buffer_size(&self, value: u64) -> Answer<()> {
        self.0.set(Name::Receive, value)
    }

    fn send_buffer_size(&self) -> Answer<u64> {
        Ok(self.get(Name::Send))
    }

    fn set_send_buffer_size(&self, value: u64) -> Answer<()> {
        self.0.set(Name::Send, value)
    }

    fn subscribe(&self) -> Pollable {
        Poll::on(self.0.clone())
    }

    fn shutdown(&self, shutdown_type: ShutdownType) -> Answer<()> {
        let connection = self.0.connection()?;
        if matches!(shutdown_type, ShutdownType::Receive | ShutdownType::Both) {
            connection.stop_reading();
            change("socket.shutdown", &format!("{} receive", connection.handle.0))?;
        }
        if matches!(shutdown_type, ShutdownType::Send | ShutdownType::Both) {
            connection.finish_writing();
        }
        Ok(())
    }
}

impl Guest for Provider {
    type TcpSocket = Tcp;
}

impl tcp_create_socket::Guest for Provider {
    fn create_tcp_socket(family: IpAddressFamily) -> Answer<TcpSocket> {
        let socket = Socket { family, options: RefCell::default(), state: RefCell::new(State::Fresh) };
        Ok(TcpSocket::new(Tcp(Rc::new(socket))))
    }
}
