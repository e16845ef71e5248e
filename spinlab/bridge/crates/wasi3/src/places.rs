//! A few values, each in its place, named by a number that is not used again soon.

pub struct Places<T> {
    taken: Vec<(u32, T)>,
    last: u32,
}

impl<T> Places<T> {
    pub const fn new() -> Self {
        Self { taken: Vec::new(), last: 0 }
    }

    /// Put `value` in and answer its number.
    pub fn add(&mut self, value: T) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.taken.push((self.last, value));
        self.last
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.taken.iter_mut().find(|(own, _)| *own == number).map(|(_, value)| value)
    }

    pub fn remove(&mut self, number: u32) -> Option<T> {
        let index = self.taken.iter().position(|(own, _)| *own == number)?;
        Some(self.taken.remove(index).1)
    }

    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.taken.iter().map(|(_, value)| value)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.taken.iter_mut().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_one_value_only() {
        let mut places = Places::new();
        let (first, second) = (places.add('a'), places.add('b'));
        assert_eq!(places.remove(first), Some('a'));
        assert_eq!(places.remove(first), None);
        let third = places.add('c');
        assert!(third != first && third != second);
        assert_eq!(places.get_mut(second).copied(), Some('b'));
        assert_eq!(places.iter().collect::<String>(), "bc");
    }
}
