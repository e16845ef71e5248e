//! Key-value stores, for both interfaces that reach them.

use crate::host::{ask, Answer, Failure, Parts};
use flat::items;
use flat::pack::{encode, unpack, Item};

/// A store that was open to the guest once. The host checks its label each time.
#[derive(Clone)]
pub struct Label(String);

impl Label {
    pub fn open(label: &str) -> Result<Self, Failure> {
        let label = Self(label.replace('\n', " "));
        ask("key-value.open", &label.0, "")?;
        Ok(label)
    }

    /// Ask for something of the store, with `item` as the data.
    pub fn ask(&self, op: &str, item: &Item<'_>) -> Result<Answer, Failure> {
        ask(op, &self.0, &encode(item))
    }

    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let answer = self.ask("key-value.get", &items![key])?;
        Ok((answer.head == "some").then_some(answer.data))
    }

    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
        self.ask("key-value.set", &items![key, value]).map(drop)
    }

    pub fn delete(&self, key: &str) -> Result<(), Failure> {
        self.ask("key-value.delete", &items![key]).map(drop)
    }

    pub fn exists(&self, key: &str) -> Result<bool, Failure> {
        Ok(self.ask("key-value.exists", &items![key])?.head == "true")
    }

    pub fn keys(&self) -> Result<Vec<String>, Failure> {
        let answer = ask("key-value.keys", &self.0, "")?;
        let mut rest = Parts::after(&answer, "key-value.next");
        let mut keys = texts(&answer.data)?;
        while let Some(part) = rest.next()? {
            keys.append(&mut texts(&part)?);
        }
        Ok(keys)
    }
}

fn texts(part: &[u8]) -> Result<Vec<String>, Failure> {
    unpack(part).and_then(|item| item.texts()).ok_or_else(Failure::unreadable)
}
