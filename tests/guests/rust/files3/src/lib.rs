//! Does with the mounted files what the lines of the body say, and answers each with a line.
#![allow(unsafe_code)]

wit_bindgen::generate!({
    inline: "package guest:files3;
        world files {
            import wasi:filesystem/preopens@0.3.0;
            import wasi:filesystem/types@0.3.0;
            import wasi:http/types@0.3.0;
            export wasi:http/handler@0.3.0;
        }",
    path: "../../../../spinlab/bridge/wit",
    world: "guest:files3/files",
    generate_all,
});
export!(Files);

use exports::wasi::http0_3_0::handler::Guest;
use wasi::clocks0_3_0::system_clock::Instant;
use wasi::filesystem0_3_0::preopens;
use wasi::filesystem0_3_0::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};
use wasi::http0_3_0::types::{ErrorCode as HttpError, Fields, Request, Response};
use wit_bindgen::{spawn_local, StreamReader, StreamResult};

struct Files;

type Said = Result<String, ErrorCode>;

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;

impl Guest for Files {
    async fn handle(request: Request) -> Result<Response, HttpError> {
        let script = bytes(Request::consume_body(request, wit_future::new(|| Ok(())).1).0).await;
        let script = String::from_utf8(script).expect("text");
        let roots = preopens::get_directories();
        let Some((root, _)) = roots.first() else { return Ok(text("nothing is mounted".into())) };
        let mut said = Vec::new();
        for line in script.lines() {
            said.push(perform(root, line).await.unwrap_or_else(|code| name(&code)));
        }
        Ok(text(said.join("\n")))
    }
}

/// A code as the WIT file has it.
fn name(code: &ErrorCode) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").trim_start_matches("ErrorCode::").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

fn text(text: String) -> Response {
    let (mut to, stream) = wit_stream::new();
    spawn_local(async move {
        to.write_all(text.into_bytes()).await;
    });
    Response::new(Fields::new(), Some(stream), wit_future::new(|| Ok(None)).1).0
}

async fn bytes(mut stream: StreamReader<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let (result, piece) = stream.read(Vec::with_capacity(64 * 1024)).await;
        bytes.extend_from_slice(&piece);
        if !matches!(result, StreamResult::Complete(_)) {
            return bytes;
        }
    }
}

