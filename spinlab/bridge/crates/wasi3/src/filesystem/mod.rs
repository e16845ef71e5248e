//! `wasi:filesystem`: the files that the host mounts. Errors are those of wasmtime's directories.

mod node;

use flat::files::Kind;
use wit_bindgen::{FutureReader, StreamReader, StreamWriter};

use crate::bindings::exports::wasi::filesystem0_3_0::{preopens, types};
use crate::bindings::{wit_future, wit_stream};
use crate::effects::{later, perform, perform_blocking};
use crate::streams::{is_wanted, Pieces, Promise};
use crate::Provider;

use node::{ask, change, checked, facts, follow, hash, kind, letters, stat, timestamp, Node};
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
        let line = perform_blocking("fs-preopens", "").head;
        let Some(opened) = flat::files::Opened::parse(&line) else {
            return Vec::new();
        };
        let path = line.rsplit(' ').next().unwrap_or("/").to_owned();
        let mut root = Node::new(&opened, OpenFlags::empty(), DescriptorFlags::READ);
        root.writes = root.changes;
        vec![(Descriptor::new(root), path)]
    }
}

type Outcome = Result<(), ErrorCode>;
type Finished = FutureReader<Outcome>;

/// A future that is already decided.
fn decided(outcome: Outcome) -> Finished {
    let (finished, reader) = promised();
    finished.keep(outcome);
    reader
}

fn promised() -> (Promise<Outcome>, Finished) {
    let (writer, reader) = wit_future::new(|| Ok(()));
    (Promise::new(writer, || Ok(())), reader)
}

/// Read a file into a stream, as its reader wants it.
async fn read(file: u64, mut offset: u64, mut to: StreamWriter<u8>) -> Outcome {
    while is_wanted(&mut to).await {
        let piece = flat::data::decode(ask("fs-read", &format!("{file}\n{offset}\n{PIECE}")).await?.data);
        if piece.is_empty() {
            return Ok(());
        }
        offset = offset.saturating_add(piece.len() as u64);
        if !to.write_all(piece).await.is_empty() {
            return Ok(());
        }
    }
    Ok(())
}

/// Write a stream into a file, from some place on or always behind its end.
async fn write(file: u64, mut offset: Option<u64>, from: StreamReader<u8>) -> Outcome {
    let mut pieces = Pieces::new(from);
    while let Some(piece) = pieces.next().await {
        let place = offset.map_or_else(|| "end".to_owned(), |offset| offset.to_string());
        checked(perform("fs-write", &format!("{file}\n{place}"), &flat::data::encode(&piece)).await)?;
        offset = offset.map(|offset| offset.saturating_add(piece.len() as u64));
    }
    Ok(())
}

impl Node {
    fn write_stream(&self, data: StreamReader<u8>, offset: Option<u64>) -> Finished {
        let (finished, reader) = promised();
        let (allowed, file) = (self.writable(), self.number);
        later(async move {
            let outcome = match allowed {
                Ok(()) => write(file, offset, data).await,
                Err(code) => {
                    drop(data);
                    Err(code)
                }
            };
            finished.keep(outcome);
        });
        reader
    }
}

fn entries(listing: &str) -> Vec<DirectoryEntry> {
    let entry = |(what, name): (Kind, &str)| DirectoryEntry { type_: kind(what), name: name.to_owned() };
    flat::files::entries(listing).map(entry).collect()
}

impl types::GuestDescriptor for Node {
    fn read_via_stream(&self, offset: Filesize) -> (StreamReader<u8>, Finished) {
        let (to, stream) = wit_stream::new();
        if self.folder {
            return (stream, decided(Err(ErrorCode::IsDirectory)));
        }
        if !self.reads {
            return (stream, decided(Err(ErrorCode::BadDescriptor)));
        }
        let (finished, reader) = promised();
        let file = self.number;
        later(async move {
            let outcome = read(file, offset, to).await;
            finished.keep(outcome);
        });
        (stream, reader)
    }

    fn write_via_stream(&self, data: StreamReader<u8>, offset: Filesize) -> Finished {
        self.write_stream(data, Some(offset))
    }

    fn append_via_stream(&self, data: StreamReader<u8>) -> Finished {
        self.write_stream(data, None)
    }

