//! Requests of the guest's own.

use futures::future::{join_all, select, Either};
use wit_bindgen::{spawn_local, yield_async};

use crate::wasi::clocks0_3_0::monotonic_clock;
use crate::wasi::http0_3_0::client;
use crate::wasi::http0_3_0::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use crate::{no_trailers, read, respond, say, text, wit_future, wit_stream, Answer, MILLISECOND};

pub async fn answer(path: &str, query: &str, request: Request) -> Answer {
    match path {
        "/fetch" => fetch(query).await,
        "/parallel" => Ok(text(&parallel(query).await)),
        "/post" => post(query).await,
        "/post-slowly" => post_slowly(query).await,
        "/proxy" => proxy(query, request).await,
        "/timeout" => Ok(text(&timeout(query).await)),
        "/impatient" => impatient(query).await,
        "/busy" => Ok(text(&busy(query).await)),
        "/unread" => get(query).await.map(|response| text(&format!("{}\n", response.get_status_code()))),
        _ => {
            let response = text("no such route\n");
            let _ = response.set_status_code(404);
            Ok(response)
        }
    }
}

fn aim(request: &Request, url: &str) -> Result<(), ErrorCode> {
    let (scheme, rest) = url.split_once("://").ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    request.set_scheme(Some(&scheme)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    request.set_authority(Some(authority)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    request.set_path_with_query(Some(&format!("/{path}"))).map_err(|()| ErrorCode::HttpRequestUriInvalid)
}

pub async fn get(url: &str) -> Answer {
    let (request, _) = Request::new(Fields::new(), None, no_trailers(), None);
    aim(&request, url)?;
    client::send(request).await
}

async fn body(response: Response) -> String {
    let (stream, trailers) = Response::consume_body(response, wit_future::new(|| Ok(())).1);
    let bytes = read(stream).await;
    let trailers = trailers.await.map(|fields| fields.map(|fields| fields.copy_all()));
    format!("{} {trailers:?}", String::from_utf8_lossy(&bytes))
}

async fn fetch(url: &str) -> Answer {
    let response = get(url).await?;
    let status = response.get_status_code();
    Ok(text(&format!("{status} {}\n", body(response).await)))
}

/// `COUNT,URL`: that many at once.
async fn parallel(query: &str) -> String {
    let (count, url) = query.split_once(',').unwrap_or(("5", query));
    let before = monotonic_clock::now();
    let one = |number: u32| {
        let url = format!("{url}{number}");
        async move {
            match get(&url).await {
                Ok(response) => body(response).await,
                Err(code) => format!("{code:?}"),
            }
        }
    };
    let answers = join_all((0..count.parse().unwrap_or(5)).map(one)).await;
    let took = (monotonic_clock::now() - before) / MILLISECOND;
    format!("{took}\n{}\n", answers.join("\n"))
}

/// A request with a body and trailers; logs how its transmission went.
async fn post(url: &str) -> Answer {
    let (mut to, stream) = wit_stream::new();
    let (trailers, reader) = wit_future::new(|| Ok(None));
    let (request, sent) = Request::new(Fields::new(), Some(stream), reader, None);
    let _ = request.set_method(&Method::Post);
    aim(&request, url)?;
    spawn_local(async move {
        to.write_all(b"posted".to_vec()).await;
        drop(to);
        let fields = Fields::new();
        let _ = fields.append("x-sum", b"6");
        let _ = trailers.write(Ok(Some(fields))).await;
        say(&format!("sent {:?}", sent.await)).await;
    });
    let response = client::send(request).await?;
    Ok(text(&format!("{}\n", body(response).await)))
}

/// A request whose body is written over 60 ms.
async fn post_slowly(url: &str) -> Answer {
    let (mut to, stream) = wit_stream::new();
    let (request, sent) = Request::new(Fields::new(), Some(stream), no_trailers(), None);
    let _ = request.set_method(&Method::Post);
    aim(&request, url)?;
    spawn_local(async move {
        for piece in 0..3 {
            to.write_all(format!("piece {piece}\n").into_bytes()).await;
            monotonic_clock::wait_for(20 * MILLISECOND).await;
        }
        drop(to);
        say(&format!("sent {:?}", sent.await)).await;
    });
    let response = client::send(request).await?;
    Ok(text(&format!("{}\n", body(response).await)))
}

/// The request's body goes there, the response's body comes back, neither is kept.
async fn proxy(url: &str, request: Request) -> Answer {
    let (stream, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
    let (onward, _) = Request::new(Fields::new(), Some(stream), trailers, None);
    let _ = onward.set_method(&Method::Post);
    aim(&onward, url)?;
    let response = client::send(onward).await?;
    if url.ends_with("direct") {
        return Ok(response);
    }
    let (stream, trailers) = Response::consume_body(response, wit_future::new(|| Ok(())).1);
    Ok(respond(Some(stream), trailers))
}

/// Gives up after 30 ms.
async fn timeout(url: &str) -> String {
    let request = Box::pin(get(url));
    let alarm = Box::pin(monotonic_clock::wait_for(30 * MILLISECOND));
    match select(request, alarm).await {
        Either::Left((Ok(response), _)) => format!("{}\n", response.get_status_code()),
        Either::Left((Err(code), _)) => format!("{code:?}\n"),
        Either::Right(_) => "gave up\n".to_owned(),
    }
}

/// Gives up reading the body after 30 ms.
async fn impatient(url: &str) -> Answer {
    let response = get(url).await?;
    let (stream, _) = Response::consume_body(response, wit_future::new(|| Ok(())).1);
    let body = Box::pin(read(stream));
    let alarm = Box::pin(monotonic_clock::wait_for(30 * MILLISECOND));
    Ok(text(match select(body, alarm).await {
        Either::Left(_) => "read it all\n",
        Either::Right(_) => "gave up\n",
    }))
}

/// Gives way a thousand times while a request is under way.
async fn busy(url: &str) -> String {
    let request = Box::pin(get(url));
    let work = Box::pin(async {
        for _ in 0..1000 {
            yield_async().await;
        }
    });
    match select(request, work).await {
        Either::Left(_) => "answered\n".to_owned(),
        Either::Right(_) => "worked\n".to_owned(),
    }
}
