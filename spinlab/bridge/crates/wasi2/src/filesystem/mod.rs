//! `wasi:filesystem`: the files that the host mounts. Errors are those of wasmtime's directories.

mod file;

use crate::bindings::clocks::wall_clock::Datetime;
use crate::bindings::filesystem::preopens;
use crate::bindings::filesystem::types::{
    Advice, Descriptor, DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Guest, GuestDescriptor, GuestDirectoryEntryStream, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use crate::bindings::io::error::ErrorBorrow;
use crate::bindings::io::streams::{InputStream, OutputStream};
use crate::effect::{call, Effect, Failure};
use crate::io::error::IoError;
use crate::io::streams::{Input, Output};
use crate::Provider;
use file::File;
pub use file::{FileSink, FileStream};
use flat::files::{Facts, Kind};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

type Answer<T> = Result<T, ErrorCode>;

fn error(failure: Failure) -> ErrorCode {
    match failure.name.as_str() {
        "bad-descriptor" => ErrorCode::BadDescriptor,
        "busy" => ErrorCode::Busy,
        "exist" => ErrorCode::Exist,
        "file-too-large" => ErrorCode::FileTooLarge,
        "insufficient-space" => ErrorCode::InsufficientSpace,
        "invalid" => ErrorCode::Invalid,
        "is-directory" => ErrorCode::IsDirectory,
        "loop" => ErrorCode::Loop,
        "name-too-long" => ErrorCode::NameTooLong,
        "no-entry" => ErrorCode::NoEntry,
        "not-directory" => ErrorCode::NotDirectory,
        "not-empty" => ErrorCode::NotEmpty,
        "not-permitted" => ErrorCode::NotPermitted,
        "unsupported" => ErrorCode::Unsupported,
        _ => ErrorCode::Io,
    }
}

fn ask(op: &str, args: &str) -> Answer<(String, Vec<u8>)> {
    call(op, args).map_err(error)
}

/// Ask for a change that needs nothing but to be done.
fn change(op: &str, args: &str, data: &str) -> Answer<()> {
    Effect::start(op, args, data.as_bytes()).finish().map(|_| ()).map_err(error)
}

enum What {
    Folder { number: u64, root: bool },
    File { file: Rc<File>, reads: bool, writes: bool },
}

pub struct Opened(What);

impl Opened {
    fn new(opened: &flat::files::Opened, open: OpenFlags, mode: DescriptorFlags) -> Self {
        Self(if opened.folder {
            What::Folder { number: opened.number, root: false }
        } else {
            // What is made or emptied is open for writing too.
            let writes =
                mode.contains(DescriptorFlags::WRITE) || open.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
            What::File { file: File::new(opened), reads: mode.contains(DescriptorFlags::READ) || !writes, writes }
        })
    }

    fn number(&self) -> u64 {
        match &self.0 {
            What::Folder { number, .. } => *number,
            What::File { file, .. } => file.number,
        }
    }

    fn folder(&self) -> Answer<u64> {
        match &self.0 {
            What::Folder { number, .. } => Ok(*number),
            What::File { .. } => Err(ErrorCode::NotDirectory),
        }
    }

    fn readable(&self) -> Answer<&Rc<File>> {
        match &self.0 {
            What::File { file, reads: true, .. } => Ok(file),
            _ => Err(ErrorCode::BadDescriptor),
        }
    }

    /// As a stream, where wasmtime tells a directory by its own code.
    fn streamed(&self) -> Answer<&Rc<File>> {
        match &self.0 {
            What::Folder { .. } => Err(ErrorCode::IsDirectory),
            What::File { .. } => self.readable(),
        }
    }

    fn writable(&self) -> Answer<&Rc<File>> {
        match &self.0 {
            What::File { file, .. } if !file.changes => Err(ErrorCode::NotPermitted),
            What::File { file, writes: true, .. } => Ok(file),
            _ => Err(ErrorCode::BadDescriptor),
        }
    }

    fn facts_at(&self, flags: PathFlags, path: &str) -> Answer<Facts> {
        facts("fs-stat-at", &format!("{}\n{}\n{path}", self.folder()?, follow(flags)))
    }
}

fn facts(op: &str, args: &str) -> Answer<Facts> {
    Facts::parse(&ask(op, args)?.0).ok_or(ErrorCode::Io)
}

fn follow(flags: PathFlags) -> &'static str {
    if flags.contains(PathFlags::SYMLINK_FOLLOW) {
        "f"
    } else {
        ""
    }
}

