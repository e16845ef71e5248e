//! Asks for everything that Spin's own interfaces of WASI 0.2 offer, and tells the errors one a line.

use kit::*;

mod bindings {
    wit_bindgen::generate!({
        path: "../../../../spinlab/bridge/wit",
        inline: "
            package spinlab:asking;
            world asking {
              import fermyon:spin/key-value@2.0.0;
              import fermyon:spin/llm@2.0.0;
              import fermyon:spin/mqtt@2.0.0;
              import fermyon:spin/mysql@2.0.0;
              import fermyon:spin/postgres@2.0.0;
              import fermyon:spin/redis@2.0.0;
              import fermyon:spin/sqlite@2.0.0;
              import fermyon:spin/variables@2.0.0;
              import spin:postgres/postgres@3.0.0;
              import spin:postgres/postgres@4.0.0;
              import spin:sqlite/sqlite@3.0.0;
              import wasi:config/store@0.2.0-draft-2024-09-27;
              import wasi:keyvalue/store@0.2.0-draft2;
              import wasi:keyvalue/atomics@0.2.0-draft2;
              import wasi:keyvalue/batch@0.2.0-draft2;
            }
        ",
        generate_all,
    });
}

use bindings::fermyon::spin::{key_value, llm, mqtt, mysql, postgres, redis, sqlite, variables};
use bindings::spin::postgres3_0_0::postgres as postgres3;
use bindings::spin::postgres4_0_0::postgres as postgres4;
use bindings::spin::sqlite3_0_0::sqlite as sqlite3;
use bindings::wasi::config::store as config;
use bindings::wasi::keyvalue::{atomics, batch, store};

struct Asking;
kit::bindings::export!(Asking with_types_in kit::bindings);

impl kit::bindings::Guest for Asking {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        let name = target.get("name").unwrap_or("default");
        let lines = match target.path.as_str() {
            "/variable" => vec![format!("{:?}", variables::get(name)), format!("{:?}", config::get(name))],
            _ => everything(name),
        };
        text(out, &lines.join("\n"));
    }
}

fn line<T, E: std::fmt::Debug>(what: &str, result: Result<T, E>) -> String {
    format!("{what}: {}", result.map_or_else(|error| format!("{error:?}"), |_| "opened".into()))
}

fn everything(name: &str) -> Vec<String> {
    let database = "db.test:5432";
    let mut lines = vec![
        line("key-value", key_value::Store::open(name).and_then(|store| store.get("a"))),
        line("wasi:keyvalue", store::open(name).map(|bucket| use_bucket(&bucket))),
        line("sqlite 2", sqlite::Connection::open(name).and_then(|db| db.execute("select 1", &[]))),
        line("sqlite 3", sqlite3::Connection::open(name).map(|db| db.changes())),
        line("redis", redis::Connection::open("redis://redis.test").and_then(|db| db.get("a"))),
        line("mqtt", open_mqtt()),
        line("mysql", mysql::Connection::open("mysql://db.test/a").and_then(|db| db.query("select 1", &[]))),
        line("postgres 2", postgres::Connection::open(database).and_then(|db| db.query("select 1", &[]))),
        line("postgres 3", postgres3::Connection::open(database).and_then(|db| db.query("select 1", &[]))),
        line("postgres 4", postgres4::Connection::open(database).and_then(|db| db.query("select 1", &[]))),
    ];
    lines.extend([
        line("variable", variables::get(name)),
        format!("config: {:?} {:?}", config::get(name), config::get_all()),
        line("llm", llm::infer("llama2-chat", "hello", None)),
        line("embeddings", llm::generate_embeddings("all-minilm-l6-v2", &["hello".into()])),
    ]);
    lines
}

fn open_mqtt() -> Result<(), mqtt::Error> {
    let connection = mqtt::Connection::open("mqtt://mqtt.test", "user", "password", 30)?;
    connection.publish("topic", b"message", mqtt::Qos::AtMostOnce)
}

/// Never runs while nobody grants a store; it is here so that its imports are.
fn use_bucket(bucket: &store::Bucket) -> bool {
    let counted = atomics::increment(bucket, "a", 1).is_ok();
    let swapped = atomics::Cas::new(bucket, "a").map(|cas| atomics::swap(cas, b"1").is_ok()).is_ok();
    let many = batch::get_many(bucket, &["a".into()]).is_ok();
    counted && swapped && many && bucket.list_keys(None).is_ok()
}
