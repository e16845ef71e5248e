//! What crosses for sockets: an address as `IP PORT`, options as words.

use std::net::SocketAddr;

/// `4|6 IP PORT`.
pub fn place(version: u8, address: SocketAddr) -> String {
    format!("{version} {}", show(address))
}

/// `IP PORT`.
pub fn show(address: SocketAddr) -> String {
    format!("{} {}", address.ip(), address.port())
}

/// An address of the host's.
pub fn parse(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(' ')?;
    Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?))
}

/// What can be set on a socket.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Name {
    KeepAlive,
    Idle,
    Interval,
    Count,
    Hops,
    Receive,
    Send,
}

/// Name, default, and nanoseconds or whatever else one of the host's units is.
const OPTIONS: [(Name, &str, u64, u64); 7] = [
    (Name::KeepAlive, "keep-alive", 0, 1),
    (Name::Idle, "idle", 7200 * SECOND, SECOND),
    (Name::Interval, "interval", 75 * SECOND, SECOND),
    (Name::Count, "count", 9, 1),
    (Name::Hops, "hops", 64, 1),
    (Name::Receive, "receive", 128 * 1024, 1),
    (Name::Send, "send", 64 * 1024, 1),
];
const SECOND: u64 = 1_000_000_000;

/// The largest values that systems take: of seconds and of counts.
const MOST_SECONDS: u64 = 32767;
const MOST_COUNT: u64 = 127;

/// The options of one socket: what the guest set, else defaults.
#[derive(Default)]
pub struct Options {
    set: Vec<(Name, u64)>,
}

impl Options {
    pub fn get(&self, name: Name) -> u64 {
        let set = self.set.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
        set.unwrap_or_else(|| OPTIONS.iter().find(|option| option.0 == name).map_or(0, |option| option.2))
    }

    /// Answers the words for the host; None when the value is none that can be set.
    pub fn set(&mut self, name: Name, value: u64) -> Option<String> {
        if value == 0 && name != Name::KeepAlive {
            return None;
        }
        let value = match name {
            Name::Idle | Name::Interval => value.div_ceil(SECOND).clamp(1, MOST_SECONDS) * SECOND,
            Name::Count => value.min(MOST_COUNT),
            Name::Receive | Name::Send => value.min(u64::from(u32::MAX >> 1)),
            Name::KeepAlive | Name::Hops => value,
        };
        self.set.retain(|(own, _)| *own != name);
        self.set.push((name, value));
        Some(word(name, value, ' '))
    }

    /// All that was set, with a blank before each.
    pub fn words(&self) -> String {
        self.set.iter().map(|(name, value)| format!(" {}", word(*name, *value, '='))).collect()
    }
}

fn word(name: Name, value: u64, sign: char) -> String {
    OPTIONS
        .iter()
        .find(|option| option.0 == name)
        .map_or_else(String::new, |option| format!("{}{sign}{}", option.1, value / option.3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_cross_in_both_directions() {
        for text in ["127.0.0.1 80", "::1 65535"] {
            assert_eq!(parse(text).map(show).as_deref(), Some(text));
        }
        assert_eq!(place(6, parse("::1 5").unwrap()), "6 ::1 5");
        assert_eq!(parse("127.0.0.1"), None);
    }

    #[test]
    fn options_have_defaults_and_units() {
        let mut options = Options::default();
        assert_eq!((options.get(Name::Hops), options.get(Name::Idle)), (64, 7200 * SECOND));
        assert_eq!(options.set(Name::Idle, 1).as_deref(), Some("idle 1"));
        assert_eq!(options.get(Name::Idle), SECOND);
        assert_eq!(options.set(Name::KeepAlive, 1).as_deref(), Some("keep-alive 1"));
        assert_eq!(options.set(Name::Hops, 0), None);
        assert_eq!(options.words(), " idle=1 keep-alive=1");
    }
}
