//! Asks for everything that Spin's asynchronous interfaces offer, and tells the errors one a line.

wit_bindgen::generate!({
    path: "../../../../spinlab/bridge/wit",
    inline: "
        package spinlab:asking;
        world asking {
          import spin:key-value/key-value@3.0.0;
          import spin:mqtt/mqtt@3.0.0;
          import spin:mysql/mysql@3.0.0;
          import spin:postgres/postgres@4.2.0;
          import spin:redis/redis@3.0.0;
          import spin:sqlite/sqlite@3.1.0;
          import spin:variables/variables@3.0.0;
          import wasi:http/types@0.3.0;
          export wasi:http/handler@0.3.0;
        }
    ",
    generate_all,
});
export!(Asking);

use exports::wasi::http0_3_0::handler::Guest;
use spin::key_value::key_value;
use spin::mqtt::mqtt;
use spin::mysql::mysql;
use spin::postgres4_2_0::postgres;
use spin::redis::redis;
use spin::sqlite3_1_0::sqlite;
use spin::variables::variables;
use wasi::http0_3_0::types::{ErrorCode, Fields, Request, Response};
use wit_bindgen::spawn_local;

struct Asking;

impl Guest for Asking {
    async fn handle(_: Request) -> Result<Response, ErrorCode> {
        let answer = ask().await.join("\n");
        let (mut to, stream) = wit_stream::new();
        spawn_local(async move {
            to.write_all(answer.into_bytes()).await;
        });
        Ok(Response::new(Fields::new(), Some(stream), wit_future::new(|| Ok(None)).1).0)
    }
}

/// `NAME: ERROR`, or that it was opened.
fn tell<T, E: std::fmt::Debug>(name: &str, result: Result<T, E>) -> String {
    match result {
        Ok(_) => format!("{name}: opened"),
        Err(error) => format!("{name}: {error:?}"),
    }
}

async fn ask() -> Vec<String> {
    let mqtt = mqtt::Connection::open("mqtt://example.test".into(), "user".into(), "word".into(), 30).await;
    let builder = postgres::ConnectionBuilder::new("postgres://example.test/db");
    let variable = variables::get("greeting".into()).await;
    vec![
        tell("key-value", key_value::Store::open("default".into()).await),
        tell("mqtt", mqtt),
        tell("mysql", mysql::Connection::open("mysql://example.test/db".into()).await),
        tell("postgres", postgres::Connection::open_async("postgres://example.test/db".into()).await),
        tell("postgres sync", postgres::Connection::open("postgres://example.test/db")),
        tell("postgres builder", builder.build_async().await),
        tell("redis", redis::Connection::open("redis://example.test".into()).await),
        tell("sqlite", sqlite::Connection::open_async("default".into()).await),
        tell("sqlite sync", sqlite::Connection::open("default")),
        format!("variable: {variable:?}"),
    ]
}
