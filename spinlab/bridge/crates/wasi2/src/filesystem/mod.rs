//! `wasi:filesystem`: the files that the host mounts, read-only. Errors are those of wasmtime's read-only directories.

mod file;

use crate::bindings::filesystem::preopens;
use crate::bindings::filesystem::types::{
    Advice, Descriptor, DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Guest, GuestDescriptor, GuestDirectoryEntryStream, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use crate::bindings::io::error::ErrorBorrow;
use crate::bindings::io::streams::{InputStream, OutputStream};
use crate::effect::call;
use crate::io::error::IoError;
use crate::io::streams::Input;
use crate::Provider;
pub use file::FileStream;
use file::{ask, File};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

type Answer<T> = Result<T, ErrorCode>;

enum Kind {
    Directory,
    File(Rc<File>),
}

pub struct Opened {
    path: String,
    kind: Kind,
}

/// The path of `relative` under `base`; wasmtime's directories can't be left.
fn join(base: &str, relative: &str) -> Answer<String> {
    if relative.is_empty() {
        return Err(ErrorCode::NoEntry);
    }
    // A path is one line when it crosses.
    if relative.contains(['\0', '\n']) {
        return Err(ErrorCode::Invalid);
    }
    if relative.starts_with('/') {
        return Err(ErrorCode::NotPermitted);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(ErrorCode::NotPermitted)?;
            }
            name => parts.push(name),
        }
    }
    Ok(if parts.is_empty() { base.to_owned() } else { format!("{}/{}", base.trim_end_matches('/'), parts.join("/")) })
}

impl Opened {
    fn open(path: String) -> Answer<Self> {
        let (what, _) = ask("fs-stat", &path)?;
        let kind = match what.strip_prefix("f ") {
            Some(size) => {
                let size = size.parse().map_err(|_| ErrorCode::Io)?;
                Kind::File(File::new(path.clone(), size))
            }
            None => Kind::Directory,
        };
        Ok(Self { path, kind })
    }

    fn at(&self, relative: &str) -> Answer<Self> {
        self.directory()?;
        let found = Self::open(join(&self.path, relative)?)?;
        if relative.ends_with('/') {
            found.directory()?;
        }
        Ok(found)
    }

    fn file(&self) -> Answer<&Rc<File>> {
        match &self.kind {
            Kind::File(file) => Ok(file),
            Kind::Directory => Err(ErrorCode::IsDirectory),
        }
    }

    fn directory(&self) -> Answer<()> {
        match &self.kind {
            Kind::Directory => Ok(()),
            Kind::File(_) => Err(ErrorCode::NotDirectory),
        }
    }

    fn size(&self) -> u64 {
        match &self.kind {
            Kind::File(file) => file.size,
            Kind::Directory => 0,
        }
    }

    fn hash(&self) -> MetadataHashValue {
        // FNV-1a: the path is all that tells two files apart.
        let hash = |bytes: &str| {
            bytes
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        };
        MetadataHashValue { lower: hash(&self.path), upper: self.size() }
    }

    fn type_(&self) -> DescriptorType {
        match self.kind {
            Kind::File(_) => DescriptorType::RegularFile,
            Kind::Directory => DescriptorType::Directory,
        }
    }

    fn facts(&self) -> DescriptorStat {
        DescriptorStat {
            type_: self.type_(),
            link_count: 1,
            size: self.size(),
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: None,
        }
    }
}

/// Everything that would change something.
const DENIED: ErrorCode = ErrorCode::NotPermitted;

impl GuestDescriptor for Opened {
    fn read_via_stream(&self, offset: u64) -> Answer<InputStream> {
        let file = self.file().map_err(|_| ErrorCode::BadDescriptor)?;
        Ok(Input::File(FileStream::new(file, offset)).into_handle())
    }

    fn write_via_stream(&self, _offset: u64) -> Answer<OutputStream> {
        Err(ErrorCode::BadDescriptor)
    }

    fn append_via_stream(&self) -> Answer<OutputStream> {
        Err(ErrorCode::BadDescriptor)
    }

    fn advise(&self, _offset: u64, _length: u64, _advice: Advice) -> Answer<()> {
        self.file().map(|_| ()).map_err(|_| ErrorCode::BadDescriptor)
    }