/// The letters that stand for the ways to open something.
fn letters(flags: PathFlags, open: OpenFlags, mode: DescriptorFlags) -> String {
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

fn descriptor_type(kind: Kind) -> DescriptorType {
    match kind {
        Kind::Folder => DescriptorType::Directory,
        Kind::File => DescriptorType::RegularFile,
        Kind::Link => DescriptorType::SymbolicLink,
    }
}

fn stat(facts: &Facts) -> DescriptorStat {
    let time = |nanoseconds| {
        let (seconds, nanoseconds) = flat::files::instant(nanoseconds);
        u64::try_from(seconds).ok().map(|seconds| Datetime { seconds, nanoseconds })
    };
    DescriptorStat {
        type_: descriptor_type(facts.kind),
        link_count: facts.links,
        size: facts.size,
        data_access_timestamp: time(facts.accessed),
        data_modification_timestamp: time(facts.modified),
        status_change_timestamp: time(facts.changed),
    }
}

fn timestamp(time: NewTimestamp) -> Answer<String> {
    Ok(match time {
        NewTimestamp::NoChange => "-".into(),
        NewTimestamp::Now => "now".into(),
        NewTimestamp::Timestamp(time) if time.nanoseconds >= 1_000_000_000 => return Err(ErrorCode::Invalid),
        NewTimestamp::Timestamp(time) => {
            (u128::from(time.seconds) * 1_000_000_000 + u128::from(time.nanoseconds)).to_string()
        }
    })
}

fn hash(number: u64) -> MetadataHashValue {
    let (lower, upper) = flat::files::hash(number);
    MetadataHashValue { lower, upper }
}

impl GuestDescriptor for Opened {
    fn read_via_stream(&self, offset: u64) -> Answer<InputStream> {
        Ok(Input::File(FileStream::new(self.streamed()?, offset)).into_handle())
    }

    fn write_via_stream(&self, offset: u64) -> Answer<OutputStream> {
        Ok(Output::File(FileSink::new(self.writable()?, Some(offset))).into_handle())
    }

    fn append_via_stream(&self) -> Answer<OutputStream> {
        Ok(Output::File(FileSink::new(self.writable()?, None)).into_handle())
    }

    fn advise(&self, _offset: u64, _length: u64, _advice: Advice) -> Answer<()> {
        match self.0 {
            What::File { .. } => Ok(()),
            What::Folder { .. } => Err(ErrorCode::BadDescriptor),
        }
    }

    fn sync_data(&self) -> Answer<()> {
        Ok(())
    }

    fn get_flags(&self) -> Answer<DescriptorFlags> {
        let (reads, writes) = match &self.0 {
            What::Folder { root: true, .. } => return Ok(DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY),
            What::Folder { .. } => (true, false),
            What::File { reads, writes, .. } => (*reads, *writes),
        };
        let mut flags = DescriptorFlags::empty();
        flags.set(DescriptorFlags::READ, reads);
        flags.set(DescriptorFlags::WRITE, writes);
        Ok(flags)
    }

    fn get_type(&self) -> Answer<DescriptorType> {
        Ok(match self.0 {
            What::Folder { .. } => DescriptorType::Directory,
            What::File { .. } => DescriptorType::RegularFile,
        })
    }

    fn set_size(&self, size: u64) -> Answer<()> {
        change("fs-resize", &format!("{}\n{size}", self.writable()?.number), "")
    }

    fn set_times(&self, access: NewTimestamp, modification: NewTimestamp) -> Answer<()> {
        change("fs-times", &format!("{}\n{}\n{}", self.number(), timestamp(access)?, timestamp(modification)?), "")
    }

    fn read(&self, length: u64, offset: u64) -> Answer<(Vec<u8>, bool)> {
        let bytes = self.readable()?.read(offset, usize::try_from(length).unwrap_or(usize::MAX))?;
        let end = bytes.is_empty();
        Ok((bytes, end))
    }

    fn write(&self, buffer: Vec<u8>, offset: u64) -> Answer<u64> {
        self.writable()?.write(Some(offset), &buffer)
    }

    fn read_directory(&self) -> Answer<DirectoryEntryStream> {
        let (list, _) = ask("fs-list", &self.folder()?.to_string())?;
        let entry = |(kind, name): (Kind, &str)| DirectoryEntry { type_: descriptor_type(kind), name: name.to_owned() };
        Ok(DirectoryEntryStream::new(Entries(RefCell::new(flat::files::entries(&list).map(entry).collect()))))
    }

    fn sync(&self) -> Answer<()> {
        Ok(())
    }

    fn create_directory_at(&self, path: String) -> Answer<()> {
        change("fs-mkdir", &format!("{}\n{path}", self.folder()?), "")
    }

    fn stat(&self) -> Answer<DescriptorStat> {
        Ok(stat(&facts("fs-stat", &self.number().to_string())?))
    }

    fn stat_at(&self, flags: PathFlags, path: String) -> Answer<DescriptorStat> {
        Ok(stat(&self.facts_at(flags, &path)?))
    }

    fn set_times_at(
        &self,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Answer<()> {
        let times = format!("{}\n{}", timestamp(access)?, timestamp(modification)?);
        change("fs-times-at", &format!("{}\n{}\n{times}\n{path}", self.folder()?, follow(flags)), "")
    }

    fn link_at(&self, flags: PathFlags, old: String, other: DescriptorBorrow<'_>, new: String) -> Answer<()> {
        let to = other.get::<Self>().folder()?;
        change("fs-link", &format!("{}\n{}\n{to}\n{old}", self.folder()?, follow(flags)), &new)
    }

    fn open_at(&self, flags: PathFlags, path: String, open: OpenFlags, mode: DescriptorFlags) -> Answer<Descriptor> {
        let args = format!("{}\n{}\n{path}", self.folder()?, letters(flags, open, mode));
        let opened = flat::files::Opened::parse(&ask("fs-open", &args)?.0).ok_or(ErrorCode::Io)?;
        Ok(Descriptor::new(Self::new(&opened, open, mode)))
    }

    fn readlink_at(&self, path: String) -> Answer<String> {
        Ok(ask("fs-readlink", &format!("{}\n{path}", self.folder()?))?.0)
    }

    fn remove_directory_at(&self, path: String) -> Answer<()> {
        change("fs-rmdir", &format!("{}\n{path}", self.folder()?), "")
    }

    fn rename_at(&self, old: String, other: DescriptorBorrow<'_>, new: String) -> Answer<()> {
        let to = other.get::<Self>().folder()?;
        change("fs-rename", &format!("{}\n{to}\n{old}", self.folder()?), &new)
    }

    fn symlink_at(&self, old: String, new: String) -> Answer<()> {
        change("fs-symlink", &format!("{}\n{new}", self.folder()?), &old)
    }

    fn unlink_file_at(&self, path: String) -> Answer<()> {
        change("fs-unlink", &format!("{}\n{path}", self.folder()?), "")
    }

    fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        self.number() == other.get::<Self>().number()
    }

    fn metadata_hash(&self) -> Answer<MetadataHashValue> {
        Ok(hash(self.number()))
    }

    fn metadata_hash_at(&self, flags: PathFlags, path: String) -> Answer<MetadataHashValue> {
        Ok(hash(self.facts_at(flags, &path)?.number))
    }
}

pub struct Entries(RefCell<VecDeque<DirectoryEntry>>);

impl GuestDirectoryEntryStream for Entries {
    fn read_directory_entry(&self) -> Answer<Option<DirectoryEntry>> {
        Ok(self.0.borrow_mut().pop_front())
    }
}

impl Guest for Provider {
    type Descriptor = Opened;
    type DirectoryEntryStream = Entries;

    fn filesystem_error_code(err: ErrorBorrow<'_>) -> Option<ErrorCode> {
        err.get::<IoError>().file()
    }
}

impl preopens::Guest for Provider {
    fn get_directories() -> Vec<(Descriptor, String)> {
        let Ok((line, _)) = call("fs-preopens", "") else {
            return Vec::new();
        };
        let Some(opened) = flat::files::Opened::parse(&line) else {
            return Vec::new();
        };
        let path = line.rsplit(' ').next().unwrap_or("/").to_owned();
        let root = What::Folder { number: opened.number, root: opened.changes };
        vec![(Descriptor::new(Opened(root)), path)]
    }
}