async fn perform(root: &Descriptor, line: &str) -> Said {
    let words: Vec<&str> = line.split(' ').collect();
    let done = |result: Result<(), ErrorCode>| result.map(|()| "done".to_owned());
    match *words.as_slice() {
        ["list", path] => list(&open(root, path, "", READ).await?).await,
        ["read", path] => read(&open(root, path, "", READ).await?, 0).await,
        ["tail", path, offset] => read(&open(root, path, "", READ).await?, number(offset)).await,
        ["first", path] => {
            let (mut stream, finished) = open(root, path, "", READ).await?.read_via_stream(0);
            let (_, piece) = stream.read(Vec::with_capacity(1)).await;
            drop(stream);
            finished.await?;
            Ok(String::from_utf8_lossy(&piece).into_owned())
        }
        ["write" | "stream", path, offset, what] => {
            let file = open(root, path, "c", READ | WRITE).await?;
            stream(&file, Some(number(offset)), what.as_bytes().to_vec()).await
        }
        ["append", path, what] => stream(&open(root, path, "c", WRITE).await?, None, what.as_bytes().to_vec()).await,
        ["fill", path, count] => {
            let file = open(root, path, "c", WRITE).await?;
            for _ in 0..number(count) {
                stream(&file, None, vec![b'x'; 64 * 1024]).await?;
            }
            Ok(count.to_owned())
        }
        ["open", path, letters] => {
            let mode = if letters.contains('w') { READ | WRITE } else { READ };
            Ok(format!("{:?}", open(root, path, letters, mode).await?.get_flags().await?))
        }
        ["readonly", path] => stream(&open(root, path, "", READ).await?, Some(0), vec![b'x']).await,
        ["writeonly", path] => read(&open(root, path, "", WRITE).await?, 0).await,
        ["stat", path] => root.stat_at(FOLLOW, path.to_owned()).await.map(|stat| told(&stat)),
        ["lstat", path] => root.stat_at(PathFlags::empty(), path.to_owned()).await.map(|stat| told(&stat)),
        ["self", path] => open(root, path, "", READ).await?.stat().await.map(|stat| told(&stat)),
        ["mkdir", path] => done(root.create_directory_at(path.to_owned()).await),
        ["rmdir", path] => done(root.remove_directory_at(path.to_owned()).await),
        ["unlink", path] => done(root.unlink_file_at(path.to_owned()).await),
        ["rename", from, to] => done(root.rename_at(from.to_owned(), root, to.to_owned()).await),
        ["link", from, to] => done(root.link_at(PathFlags::empty(), from.to_owned(), root, to.to_owned()).await),
        ["symlink", target, path] => done(root.symlink_at(target.to_owned(), path.to_owned()).await),
        ["readlink", path] => root.readlink_at(path.to_owned()).await,
        ["resize", path, size] => done(open(root, path, "", READ | WRITE).await?.set_size(number(size)).await),
        ["times", path, seconds] => {
            let seconds = i64::try_from(number(seconds)).unwrap_or_default();
            let time = NewTimestamp::Timestamp(Instant { seconds, nanoseconds: 5 });
            done(root.set_times_at(FOLLOW, path.to_owned(), NewTimestamp::NoChange, time).await)
        }
        ["time", path] => {
            let stat = root.stat_at(FOLLOW, path.to_owned()).await?;
            let time = stat.data_modification_timestamp.expect("a time");
            Ok(format!("{}.{:09}", time.seconds, time.nanoseconds))
        }
        ["same", one, other] => {
            let (one, other) = (open(root, one, "", READ).await?, open(root, other, "", READ).await?);
            let hashes = one.metadata_hash().await?.lower == other.metadata_hash().await?.lower;
            Ok(format!("{} {hashes}", one.is_same_object(&other).await))
        }
        ["below", folder, path] => {
            let folder = open(root, folder, "d", READ).await?;
            read(&open(&folder, path, "", READ).await?, 0).await
        }
        ["kept", path] => {
            let file = open(root, path, "", READ).await?;
            root.unlink_file_at(path.to_owned()).await?;
            read(&file, 0).await
        }
        ["sync", path] => {
            let file = open(root, path, "", READ).await?;
            file.advise(0, 1, Advice::WillNeed).await?;
            file.sync_data().await?;
            done(file.sync().await)
        }
        _ => Ok(format!("what is {line:?}?")),
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(u64::MAX)
}

async fn open(base: &Descriptor, path: &str, letters: &str, mode: DescriptorFlags) -> Result<Descriptor, ErrorCode> {
    let mut flags = OpenFlags::empty();
    flags.set(OpenFlags::CREATE, letters.contains('c'));
    flags.set(OpenFlags::EXCLUSIVE, letters.contains('x'));
    flags.set(OpenFlags::TRUNCATE, letters.contains('t'));
    flags.set(OpenFlags::DIRECTORY, letters.contains('d'));
    let follow = if letters.contains('n') { PathFlags::empty() } else { FOLLOW };
    base.open_at(follow, path.to_owned(), flags, mode).await
}

fn kind(kind: &DescriptorType) -> &'static str {
    match kind {
        DescriptorType::Directory => "d",
        DescriptorType::RegularFile => "f",
        DescriptorType::SymbolicLink => "l",
        _ => "?",
    }
}

fn told(stat: &DescriptorStat) -> String {
    format!("{} {} {}", kind(&stat.type_), stat.link_count, stat.size)
}

async fn list(folder: &Descriptor) -> Said {
    let (mut stream, finished) = folder.read_directory();
    let mut found = Vec::new();
    while let Some(entry) = stream.next().await {
        found.push(format!("{} {}", kind(&entry.type_), entry.name));
    }
    finished.await?;
    Ok(found.join(","))
}

async fn read(file: &Descriptor, offset: u64) -> Said {
    let (stream, finished) = file.read_via_stream(offset);
    let bytes = bytes(stream).await;
    finished.await?;
    Ok(if bytes.len() > 1000 { format!("{} bytes", bytes.len()) } else { String::from_utf8_lossy(&bytes).into_owned() })
}

async fn stream(file: &Descriptor, offset: Option<u64>, what: Vec<u8>) -> Said {
    let count = what.len();
    let (mut to, from) = wit_stream::new();
    let finished = match offset {
        Some(offset) => file.write_via_stream(from, offset),
        None => file.append_via_stream(from),
    };
    to.write_all(what).await;
    drop(to);
    finished.await?;
    Ok(count.to_string())
}
