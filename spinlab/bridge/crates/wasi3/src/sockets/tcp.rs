//! TCP sockets and their streams.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use flat::socket::{Name, Options};
use wit_bindgen::{FutureReader, StreamReader, StreamWriter};

use super::{change, checked, given, shown, version, Handle};
use crate::bindings::exports::wasi::sockets0_3_0::types;
use crate::bindings::{wit_future, wit_stream};
use crate::effects::{later, perform, start, END};
use crate::streams::{is_wanted, while_wanted, Pieces, Promise};

use types::{Duration, ErrorCode, IpAddressFamily, IpSocketAddress};

type Outcome = Result<(), ErrorCode>;
type Finished = FutureReader<Outcome>;

/// A connection of the host's.
struct Connection {
    handle: Handle,
    local: SocketAddr,
    remote: SocketAddr,
    sends: Cell<bool>,
    receives: Cell<bool>,
}

impl Connection {
    fn new(id: u32, head: &str) -> Option<Rc<Self>> {
        let handle = Handle(id);
        let (local, remote) = head.split_once('\n')?;
        Some(Rc::new(Self {
            handle,
            local: flat::socket::parse(local)?,
            remote: flat::socket::parse(remote)?,
            sends: Cell::default(),
            receives: Cell::default(),
        }))
    }
}

enum State {
    Fresh,
    Connecting,
    Connected(Rc<Connection>),
    Closed,
}

pub struct Tcp {
    family: IpAddressFamily,
    options: RefCell<Options>,
    state: RefCell<State>,
}

fn promised() -> (Promise<Outcome>, Finished) {
    let (writer, reader) = wit_future::new(|| Ok(()));
    (Promise::new(writer, || Ok(())), reader)
}

/// Send what a guest writes, then say that nothing more comes.
async fn send(connection: Rc<Connection>, data: StreamReader<u8>) -> Outcome {
    let id = connection.handle.0.to_string();
    let mut pieces = Pieces::new(data);
    while let Some(piece) = pieces.next().await {
        checked(perform("socket.write", &id, &flat::data::encode(&piece)).await)?;
    }
    checked(perform("socket.shutdown", &format!("{id} send"), "").await).map(|_| ())
}

/// Pass on what comes, as the guest reads it.
async fn receive(connection: Rc<Connection>, mut to: StreamWriter<u8>) -> Outcome {
    let id = connection.handle.0.to_string();
    while is_wanted(&mut to).await {
        let Some(answer) = while_wanted(perform("socket.read", &id, ""), &mut to).await else { return Ok(()) };
        if answer.status == END {
            return Ok(());
        }
        let piece = flat::data::decode(checked(answer)?.data);
        if !to.write_all(piece).await.is_empty() {
            return Ok(());
        }
    }
    Ok(())
}