    fn sync_data(&self) -> Answer<()> {
        Ok(())
    }

    fn get_flags(&self) -> Answer<DescriptorFlags> {
        Ok(DescriptorFlags::READ)
    }

    fn get_type(&self) -> Answer<DescriptorType> {
        Ok(self.type_())
    }

    fn set_size(&self, _size: u64) -> Answer<()> {
        Err(DENIED)
    }

    fn set_times(&self, _access: NewTimestamp, _modification: NewTimestamp) -> Answer<()> {
        Err(DENIED)
    }

    fn read(&self, length: u64, offset: u64) -> Answer<(Vec<u8>, bool)> {
        let file = self.file()?;
        let bytes = file.read(offset, usize::try_from(length).unwrap_or(usize::MAX))?;
        let end = offset.saturating_add(bytes.len() as u64) >= file.size;
        Ok((bytes, end))
    }

    fn write(&self, _buffer: Vec<u8>, _offset: u64) -> Answer<u64> {
        Err(DENIED)
    }

    fn read_directory(&self) -> Answer<DirectoryEntryStream> {
        self.directory()?;
        let (list, _) = ask("fs-list", &self.path)?;
        let entry = |line: &str| {
            let (kind, name) = line.split_once(' ')?;
            let type_ = if kind == "d" { DescriptorType::Directory } else { DescriptorType::RegularFile };
            Some(DirectoryEntry { type_, name: name.to_owned() })
        };
        Ok(DirectoryEntryStream::new(Entries(RefCell::new(list.split('\n').filter_map(entry).collect()))))
    }

    fn sync(&self) -> Answer<()> {
        Ok(())
    }

    fn create_directory_at(&self, _path: String) -> Answer<()> {
        Err(DENIED)
    }

    fn stat(&self) -> Answer<DescriptorStat> {
        Ok(self.facts())
    }

    fn stat_at(&self, _flags: PathFlags, path: String) -> Answer<DescriptorStat> {
        Ok(self.at(&path)?.facts())
    }

    fn set_times_at(
        &self,
        _flags: PathFlags,
        _path: String,
        _access: NewTimestamp,
        _modification: NewTimestamp,
    ) -> Answer<()> {
        Err(DENIED)
    }

    fn link_at(&self, _flags: PathFlags, _old: String, _other: DescriptorBorrow<'_>, _new: String) -> Answer<()> {
        Err(DENIED)
    }

    fn open_at(&self, _flags: PathFlags, path: String, open: OpenFlags, mode: DescriptorFlags) -> Answer<Descriptor> {
        let writes = DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY;
        if open.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::EXCLUSIVE) || mode.intersects(writes) {
            return Err(DENIED);
        }
        let found = self.at(&path)?;
        if open.contains(OpenFlags::DIRECTORY) {
            found.directory()?;
        }
        Ok(Descriptor::new(found))
    }

    fn readlink_at(&self, path: String) -> Answer<String> {
        self.at(&path)?;
        Err(ErrorCode::Invalid)
    }

    fn remove_directory_at(&self, _path: String) -> Answer<()> {
        Err(DENIED)
    }

    fn rename_at(&self, _old: String, _other: DescriptorBorrow<'_>, _new: String) -> Answer<()> {
        Err(DENIED)
    }

    fn symlink_at(&self, _old: String, _new: String) -> Answer<()> {
        Err(DENIED)
    }

    fn unlink_file_at(&self, _path: String) -> Answer<()> {
        Err(DENIED)
    }

    fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        self.path == other.get::<Self>().path
    }

    fn metadata_hash(&self) -> Answer<MetadataHashValue> {
        Ok(self.hash())
    }

    fn metadata_hash_at(&self, _flags: PathFlags, path: String) -> Answer<MetadataHashValue> {
        Ok(self.at(&path)?.hash())
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
        let Ok((paths, _)) = call("fs-preopens", "") else {
            return Vec::new();
        };
        let directory = |path: &str| Descriptor::new(Opened { path: path.to_owned(), kind: Kind::Directory });
        paths.split('\n').filter(|path| !path.is_empty()).map(|path| (directory(path), path.to_owned())).collect()
    }
}