    async fn advise(&self, _: Filesize, _: Filesize, _: Advice) -> Outcome {
        if self.folder {
            return Err(ErrorCode::BadDescriptor);
        }
        Ok(())
    }

    async fn sync_data(&self) -> Outcome {
        Ok(())
    }

    async fn get_flags(&self) -> Result<DescriptorFlags, ErrorCode> {
        Ok(self.flags())
    }

    async fn get_type(&self) -> Result<DescriptorType, ErrorCode> {
        Ok(kind(if self.folder { Kind::Folder } else { Kind::File }))
    }

    async fn set_size(&self, size: Filesize) -> Outcome {
        self.writable()?;
        change("fs-resize", &format!("{}\n{size}", self.number), "").await
    }

    async fn set_times(&self, access: NewTimestamp, modification: NewTimestamp) -> Outcome {
        let args = format!("{}\n{}\n{}", self.number, timestamp(access)?, timestamp(modification)?);
        change("fs-times", &args, "").await
    }

    fn read_directory(&self) -> (StreamReader<DirectoryEntry>, Finished) {
        let (mut to, stream) = wit_stream::new();
        if !self.folder {
            return (stream, decided(Err(ErrorCode::NotDirectory)));
        }
        let (finished, reader) = promised();
        let folder = self.number;
        later(async move {
            let outcome = match ask("fs-list", &folder.to_string()).await {
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

    async fn sync(&self) -> Outcome {
        Ok(())
    }

    async fn create_directory_at(&self, path: String) -> Outcome {
        change("fs-mkdir", &format!("{}\n{path}", self.base()?), "").await
    }

    async fn stat(&self) -> Result<DescriptorStat, ErrorCode> {
        Ok(stat(&facts("fs-stat", &self.number.to_string()).await?))
    }

    async fn stat_at(&self, flags: PathFlags, path: String) -> Result<DescriptorStat, ErrorCode> {
        Ok(stat(&self.facts_at(flags, &path).await?))
    }

    async fn set_times_at(
        &self,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Outcome {
        let times = format!("{}\n{}", timestamp(access)?, timestamp(modification)?);
        change("fs-times-at", &format!("{}\n{}\n{times}\n{path}", self.base()?, follow(flags)), "").await
    }

    async fn link_at(&self, flags: PathFlags, old: String, other: DescriptorBorrow<'_>, new: String) -> Outcome {
        let to = other.get::<Self>().base()?;
        change("fs-link", &format!("{}\n{}\n{to}\n{old}", self.base()?, follow(flags)), &new).await
    }

    async fn open_at(
        &self,
        flags: PathFlags,
        path: String,
        open: OpenFlags,
        mode: DescriptorFlags,
    ) -> Result<Descriptor, ErrorCode> {
        let args = format!("{}\n{}\n{path}", self.base()?, letters(flags, open, mode));
        let opened = flat::files::Opened::parse(&ask("fs-open", &args).await?.head).ok_or(ErrorCode::Io)?;
        Ok(Descriptor::new(Self::new(&opened, open, mode)))
    }

    async fn readlink_at(&self, path: String) -> Result<String, ErrorCode> {
        Ok(ask("fs-readlink", &format!("{}\n{path}", self.base()?)).await?.head)
    }

    async fn remove_directory_at(&self, path: String) -> Outcome {
        change("fs-rmdir", &format!("{}\n{path}", self.base()?), "").await
    }

    async fn rename_at(&self, old: String, other: DescriptorBorrow<'_>, new: String) -> Outcome {
        let to = other.get::<Self>().base()?;
        change("fs-rename", &format!("{}\n{to}\n{old}", self.base()?), &new).await
    }

    async fn symlink_at(&self, old: String, new: String) -> Outcome {
        change("fs-symlink", &format!("{}\n{new}", self.base()?), &old).await
    }

    async fn unlink_file_at(&self, path: String) -> Outcome {
        change("fs-unlink", &format!("{}\n{path}", self.base()?), "").await
    }

    async fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        self.number == other.get::<Self>().number
    }

    async fn metadata_hash(&self) -> Result<MetadataHashValue, ErrorCode> {
        Ok(hash(self.number))
    }

    async fn metadata_hash_at(&self, flags: PathFlags, path: String) -> Result<MetadataHashValue, ErrorCode> {
        Ok(hash(self.facts_at(flags, &path).await?.number))
    }
}
