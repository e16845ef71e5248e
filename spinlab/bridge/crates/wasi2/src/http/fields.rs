//! `fields`: a list that several resources share until one of them changes it.

use crate::bindings::http::types::{Fields, GuestFields, HeaderError};
use flat::fields::{add, is_forbidden, name_is_valid, value_is_valid};
use std::cell::RefCell;
use std::rc::Rc;

type List = flat::fields::Fields;

pub struct TheFields {
    entries: RefCell<Rc<List>>,
    immutable: bool,
}

impl TheFields {
    /// A resource that shows `entries` and can't change them.
    pub fn shown(entries: &Rc<List>) -> Fields {
        Fields::new(Self { entries: RefCell::new(entries.clone()), immutable: true })
    }

    /// The list of a resource that was handed over.
    pub fn list(fields: Fields) -> Rc<List> {
        fields.into_inner::<Self>().entries.into_inner()
    }

    fn changeable(&self, name: &str, values: &[Vec<u8>]) -> Result<String, HeaderError> {
        if !name_is_valid(name) {
            return Err(HeaderError::InvalidSyntax);
        }
        if is_forbidden(name) {
            return Err(HeaderError::Forbidden);
        }
        if !values.iter().all(|value| value_is_valid(value)) {
            return Err(HeaderError::InvalidSyntax);
        }
        if self.immutable {
            return Err(HeaderError::Immutable);
        }
        // wasmtime's fields are a map of lower-case names, which guests see when they list them.
        Ok(name.to_ascii_lowercase())
    }

    fn change(&self, action: impl FnOnce(&mut List)) {
        action(Rc::make_mut(&mut self.entries.borrow_mut()));
    }
}

impl GuestFields for TheFields {
    fn new() -> Self {
        Self { entries: RefCell::default(), immutable: false }
    }

    fn from_list(entries: Vec<(String, Vec<u8>)>) -> Result<Fields, HeaderError> {
        let fields = Self::new();
        for (name, value) in entries {
            fields.append(name, value)?;
        }
        Ok(Fields::new(fields))
    }

    fn get(&self, name: String) -> Vec<Vec<u8>> {
        let entries = self.entries.borrow();
        entries.iter().filter(|(n, _)| n.eq_ignore_ascii_case(&name)).map(|(_, value)| value.clone()).collect()
    }

    fn has(&self, name: String) -> bool {
        self.entries.borrow().iter().any(|(n, _)| n.eq_ignore_ascii_case(&name))
    }

    fn set(&self, name: String, values: Vec<Vec<u8>>) -> Result<(), HeaderError> {
        let name = self.changeable(&name, &values)?;
        self.change(|entries| {
            entries.retain(|(n, _)| *n != name);
            entries.extend(values.into_iter().map(|value| (name.clone(), value)));
        });
        Ok(())
    }

    fn delete(&self, name: String) -> Result<(), HeaderError> {
        let name = self.changeable(&name, &[])?;
        self.change(|entries| entries.retain(|(n, _)| *n != name));
        Ok(())
    }

    fn append(&self, name: String, value: Vec<u8>) -> Result<(), HeaderError> {
        let name = self.changeable(&name, std::slice::from_ref(&value))?;
        self.change(|entries| add(entries, name, value));
        Ok(())
    }

    fn entries(&self) -> Vec<(String, Vec<u8>)> {
        self.entries.borrow().to_vec()
    }

    fn clone(&self) -> Fields {
        Fields::new(Self { entries: RefCell::new(self.entries.borrow().clone()), immutable: false })
    }
}
