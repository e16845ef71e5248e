//! Reading files: `?list`, `?stat`, `?write`, `?escape`, or the path of a file to read.

use crate::wasi::filesystem0_3_0::preopens;
use crate::wasi::filesystem0_3_0::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use crate::{read, text, Answer};

pub async fn answer(query: &str) -> Answer {
    let Some((root, name)) = preopens::get_directories().into_iter().next() else {
        return Ok(text("no directories\n"));
    };
    let said = match query {
        "list" => format!("{name} {:?}\n", list(&root).await),
        "write" => format!("{:?}\n", open(&root, "new", OpenFlags::CREATE, DescriptorFlags::WRITE).await.map(drop)),
        "escape" => {
            format!("{:?}\n", open(&root, "app/../../b", OpenFlags::empty(), DescriptorFlags::READ).await.map(drop))
        }
        path if path.starts_with("stat:") => {
            let found = root.stat_at(PathFlags::empty(), path[5..].to_owned()).await;
            format!("{:?}\n", found.map(|stat| (stat.type_, stat.size)))
        }
        path => match open(&root, path, OpenFlags::empty(), DescriptorFlags::READ).await {
            Ok(file) => {
                let (stream, finished) = file.read_via_stream(0);
                let content = read(stream).await;
                format!("{} {:?}\n", String::from_utf8_lossy(&content), finished.await)
            }
            Err(code) => format!("{code:?}\n"),
        },
    };
    Ok(text(&said))
}

async fn open(root: &Descriptor, path: &str, open: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor, ErrorCode> {
    root.open_at(PathFlags::empty(), path.to_owned(), open, flags).await
}

async fn list(root: &Descriptor) -> (Vec<String>, Result<(), ErrorCode>) {
    let (mut stream, finished) = root.read_directory();
    let mut names = Vec::new();
    while let Some(entry) = stream.next().await {
        names.push(format!("{:?} {}", entry.type_, entry.name));
    }
    (names, finished.await)
}
