//! `ip-name-lookup`.

use super::{error, ip, Answer};
use crate::bindings::io::poll::Pollable;
use crate::bindings::sockets::ip_name_lookup::{Guest, GuestResolveAddressStream, ResolveAddressStream};
use crate::bindings::sockets::network::{ErrorCode, IpAddress, NetworkBorrow};
use crate::effect::Effect;
use crate::io::poll::{Poll, Source};
use crate::Provider;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

enum State {
    Asking(Effect),
    Found(VecDeque<IpAddress>),
    Failed(ErrorCode),
}

struct Lookup(RefCell<State>);

impl Source for Lookup {
    fn blocked(&self) -> Option<u32> {
        let mut state = self.0.borrow_mut();
        let State::Asking(effect) = &mut *state else {
            return None;
        };
        if let Some(id) = effect.pending() {
            return Some(id);
        }
        *state = match effect.take().map(|answer| answer.into_result()) {
            Some(Ok((head, _))) => {
                State::Found(head.split('\n').filter_map(|line| line.parse().ok()).map(ip).collect())
            }
            Some(Err(failure)) => State::Failed(error(&failure)),
            None => State::Failed(ErrorCode::Unknown),
        };
        None
    }
}

pub struct Addresses(Rc<Lookup>);

impl GuestResolveAddressStream for Addresses {
    fn resolve_next_address(&self) -> Answer<Option<IpAddress>> {
        if self.0.blocked().is_some() {
            return Err(ErrorCode::WouldBlock);
        }
        match &mut *self.0 .0.borrow_mut() {
            State::Asking(_) => Err(ErrorCode::WouldBlock),
            State::Found(left) => Ok(left.pop_front()),
            State::Failed(code) => Err(*code),
        }
    }

    fn subscribe(&self) -> Pollable {
        Poll::on(self.0.clone())
    }
}

impl Guest for Provider {
    type ResolveAddressStream = Addresses;

    fn resolve_addresses(_network: NetworkBorrow<'_>, name: String) -> Answer<ResolveAddressStream> {
        let lookup = Rc::new(Lookup(RefCell::new(State::Asking(Effect::start("socket.resolve", &name, b"")))));
        lookup.blocked();
        // What is known at once is told at once.
        if let State::Failed(code) = &*lookup.0.borrow() {
            return Err(*code);
        }
        Ok(ResolveAddressStream::new(Addresses(lookup.clone())))
    }
}
