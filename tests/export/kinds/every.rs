use std::io::Write;

fn handle(req: Request) -> Response {
    let kind = req.path().split('/').nth(2).unwrap_or_default();
    println!("asked for {kind}");
    match kind {
        "empty" => Response::new(""),
        "none" => Response::new(()).status(204),
        "text" => Response::new("h\u{e9}llo W\u{d6}RLD!"),
        "binary" => Response::new((0..1024).map(|n| n as u8).collect::<Vec<u8>>()),
        "json" => {
            let method = req.method();
            Response::json(format!("{{\"list\":[1,2.5,null,true],\"text\":\"\u{fc}\",\"method\":\"{method}\"}}"))
        }
        "big" => Response::new(b"0123456789abcdef".repeat(65536)),
        "stream" => Response::stream(|out| {
            for n in 0..5 {
                writeln!(out, "piece {n}")?;
                out.flush()?;
            }
            Ok(())
        }),
        "echo" => {
            let kind = req.header("content-type").unwrap_or("none").to_string();
            Response::new(req.body().to_vec()).header("content-type", kind)
        }
        "headers" => {
            let many: Vec<&str> = req.headers().iter().filter(|(n, _)| n == "x-many").map(|(_, v)| v.as_str()).collect();
            Response::new(many.join("|")).header("x-answer", "one").header("x-answer", "two")
        }
        "path" => {
            let pairs: Vec<String> = req.queries().iter().map(|(name, value)| format!("{name}={value}")).collect();
            Response::new(format!("{} {}", req.path(), pairs.join(";")))
        }
        "teapot" => Response::new("short and stout").status(418),
        "fails" => panic!("it fails"),
        "leaves" => std::process::exit(3),
        _ => Response::new("").status(404),
    }
}
