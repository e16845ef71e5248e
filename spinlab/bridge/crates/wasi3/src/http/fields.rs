//! Header and trailer fields.

use std::cell::RefCell;
use std::rc::Rc;

use flat::fields::{is_forbidden, name_is_valid, value_is_valid, Fields as Pairs};

use crate::bindings::exports::wasi::http0_3_0::types::{Fields, GuestFields, HeaderError};

/// Fields that came from outside, without those that only concern a connection: wasmtime, and so Spin, hides them.
pub fn shown(pairs: Pairs) -> Pairs {
    pairs.into_iter().filter(|(name, _)| !is_forbidden(name)).collect()
}

/// Fields as a guest holds them. A message and the guests that look at its headers share one list.
pub struct Held {
    pairs: RefCell<Rc<Pairs>>,
    immutable: bool,
}

impl Held {
    pub fn own(pairs: Pairs) -> Fields {
        Fields::new(Self { pairs: RefCell::new(Rc::new(pairs)), immutable: false })
    }

    pub fn view(pairs: &Rc<Pairs>) -> Fields {
        Fields::new(Self { pairs: RefCell::new(pairs.clone()), immutable: true })
    }

    /// The fields that the guest gives away.
    pub fn given(fields: Fields) -> Rc<Pairs> {
        fields.into_inner::<Self>().pairs.into_inner()
    }

    fn check(&self, name: &str, values: &[Vec<u8>]) -> Result<(), HeaderError> {
        check(name, values)?;
        if self.immutable {
            return Err(HeaderError::Immutable);
        }
        Ok(())
    }

    fn change<T>(&self, by: impl FnOnce(&mut Pairs) -> T) -> T {
        by(Rc::make_mut(&mut self.pairs.borrow_mut()))
    }
}

fn check(name: &str, values: &[Vec<u8>]) -> Result<(), HeaderError> {
    if !name_is_valid(name) || !values.iter().all(|value| value_is_valid(value)) {
        return Err(HeaderError::InvalidSyntax);
    }
    if is_forbidden(name) {
        return Err(HeaderError::Forbidden);
    }
    Ok(())
}

fn is(name: &str) -> impl Fn(&(String, Vec<u8>)) -> bool + '_ {
    move |(other, _)| other.eq_ignore_ascii_case(name)
}

impl GuestFields for Held {
    fn new() -> Self {
        Self { pairs: RefCell::default(), immutable: false }
    }

    fn from_list(entries: Pairs) -> Result<Fields, HeaderError> {
        for (name, value) in &entries {
            check(name, std::slice::from_ref(value))?;
        }
        Ok(Self::own(entries.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()))
    }

    fn get(&self, name: String) -> Vec<Vec<u8>> {
        let is = is(&name);
        self.pairs.borrow().iter().filter(|pair| is(pair)).map(|(_, value)| value.clone()).collect()
    }

    fn has(&self, name: String) -> bool {
        self.pairs.borrow().iter().any(is(&name))
    }

    fn set(&self, name: String, values: Vec<Vec<u8>>) -> Result<(), HeaderError> {
        self.check(&name, &values)?;
        let name = name.to_ascii_lowercase();
        self.change(|pairs| {
            let is = is(&name);
            pairs.retain(|pair| !is(pair));
            pairs.extend(values.into_iter().map(|value| (name.clone(), value)));
        });
        Ok(())
    }

    fn delete(&self, name: String) -> Result<(), HeaderError> {
        self.get_and_delete(name).map(drop)
    }

    fn get_and_delete(&self, name: String) -> Result<Vec<Vec<u8>>, HeaderError> {
        self.check(&name, &[])?;
        let values = self.get(name.clone());
        self.change(|pairs| {
            let is = is(&name);
            pairs.retain(|pair| !is(pair));
        });
        Ok(values)
    }

    fn append(&self, name: String, value: Vec<u8>) -> Result<(), HeaderError> {
        self.check(&name, std::slice::from_ref(&value))?;
        self.change(|pairs| pairs.push((name.to_ascii_lowercase(), value)));
        Ok(())
    }

    fn copy_all(&self) -> Pairs {
        self.pairs.borrow().to_vec()
    }

    fn clone(&self) -> Fields {
        Self::own(self.pairs.borrow().to_vec())
    }
}
