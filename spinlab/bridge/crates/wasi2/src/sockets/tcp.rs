//! TCP sockets.

use super::connection::{Connection, SocketSink, SocketStream};
use super::{change, error, given, shown, version, Answer};
use crate::bindings::io::poll::Pollable;
use crate::bindings::io::streams::{InputStream, OutputStream};
use crate::bindings::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, NetworkBorrow};
use crate::bindings::sockets::tcp::{Guest, GuestTcpSocket, ShutdownType, TcpSocket};
use crate::bindings::sockets::tcp_create_socket;
use crate::effect::{Answer as Came, Effect};
use crate::io::poll::{Poll, Source};
use crate::io::streams::{Input, Output};
use crate::Provider;
use flat::socket::{Name, Options};
use std::cell::RefCell;
use std::rc::Rc;

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
        let input = Input::Socket(SocketStream::new(&connection)).into_handle();
        Ok((input, Output::Socket(SocketSink::new(&connection)).into_handle()))
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
