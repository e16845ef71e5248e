//! A guest of WASI 0.2 that serves the files mounted at `/`, below the route that it answers.
//!
//! Settings are environment variables: `CACHE_CONTROL` (the header's value), `FALLBACK_PATH` (a file that answers for
//! all that are not there) and `CUSTOM_404_PATH` (the page that says that one is not there).
#![deny(unsafe_code)]

mod asked;
mod bindings;
mod conditions;
mod content;
mod files;
mod reply;

use asked::Asked;
use bindings::http::types::{IncomingRequest, Method, ResponseOutparam};
use conditions::Part;
use files::{Entry, File, Files};
use reply::Reply;

struct Server;

impl bindings::Guest for Server {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let method = request.method();
        let head = matches!(method, Method::Head);
        let reply = if head || matches!(method, Method::Get) {
            answer(&Asked::of(&request))
        } else {
            Reply::text(405, "Only GET and HEAD\n").with("allow", "GET, HEAD")
        };
        reply.send(out, head);
    }
}

fn answer(asked: &Asked) -> Reply {
    let Some(files) = Files::mounted() else { return Reply::text(404, "No files are mounted\n") };
    let Some(path) = &asked.path else { return missing(&files, asked) };
    match files.entry(path) {
        Some(Entry::File(file)) if !asked.is_folder => found(asked, 200, file),
        // A relative link of the page would lead elsewhere without the slash.
        Some(Entry::Folder) if !asked.is_folder && !path.is_empty() => {
            Reply::text(308, "Moved\n").with("location", &asked.with_slash())
        }
        Some(Entry::Folder) => match files.file(&files::below(path, "index.html")) {
            Some(file) => found(asked, 200, file),
            None => missing(&files, asked),
        },
        _ => missing(&files, asked),
    }
}

/// The answer for a file that is not there.
fn missing(files: &Files, asked: &Asked) -> Reply {
    if let Some(file) = setting("FALLBACK_PATH").and_then(|path| files.file(path.trim_start_matches('/'))) {
        return found(asked, 200, file);
    }
    if let Some(file) = setting("CUSTOM_404_PATH").and_then(|path| files.file(path.trim_start_matches('/'))) {
        return found(asked, 404, file);
    }
    Reply::text(404, "There is no such file\n")
}

fn found(asked: &Asked, status: u16, file: File) -> Reply {
    // By default a client asks each time whether it still has the newest one: what is served changes while it is made.
    let cache = setting("CACHE_CONTROL").unwrap_or_else(|| "no-cache".into());
    let tag = file.tag();
    if status == 200 && asked.has(&tag) {
        return Reply::new(304).with("etag", &tag).with("cache-control", &cache);
    }
    let size = file.size;
    let part = if status == 200 { conditions::part(asked, &tag, size) } else { Part::Whole };
    let reply = match part {
        Part::None => return Reply::text(416, "No such range\n").with("content-range", &format!("bytes */{size}")),
        Part::Whole => Reply::new(status).file(file, 0, size),
        Part::Bytes(first, last) => Reply::new(206)
            .with("content-range", &format!("bytes {first}-{last}/{size}"))
            .file(file, first, last - first + 1),
    };
    reply.with("etag", &tag).with("cache-control", &cache).with("accept-ranges", "bytes")
}

fn setting(name: &str) -> Option<String> {
    let all = bindings::cli::environment::get_environment();
    all.into_iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value)
}