impl Tcp {
    fn connection(&self) -> Result<Rc<Connection>, ErrorCode> {
        match &*self.state.borrow() {
            State::Connected(connection) => Ok(connection.clone()),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    fn idle(&self) -> Outcome {
        match &*self.state.borrow() {
            State::Fresh => Ok(()),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    fn get(&self, name: Name) -> u64 {
        self.options.borrow().get(name)
    }

    fn set(&self, name: Name, value: u64) -> Outcome {
        let word = self.options.borrow_mut().set(name, value).ok_or(ErrorCode::InvalidArgument)?;
        match &*self.state.borrow() {
            State::Connected(connection) => change("socket.option", &format!("{} {word}", connection.handle.0)),
            _ => Ok(()),
        }
    }
}

impl types::GuestTcpSocket for Tcp {
    fn create(family: IpAddressFamily) -> Result<types::TcpSocket, ErrorCode> {
        let socket = Self { family, options: RefCell::default(), state: RefCell::new(State::Fresh) };
        Ok(types::TcpSocket::new(socket))
    }

    fn bind(&self, local_address: IpSocketAddress) -> Outcome {
        self.idle()?;
        let address = given(local_address);
        if address.is_ipv4() != (version(self.family) == 4) {
            return Err(ErrorCode::InvalidArgument);
        }
        change("socket.listen", &format!("tcp {}", flat::socket::show(address)))
    }

    async fn connect(&self, remote_address: IpSocketAddress) -> Outcome {
        self.idle()?;
        let place = flat::socket::place(version(self.family), given(remote_address));
        let args = format!("{place}{}", self.options.borrow().words());
        self.state.replace(State::Connecting);
        let started = start("socket.connect", &args, "");
        let answer = checked(started.progress.finished().await);
        let connection = answer.and_then(|answer| {
            Connection::new(started.id, &answer.head).ok_or(ErrorCode::Other(Some("no addresses".to_owned())))
        });
        match connection {
            Ok(connection) => {
                self.state.replace(State::Connected(connection));
                Ok(())
            }
            Err(code) => {
                self.state.replace(if started.id == 0 { State::Fresh } else { State::Closed });
                Err(code)
            }
        }
    }

    fn listen(&self) -> Result<StreamReader<types::TcpSocket>, ErrorCode> {
        self.idle()?;
        let nowhere = if version(self.family) == 4 { "tcp 0.0.0.0 0" } else { "tcp :: 0" };
        change("socket.listen", nowhere)?;
        Err(ErrorCode::AccessDenied)
    }

    fn send(&self, data: StreamReader<u8>) -> Finished {
        let (finished, reader) = promised();
        let connection = self.connection().and_then(|connection| {
            if connection.sends.replace(true) {
                return Err(ErrorCode::InvalidState);
            }
            Ok(connection)
        });
        later(async move {
            let outcome = match connection {
                Ok(connection) => send(connection, data).await,
                Err(code) => {
                    drop(data);
                    Err(code)
                }
            };
            finished.keep(outcome);
        });
        reader
    }

    fn receive(&self) -> (StreamReader<u8>, Finished) {
        let (to, stream) = wit_stream::new();
        let (finished, reader) = promised();
        let connection = self.connection().and_then(|connection| {
            if connection.receives.replace(true) {
                return Err(ErrorCode::InvalidState);
            }
            Ok(connection)
        });
        later(async move {
            let outcome = match connection {
                Ok(connection) => receive(connection, to).await,
                Err(code) => {
                    drop(to);
                    Err(code)
                }
            };
            finished.keep(outcome);
        });
        (stream, reader)
    }

    fn get_local_address(&self) -> Result<IpSocketAddress, ErrorCode> {
        Ok(shown(self.connection()?.local))
    }

    fn get_remote_address(&self) -> Result<IpSocketAddress, ErrorCode> {
        Ok(shown(self.connection()?.remote))
    }

    fn get_is_listening(&self) -> bool {
        false
    }

    fn get_address_family(&self) -> IpAddressFamily {
        self.family
    }

    fn set_listen_backlog_size(&self, value: u64) -> Outcome {
        if value == 0 {
            return Err(ErrorCode::InvalidArgument);
        }
        self.idle()
    }

    fn get_keep_alive_enabled(&self) -> Result<bool, ErrorCode> {
        Ok(self.get(Name::KeepAlive) != 0)
    }

    fn set_keep_alive_enabled(&self, value: bool) -> Outcome {
        self.set(Name::KeepAlive, value.into())
    }

    fn get_keep_alive_idle_time(&self) -> Result<Duration, ErrorCode> {
        Ok(self.get(Name::Idle))
    }

    fn set_keep_alive_idle_time(&self, value: Duration) -> Outcome {
        self.set(Name::Idle, value)
    }

    fn get_keep_alive_interval(&self) -> Result<Duration, ErrorCode> {
        Ok(self.get(Name::Interval))
    }

    fn set_keep_alive_interval(&self, value: Duration) -> Outcome {
        self.set(Name::Interval, value)
    }

    fn get_keep_alive_count(&self) -> Result<u32, ErrorCode> {
        Ok(u32::try_from(self.get(Name::Count)).unwrap_or(u32::MAX))
    }

    fn set_keep_alive_count(&self, value: u32) -> Outcome {
        self.set(Name::Count, value.into())
    }

    fn get_hop_limit(&self) -> Result<u8, ErrorCode> {
        Ok(u8::try_from(self.get(Name::Hops)).unwrap_or(u8::MAX))
    }

    fn set_hop_limit(&self, value: u8) -> Outcome {
        self.set(Name::Hops, value.into())
    }

    fn get_receive_buffer_size(&self) -> Result<u64, ErrorCode> {
        Ok(self.get(Name::Receive))
    }

    fn set_receive_buffer_size(&self, value: u64) -> Outcome {
        self.set(Name::Receive, value)
    }

    fn get_send_buffer_size(&self) -> Result<u64, ErrorCode> {
        Ok(self.get(Name::Send))
    }

    fn set_send_buffer_size(&self, value: u64) -> Outcome {
        self.set(Name::Send, value)
    }
}
