//! Does with the mounted files what the lines of the body say, and answers each with a line.

use kit::bindings::clocks::wall_clock::Datetime;
use kit::bindings::filesystem::preopens;
use kit::bindings::filesystem::types::{
    filesystem_error_code, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, NewTimestamp,
    OpenFlags, PathFlags,
};
use kit::*;

struct Files;
kit::bindings::export!(Files with_types_in kit::bindings);

type Said = Result<String, ErrorCode>;

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;

impl kit::bindings::Guest for Files {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        report_panics();
        let script = read_body(&request).expect("a body").0;
        let script = String::from_utf8(script).expect("text");
        let roots = preopens::get_directories();
        let Some((root, _)) = roots.first() else { return text(out, "nothing is mounted") };
        let line = |line: &str| perform(root, line).unwrap_or_else(|code| code.name().to_owned());
        text(out, &script.lines().map(line).collect::<Vec<_>>().join("\n"));
    }
}

fn perform(root: &Descriptor, line: &str) -> Said {
    let words: Vec<&str> = line.split(' ').collect();
    let done = |result: Result<(), ErrorCode>| result.map(|()| "done".to_owned());
    match *words.as_slice() {
        ["list", path] => list(&open(root, path, "", READ)?),
        ["read", path] => read(&open(root, path, "", READ)?),
        ["part", path, offset, length] => {
            let (bytes, end) = open(root, path, "", READ)?.read(number(length), number(offset))?;
            Ok(format!("{} {end}", String::from_utf8_lossy(&bytes)))
        }
        ["write", path, offset, what] => {
            let file = open(root, path, "c", READ | WRITE)?;
            Ok(file.write(what.as_bytes(), number(offset))?.to_string())
        }
        ["stream", path, offset, what] => stream(&open(root, path, "c", WRITE)?, Some(number(offset)), what.as_bytes()),
        ["append", path, what] => stream(&open(root, path, "c", WRITE)?, None, what.as_bytes()),
        ["fill", path, count] => fill(&open(root, path, "c", WRITE)?, number(count)),
        ["open", path, letters] => {
            let mode = if letters.contains('w') { READ | WRITE } else { READ };
            open(root, path, letters, mode).map(|found| format!("{:?}", found.get_flags().expect("flags")))
        }
        ["readonly", path] => done(open(root, path, "", READ)?.write(b"x", 0).map(drop)),
        ["writeonly", path] => done(open(root, path, "", WRITE)?.read(1, 0).map(drop)),
        ["stat", path] => root.stat_at(FOLLOW, path).map(|stat| told(&stat)),
        ["lstat", path] => root.stat_at(PathFlags::empty(), path).map(|stat| told(&stat)),
        ["self", path] => open(root, path, "", READ)?.stat().map(|stat| told(&stat)),
        ["mkdir", path] => done(root.create_directory_at(path)),
        ["rmdir", path] => done(root.remove_directory_at(path)),
        ["unlink", path] => done(root.unlink_file_at(path)),
        ["rename", from, to] => done(root.rename_at(from, root, to)),
        ["link", from, to] => done(root.link_at(PathFlags::empty(), from, root, to)),
        ["symlink", target, path] => done(root.symlink_at(target, path)),
        ["readlink", path] => root.readlink_at(path),
        ["resize", path, size] => done(open(root, path, "", READ | WRITE)?.set_size(number(size))),
        ["times", path, seconds] => {
            let time = NewTimestamp::Timestamp(Datetime { seconds: number(seconds), nanoseconds: 5 });
            done(root.set_times_at(FOLLOW, path, NewTimestamp::NoChange, time))
        }
        ["time", path] => {
            let time = root.stat_at(FOLLOW, path)?.data_modification_timestamp.expect("a time");
            Ok(format!("{}.{:09}", time.seconds, time.nanoseconds))
        }
        ["same", one, other] => {
            let (one, other) = (open(root, one, "", READ)?, open(root, other, "", READ)?);
            let hashes = one.metadata_hash()?.lower == other.metadata_hash()?.lower;
            Ok(format!("{} {hashes}", one.is_same_object(&other)))
        }
        ["below", folder, path] => read(&open(&open(root, folder, "d", READ)?, path, "", READ)?),
        ["kept", path] => {
            let file = open(root, path, "", READ)?;
            root.unlink_file_at(path)?;
            read(&file)
        }
        ["sync", path] => {
            let file = open(root, path, "", READ)?;
            file.advise(0, 1, kit::bindings::filesystem::types::Advice::WillNeed)?;
            file.sync_data()?;
            done(file.sync())
        }
        _ => Ok(format!("what is {line:?}?")),
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(u64::MAX)
}

fn open(base: &Descriptor, path: &str, letters: &str, mode: DescriptorFlags) -> Result<Descriptor, ErrorCode> {
    let mut flags = OpenFlags::empty();
    flags.set(OpenFlags::CREATE, letters.contains('c'));
    flags.set(OpenFlags::EXCLUSIVE, letters.contains('x'));
    flags.set(OpenFlags::TRUNCATE, letters.contains('t'));
    flags.set(OpenFlags::DIRECTORY, letters.contains('d'));
    let follow = if letters.contains('n') { PathFlags::empty() } else { FOLLOW };
    base.open_at(follow, path, flags, mode)
}

fn kind(kind: DescriptorType) -> &'static str {
    match kind {
        DescriptorType::Directory => "d",
        DescriptorType::RegularFile => "f",
        DescriptorType::SymbolicLink => "l",
        _ => "?",
    }
}

fn told(stat: &DescriptorStat) -> String {
    format!("{} {} {}", kind(stat.type_), stat.link_count, stat.size)
}

fn list(folder: &Descriptor) -> Said {
    let entries = folder.read_directory()?;
    let mut found = Vec::new();
    while let Some(entry) = entries.read_directory_entry()? {
        found.push(format!("{} {}", kind(entry.type_), entry.name));
    }
    Ok(found.join(","))
}

fn read(file: &Descriptor) -> Said {
    let bytes = read_all(&file.read_via_stream(0)?).expect("a file that can be read");
    Ok(if bytes.len() > 1000 { format!("{} bytes", bytes.len()) } else { String::from_utf8_lossy(&bytes).into_owned() })
}

fn stream(file: &Descriptor, offset: Option<u64>, bytes: &[u8]) -> Said {
    let to = match offset {
        Some(offset) => file.write_via_stream(offset)?,
        None => file.append_via_stream()?,
    };
    match write_all(&to, bytes) {
        Ok(()) => Ok(bytes.len().to_string()),
        Err(StreamError::Closed) => Ok("closed".into()),
        Err(StreamError::LastOperationFailed(error)) => Err(filesystem_error_code(&error).expect("a file's error")),
    }
}

/// Append pieces of 64 KiB.
fn fill(file: &Descriptor, count: u64) -> Said {
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..count {
        stream(file, None, &piece)?;
    }
    Ok(count.to_string())
}
