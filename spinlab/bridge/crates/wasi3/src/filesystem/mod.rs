//! `wasi:filesystem`: the host's read-only files.

mod node;

use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::wasi::filesystem0_3_0::{preopens, types};
use crate::bindings::{wit_future, wit_stream};
use crate::effects::{later, perform, perform_blocking};
use crate::streams::Promise;
use crate::Provider;

use node::{checked, hash, kind, stat, Node};
use types::{
    Advice, Descriptor, DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    Filesize, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};

/// What is read from the host at once.
const PIECE: u64 = 256 * 1024;

impl types::Guest for Provider {
    type Descriptor = Node;
}

impl preopens::Guest for Provider {
    fn get_directories() -> Vec<(Descriptor, String)> {
        let paths = perform_blocking("fs-preopens", "").head;
        let open = |path: &str| (Descriptor::new(Node::directory(path)), path.to_owned());
        paths.split('\n').filter(|path| !path.is_empty()).map(open).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_line_by_line() {
        let found = entries("d lib\nf a b.txt\n");
        assert_eq!(found.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["lib", "a b.txt"]);
        assert!(matches!(found[0].type_, DescriptorType::Directory));
    }
}
