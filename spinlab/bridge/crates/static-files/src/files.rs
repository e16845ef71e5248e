//! The mounted files.

use crate::bindings::filesystem::preopens;
use crate::bindings::filesystem::types::{Descriptor, DescriptorFlags, DescriptorType, OpenFlags, PathFlags};
use crate::bindings::io::streams::{InputStream, StreamError};
use crate::content;

/// Bytes of a file that is read at once, and whose tag is made of its content.
const SMALL: u64 = 256 * 1024;

pub struct Files {
    root: Descriptor,
}

/// What a path leads to.
pub enum Entry {
    File(File),
    Folder,
}

pub struct File {
    pub size: u64,
    pub content_type: &'static str,
    descriptor: Descriptor,
    whole: Option<Vec<u8>>,
    modified: u64,
}

impl Files {
    /// The folder that is mounted at `/`, or else the first one.
    pub fn mounted() -> Option<Self> {
        let mut folders = preopens::get_directories();
        let at = folders.iter().position(|(_, path)| path == "/").unwrap_or(0);
        (at < folders.len()).then(|| Self { root: folders.swap_remove(at).0 })
    }

    pub fn entry(&self, path: &str) -> Option<Entry> {
        if path.is_empty() {
            return Some(Entry::Folder);
        }
        let found =
            self.root.open_at(PathFlags::SYMLINK_FOLLOW, path, OpenFlags::empty(), DescriptorFlags::READ).ok()?;
        let facts = found.stat().ok()?;
        match facts.type_ {
            DescriptorType::Directory => Some(Entry::Folder),
            DescriptorType::RegularFile => {
                let modified = facts.data_modification_timestamp;
                let modified = modified.map_or(0, |at| at.seconds ^ u64::from(at.nanoseconds) << 32);
                File::of(found, path, facts.size, modified).map(Entry::File)
            }
            _ => None,
        }
    }

    pub fn file(&self, path: &str) -> Option<File> {
        match self.entry(path) {
            Some(Entry::File(file)) => Some(file),
            _ => None,
        }
    }
}

impl File {
    fn of(descriptor: Descriptor, path: &str, size: u64, modified: u64) -> Option<Self> {
        let mut file = Self { size, content_type: content::type_of(path), descriptor, whole: None, modified };
        if size <= SMALL {
            let mut whole = Vec::new();
            let mut rest = file.stream(0, size)?;
            while let Some(piece) = rest.next().ok()? {
                whole.extend(piece);
            }
            file.size = whole.len() as u64;
            file.whole = Some(whole);
        }
        Some(file)
    }

    /// What changes with the content, in quotes.
    pub fn tag(&self) -> String {
        match &self.whole {
            Some(whole) => format!("\"{:x}-{:x}\"", content::digest(whole), whole.len()),
            None => format!("\"{:x}-{:x}\"", self.modified, self.size),
        }
    }

    /// `length` bytes from `first` on, if they were read already.
    pub fn bytes(&self, first: u64, length: u64) -> Option<&[u8]> {
        let first = usize::try_from(first).ok()?;
        self.whole.as_ref()?.get(first..first + usize::try_from(length).ok()?)
    }

    /// The same, piece by piece.
    pub fn stream(&self, first: u64, length: u64) -> Option<Pieces> {
        Some(Pieces { stream: self.descriptor.read_via_stream(first).ok()?, left: length })
    }
}

/// Pieces of a file.
pub struct Pieces {
    stream: InputStream,
    left: u64,
}

impl Pieces {
    /// The next piece, `None` at the end, or an error when the file could not be read.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, ()> {
        while self.left > 0 {
            match self.stream.blocking_read(self.left.min(64 * 1024)) {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => {
                    self.left -= piece.len() as u64;
                    return Ok(Some(piece));
                }
                Err(StreamError::Closed) => return Ok(None),
                Err(StreamError::LastOperationFailed(_)) => return Err(()),
            }
        }
        Ok(None)
    }
}

/// The path of a name in a folder.
pub fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
