/// Says hello, and what it was sent.
fn handle(req: Request) -> String {
    format!("Hello 10000 {} {}", req.path(), req.body().len())
}
