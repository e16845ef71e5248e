//! Files and directories as the host numbers them.

use crate::bindings::exports::wasi::clocks0_3_0::system_clock::Instant;
use crate::bindings::exports::wasi::filesystem0_3_0::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use crate::effects::{perform, Answer, DONE};
use flat::files::{Facts, Kind, Opened};

/// An open file or directory. `changes` says whether the tree that it is in may be changed; `writes` of a directory, that
/// it is the one that the guest was given.
#[derive(Clone)]
pub struct Node {
    pub number: u64,
    pub folder: bool,
    pub changes: bool,
    pub reads: bool,
    pub writes: bool,
}

/// The error code that the host names.
pub fn checked(answer: Answer) -> Result<Answer, ErrorCode> {
    if answer.status == DONE {
        return Ok(answer);
    }
    Err(match answer.head.as_str() {
        "bad-descriptor" => ErrorCode::BadDescriptor,
        "busy" => ErrorCode::Busy,
        "exist" => ErrorCode::Exist,
        "file-too-large" => ErrorCode::FileTooLarge,
        "insufficient-space" => ErrorCode::InsufficientSpace,
        "invalid" => ErrorCode::Invalid,
        "io" => ErrorCode::Io,
        "is-directory" => ErrorCode::IsDirectory,
        "loop" => ErrorCode::Loop,
        "name-too-long" => ErrorCode::NameTooLong,
        "no-entry" => ErrorCode::NoEntry,
        "not-directory" => ErrorCode::NotDirectory,
        "not-empty" => ErrorCode::NotEmpty,
        "not-permitted" => ErrorCode::NotPermitted,
        "unsupported" => ErrorCode::Unsupported,
        _ => ErrorCode::Other(Some(answer.head)),
    })
}

pub async fn ask(op: &str, args: &str) -> Result<Answer, ErrorCode> {
    checked(perform(op, args, "").await)
}

/// Ask for a change that needs nothing but to be done.
pub async fn change(op: &str, args: &str, data: &str) -> Result<(), ErrorCode> {
    checked(perform(op, args, &flat::data::text(data)).await).map(|_| ())
}

pub async fn facts(op: &str, args: &str) -> Result<Facts, ErrorCode> {
    Facts::parse(&ask(op, args).await?.head).ok_or(ErrorCode::Io)
}

impl Node {
    pub fn new(opened: &Opened, open: OpenFlags, mode: DescriptorFlags) -> Self {
        // What is made or emptied is open for writing too.
        let makes = open.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
        let writes = !opened.folder && (makes || mode.contains(DescriptorFlags::WRITE));
        Self {
            number: opened.number,
            folder: opened.folder,
            changes: opened.changes,
            reads: mode.contains(DescriptorFlags::READ) || !writes,
            writes,
        }
    }

    /// Its number, as long as it is a folder.
    pub fn base(&self) -> Result<u64, ErrorCode> {
        if self.folder {
            Ok(self.number)
        } else {
            Err(ErrorCode::NotDirectory)
        }
    }

    /// Whether it may be written.
    pub fn writable(&self) -> Result<(), ErrorCode> {
        match self {
            Self { folder: true, .. } => Err(ErrorCode::BadDescriptor),
            Self { changes: false, .. } => Err(ErrorCode::NotPermitted),
            Self { writes: false, .. } => Err(ErrorCode::BadDescriptor),
            _ => Ok(()),
        }
    }

    pub fn flags(&self) -> DescriptorFlags {
        let mut flags = DescriptorFlags::empty();
        flags.set(DescriptorFlags::READ, self.reads);
        flags.set(DescriptorFlags::WRITE, self.writes && !self.folder);
        flags.set(DescriptorFlags::MUTATE_DIRECTORY, self.writes && self.folder);
        flags
    }

    pub async fn facts_at(&self, flags: PathFlags, path: &str) -> Result<Facts, ErrorCode> {
        facts("fs-stat-at", &format!("{}\n{}\n{path}", self.base()?, follow(flags))).await
    }
}

pub fn follow(flags: PathFlags) -> &'static str {
    if flags.contains(PathFlags::SYMLINK_FOLLOW) {
        "f"
    } else {
        ""
    }
}

/// The letters that stand for the ways to open something.
pub fn letters(flags: PathFlags, open: OpenFlags, mode: DescriptorFlags) -> String {
    let mut letters = follow(flags).to_owned();
    let synchronous = DescriptorFlags::FILE_INTEGRITY_SYNC
        | DescriptorFlags::DATA_INTEGRITY_SYNC
        | DescriptorFlags::REQUESTED_WRITE_SYNC;
    for (set, letter) in [
        (open.contains(OpenFlags::CREATE), 'c'),
        (open.contains(OpenFlags::EXCLUSIVE), 'x'),
        (open.contains(OpenFlags::TRUNCATE), 't'),
        (open.contains(OpenFlags::DIRECTORY), 'd'),
        (mode.contains(DescriptorFlags::WRITE), 'w'),
        (mode.intersects(synchronous), 's'),
    ] {
        if set {
            letters.push(letter);
        }
    }
    letters
}

pub fn kind(kind: Kind) -> DescriptorType {
    match kind {
        Kind::Folder => DescriptorType::Directory,
        Kind::File => DescriptorType::RegularFile,
        Kind::Link => DescriptorType::SymbolicLink,
    }
}

pub fn stat(facts: &Facts) -> DescriptorStat {
    let time = |nanoseconds| {
        let (seconds, nanoseconds) = flat::files::instant(nanoseconds);
        Some(Instant { seconds, nanoseconds })
    };
    DescriptorStat {
        type_: kind(facts.kind),
        link_count: facts.links,
        size: facts.size,
        data_access_timestamp: time(facts.accessed),
        data_modification_timestamp: time(facts.modified),
        status_change_timestamp: time(facts.changed),
    }
}

pub fn timestamp(time: NewTimestamp) -> Result<String, ErrorCode> {
    Ok(match time {
        NewTimestamp::NoChange => "-".into(),
        NewTimestamp::Now => "now".into(),
        NewTimestamp::Timestamp(time) if time.nanoseconds >= 1_000_000_000 => return Err(ErrorCode::Invalid),
        NewTimestamp::Timestamp(time) => {
            (i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)).to_string()
        }
    })
}

pub fn hash(number: u64) -> MetadataHashValue {
    let (lower, upper) = flat::files::hash(number);
    MetadataHashValue { lower, upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_written_depends_on_the_tree_first() {
        let node = |folder, changes, writes| Node { number: 1, folder, changes, reads: true, writes };
        assert!(matches!(node(true, true, false).writable(), Err(ErrorCode::BadDescriptor)));
        assert!(matches!(node(false, false, true).writable(), Err(ErrorCode::NotPermitted)));
        assert!(matches!(node(false, true, false).writable(), Err(ErrorCode::BadDescriptor)));
        assert!(node(false, true, true).writable().is_ok());
        assert!(matches!(node(false, true, true).base(), Err(ErrorCode::NotDirectory)));
    }

    #[test]
    fn ways_to_open_are_letters() {
        let open = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        assert_eq!(letters(PathFlags::SYMLINK_FOLLOW, open, DescriptorFlags::WRITE), "fcxw");
        assert_eq!(letters(PathFlags::empty(), OpenFlags::empty(), DescriptorFlags::READ), "");
    }
}
