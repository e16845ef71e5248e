//! What the host says about files: one line for what was opened, one for what is known of it, names between NULs.

/// `KIND NUMBER SIZE r|w`: what was opened, and whether the tree that it is in may be changed.
#[derive(Debug, PartialEq)]
pub struct Opened {
    pub folder: bool,
    pub number: u64,
    pub size: u64,
    pub changes: bool,
}

impl Opened {
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let folder = words.next()? == "d";
        let number = words.next()?.parse().ok()?;
        let size = words.next()?.parse().ok()?;
        Some(Self { folder, number, size, changes: words.next()? == "w" })
    }
}

/// What kind of thing has a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Folder,
    File,
    Link,
}

impl Kind {
    fn parse(letter: &str) -> Self {
        match letter {
            "d" => Self::Folder,
            "l" => Self::Link,
            _ => Self::File,
        }
    }
}

/// `KIND NUMBER LINKS SIZE ACCESSED MODIFIED CHANGED`, times in nanoseconds since the epoch.
#[derive(Debug, PartialEq)]
pub struct Facts {
    pub kind: Kind,
    pub number: u64,
    pub links: u64,
    pub size: u64,
    pub accessed: i128,
    pub modified: i128,
    pub changed: i128,
}

impl Facts {
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        Some(Self {
            kind: Kind::parse(words.next()?),
            number: words.next()?.parse().ok()?,
            links: words.next()?.parse().ok()?,
            size: words.next()?.parse().ok()?,
            accessed: words.next()?.parse().ok()?,
            modified: words.next()?.parse().ok()?,
            changed: words.next()?.parse().ok()?,
        })
    }
}

/// What is in a folder: kind and name.
pub fn entries(list: &str) -> impl Iterator<Item = (Kind, &str)> {
    list.split('\0').filter_map(|entry| {
        let (letter, name) = entry.split_once(' ')?;
        Some((Kind::parse(letter), name))
    })
}

/// Seconds and nanoseconds of a time.
pub fn instant(nanoseconds: i128) -> (i64, u32) {
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
    (seconds, u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).unwrap_or_default())
}

/// Two numbers that stand for a node (FNV-1a with two different starts).
pub fn hash(number: u64) -> (u64, u64) {
    let fnv = |start: u64| {
        number.to_le_bytes().iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
    };
    (fnv(0xcbf2_9ce4_8422_2325), fnv(0x6c62_272e_07bb_0142))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_opened_is_read_from_its_line() {
        let opened = Opened { folder: false, number: 7, size: 12, changes: true };
        assert_eq!(Opened::parse("f 7 12 w"), Some(opened));
        assert_eq!(Opened::parse("d 1 0 r").map(|found| (found.folder, found.changes)), Some((true, false)));
        assert_eq!(Opened::parse(""), None);
    }

    #[test]
    fn facts_are_read_from_their_line() {
        let facts = Facts::parse("l 3 1 9 -5 1500000000 2").unwrap();
        assert_eq!((facts.kind, facts.links, facts.size), (Kind::Link, 1, 9));
        assert_eq!((instant(facts.accessed), instant(facts.modified)), ((-1, 999_999_995), (1, 500_000_000)));
    }

    #[test]
    fn names_may_hold_anything_but_nul() {
        let found: Vec<_> = entries("d lib\0f a b\n.txt").collect();
        assert_eq!(found, [(Kind::Folder, "lib"), (Kind::File, "a b\n.txt")]);
        assert_eq!(entries("").count(), 0);
    }
}
