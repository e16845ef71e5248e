//! Files and directories as the host names them.

use crate::bindings::exports::wasi::filesystem0_3_0::types::{
    DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue,
};
use crate::effects::{perform, Answer, DONE};

/// An open file or directory: an absolute path of the host's mounts, without a slash at its end.
pub struct Node {
    pub path: String,
    pub directory: bool,
}

/// What the host knows about a path.
pub struct Stat {
    pub directory: bool,
    size: u64,
}

/// The error code that the host names.
pub fn checked(answer: Answer) -> Result<Answer, ErrorCode> {
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

pub async fn stat(path: &str) -> Result<Stat, ErrorCode> {
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

    pub fn wit(&self) -> DescriptorStat {
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

pub fn kind(directory: bool) -> DescriptorType {
    if directory {
        DescriptorType::Directory
    } else {
        DescriptorType::RegularFile
    }
}

impl Node {
    pub fn directory(path: &str) -> Self {
        Self { path: path.trim_end_matches('/').to_owned(), directory: true }
    }

    /// The host's path of `path`, which must stay below this directory.
    pub fn resolve(&self, path: &str) -> Result<String, ErrorCode> {
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
    pub fn name(&self) -> &str {
        if self.path.is_empty() {
            "/"
        } else {
            &self.path
        }
    }

    /// Nothing may be changed; but a wrong path says so first.
    pub fn refuse_change(&self, path: &str) -> Result<(), ErrorCode> {
        self.resolve(path)?;
        Err(ErrorCode::ReadOnly)
    }
}

/// Two numbers that name a path: FNV-1a with two different starts.
pub fn hash(path: &str) -> MetadataHashValue {
    let fnv =
        |start: u64| path.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    MetadataHashValue { lower: fnv(0xcbf2_9ce4_8422_2325), upper: fnv(0x6c62_272e_07bb_0142) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(path: &str) -> Result<String, ErrorCode> {
        Node::directory("/app/").resolve(path)
    }

    #[test]
    fn paths_stay_below_their_directory() {
        for (path, found) in [("a", "/app/a"), ("./a//b/", "/app/a/b"), ("a/../b", "/app/b"), (".", "/app")] {
            assert_eq!(resolve(path).ok().as_deref(), Some(found), "{path}");
        }
        for path in ["..", "a/../../b", "/a", "a\nb"] {
            assert!(matches!(resolve(path), Err(ErrorCode::NotPermitted)), "{path:?}");
        }
    }

    #[test]
    fn a_file_has_nothing_below_it() {
        let file = Node { path: "/app/a".to_owned(), directory: false };
        assert!(matches!(file.resolve("b"), Err(ErrorCode::NotDirectory)));
    }
}
