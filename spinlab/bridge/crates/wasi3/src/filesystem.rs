//! `wasi:filesystem`: the host's read-only files.

use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::wasi::filesystem0_3_0::{preopens, types};
use crate::bindings::{wit_future, wit_stream};
use crate::effects::{later, perform, perform_blocking, Answer, DONE};
use crate::streams::Promise;
use crate::Provider;

use types::{
    Advice, Descriptor, DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    Filesize, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};

/// What is read from the host at once.
const PIECE: u64 = 256 * 1024;

/// An open file or directory: an absolute path of the host's mounts, without a slash at its end.
pub struct Node {
    path: String,
    directory: bool,
}

/// What the host knows about a path.
struct Stat {
    directory: bool,
    size: u64,
}

impl types::Guest for Provider {
    type Descriptor = Node;
}

impl preopens::Guest for Provider {
    fn get_directories() -> Vec<(Descriptor, String)> {
        let paths = perform_blocking("fs-preopens", "").head;
        let open = |path: &str| {
            let node = Node { path: path.trim_end_matches('/').to_owned(), directory: true };
            (Descriptor::new(node), path.to_owned())
        };
        paths.split('\n').filter(|path| !path.is_empty()).map(open).collect()
    }
}

fn checked(answer: Answer) -> Result<Answer, ErrorCode> {
    if answer.status == DONE {
        return Ok(answer);
    }
    Err(match answer.head.as_str() {
        "access" => ErrorCode::Access,
        "bad-descriptor" => ErrorCode::BadDescriptor,
        "invalid" => ErrorCode::Invalid,
        "io" => ErrorCode::Io,
        "is-directory" => ErrorCode::IsDirectory,
        "loop" => ErrorCode::Loop,
        "name-too-long" => ErrorCode::NameTooLong,
        "no-entry" => ErrorCode::NoEntry,
        "not-directory" => ErrorCode::NotDirectory,
        "not-permitted" => ErrorCode::NotPermitted,
        "unsupported" => ErrorCode::Unsupported,
        _ => ErrorCode::Other(Some(answer.head)),
    })
}

async fn stat(path: &str) -> Result<Stat, ErrorCode> {
    let answer = checked(perform("fs-stat", path, "").await)?;
    Ok(match answer.head.strip_prefix("f ") {
        Some(size) => Stat { directory: false, size: size.parse().unwrap_or_default() },
        None => Stat { directory: true, size: 0 },
    })
}

impl Stat {
    fn kind(&self) -> DescriptorType {
        kind(self.directory)
    }

    fn wit(&self) -> DescriptorStat {
        DescriptorStat {
            type_: self.kind(),
            link_count: 1,
            size: self.size,
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: None,
        }
    }
}

fn kind(directory: bool) -> DescriptorType {
    if directory {
        DescriptorType::Directory
    } else {
        DescriptorType::RegularFile
    }
}

impl Node {
    /// The host's path of `path`, which must stay below this directory.
    fn resolve(&self, path: &str) -> Result<String, ErrorCode> {
        if !self.directory {
            return Err(ErrorCode::NotDirectory);
        }
        if path.is_empty() {
            return Err(ErrorCode::NoEntry);
        }
        if path.starts_with('/') || path.contains(['\n', '\0']) {
            return Err(ErrorCode::NotPermitted);
        }
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return Err(ErrorCode::NotPermitted),
                ".." => {}
                name => parts.push(name),
            }
        }
        let below = parts.join("/");
        Ok(if below.is_empty() { self.path.clone() } else { format!("{}/{below}", self.path) })
    }

    /// This node as the host names it.
    fn name(&self) -> &str {
        if self.path.is_empty() {
            "/"
        } else {
            &self.path
        }
    }

    /// Nothing may be changed; but a wrong path says so first.
    fn refuse_change(&self, path: &str) -> Result<(), ErrorCode> {
        self.resolve(path)?;
        Err(ErrorCode::ReadOnly)
    }
}

/// Two numbers that name a path: FNV-1a with two different starts.
fn hash(path: &str) -> MetadataHashValue {
    let fnv =
        |start: u64| path.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    MetadataHashValue { lower: fnv(0xcbf2_9ce4_8422_2325), upper: fnv(0x6c62_272e_07bb_0142) }
}

type Finished = FutureReader<Result<(), ErrorCode>>;

/// A future that is already decided.
fn decided(outcome: Result<(), ErrorCode>) -> Finished {
    let (writer, reader) = wit_future::new(|| Ok(()));
    Promise::new(writer, || Ok(())).keep(outcome);
    reader
}

/// Read a file into a stream, as far as its reader wants it.
async fn read(path: String, mut offset: u64, mut to: wit_bindgen::StreamWriter<u8>) -> Result<(), ErrorCode> {
    loop {
        let answer = checked(perform("fs-read", &format!("{path}\n{offset}\n{PIECE}"), "").await)?;
        let piece = flat::data::decode(answer.data);
        if piece.is_empty() {
            return Ok(());
        }
        offset += piece.len() as u64;
        if !to.write_all(piece).await.is_empty() {
            return Ok(());
        }
    }
}

fn entries(listing: &str) -> Vec<DirectoryEntry> {
    let entry = |line: &str| {
        let (letter, name) = line.split_once(' ')?;
        Some(DirectoryEntry { type_: kind(letter == "d"), name: name.to_owned() })
    };
    listing.split('\n').filter_map(entry).collect()
}

impl types::GuestDescriptor for Node {
    fn read_via_stream(&self, offset: Filesize) -> (StreamReader<u8>, Finished) {
        let (to, stream) = wit_stream::new();
        if self.directory {
            return (stream, decided(Err(ErrorCode::IsDirectory)));
        }
        let (writer, reader) = wit_future::new(|| Ok(()));
        let finished = Promise::new(writer, || Ok(()));
        let path = self.path.clone();
        later(async move {
            let outcome = read(path, offset, to).await;
            finished.keep(outcome);
        });
        (stream, reader)
    }

    fn write_via_stream(&self, _: StreamReader<u8>, _: Filesize) -> Finished {
        decided(Err(ErrorCode::ReadOnly))
    }

    fn append_via_stream(&self, _: StreamReader<u8>) -> Finished {
        decided(Err(ErrorCode::ReadOnly))
    }

    async fn advise(&self, _: Filesize, _: Filesize, _: Advice) -> Result<(), ErrorCode> {
        Ok(())
    }

    async fn sync_data(&self) -> Result<(), ErrorCode> {
        Ok(())
    }

    async fn get_flags(&self) -> Result<DescriptorFlags, ErrorCode> {
        Ok(DescriptorFlags::READ)
    }

    async fn get_type(&self) -> Result<DescriptorType, ErrorCode> {
        Ok(kind(self.directory))
    }

    async fn set_size(&self, _: Filesize) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    async fn set_times(&self, _: NewTimestamp, _: NewTimestamp) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn read_directory(&self) -> (StreamReader<DirectoryEntry>, Finished) {
        let (mut to, stream) = wit_stream::new();
        if !self.directory {
            return (stream, decided(Err(ErrorCode::NotDirectory)));
        }
        let (writer, reader) = wit_future::new(|| Ok(()));
        let finished = Promise::new(writer, || Ok(()));
        let path = self.name().to_owned();
        later(async move {
            let listing = checked(perform("fs-list", &path, "").await);
            let outcome = match listing {
                Ok(answer) => {
                    to.write_all(entries(&answer.head)).await;
                    Ok(())
                }
                Err(code) => Err(code),
            };
            drop(to);
            finished.keep(outcome);
        });
        (stream, reader)
    }

    async fn sync(&self) -> Result<(), ErrorCode> {
        Ok(())
    }

    async fn create_directory_at(&self, path: String) -> Result<(), ErrorCode> {
        self.refuse_change(&path)
    }

    async fn stat(&self) -> Result<DescriptorStat, ErrorCode> {
        Ok(stat(self.name()).await?.wit())
    }

    async fn stat_at(&self, _: PathFlags, path: String) -> Result<DescriptorStat, ErrorCode> {
        Ok(stat(&self.resolve(&path)?).await?.wit())
    }

    async fn set_times_at(
        &self,
        _: PathFlags,
        path: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> Result<(), ErrorCode> {
        self.refuse_change(&path)
    }

    async fn link_at(&self, _: PathFlags, path: String, _: DescriptorBorrow<'_>, _: String) -> Result<(), ErrorCode> {
        self.refuse_change(&path)
    }

    async fn open_at(
        &self,
        _: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Descriptor, ErrorCode> {
        let path = self.resolve(&path)?;
        if flags.intersects(DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY) {
            return Err(ErrorCode::ReadOnly);
        }
        let found = match stat(&path).await {
            Ok(_) if open.contains(OpenFlags::CREATE | OpenFlags::EXCLUSIVE) => return Err(ErrorCode::Exist),
            Ok(found) => found,
            Err(ErrorCode::NoEntry) if open.contains(OpenFlags::CREATE) => return Err(ErrorCode::ReadOnly),
            Err(code) => return Err(code),
        };
        if open.contains(OpenFlags::TRUNCATE) {
            return Err(ErrorCode::ReadOnly);
        }
        if open.contains(OpenFlags::DIRECTORY) && !found.directory {
            return Err(ErrorCode::NotDirectory);
        }
        Ok(Descriptor::new(Node { path, directory: found.directory }))
    }

    async fn readlink_at(&self, path: String) -> Result<String, ErrorCode> {
        stat(&self.resolve(&path)?).await?;
        Err(ErrorCode::Invalid)
    }

    async fn remove_directory_at(&self, path: String) -> Result<(), ErrorCode> {
        self.refuse_change(&path)
    }

    async fn rename_at(&self, path: String, _: DescriptorBorrow<'_>, _: String) -> Result<(), ErrorCode> {
        self.refuse_change(&path)
    }

    async fn symlink_at(&self, _: String, path: String) -> Result<(), ErrorCode> {
        self.refuse_change(&path)
    }

    async fn unlink_file_at(&self, path: String) -> Result<(), ErrorCode> {
        self.refuse_change(&path)
    }

    async fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        self.path == other.get::<Node>().path
    }

    async fn metadata_hash(&self) -> Result<MetadataHashValue, ErrorCode> {
        Ok(hash(self.name()))
    }

    async fn metadata_hash_at(&self, _: PathFlags, path: String) -> Result<MetadataHashValue, ErrorCode> {
        let path = self.resolve(&path)?;
        stat(&path).await?;
        Ok(hash(&path))
    }
}
