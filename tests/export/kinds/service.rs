use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// As Spin's own template begins.
#[http_service]
async fn handle(req: Request) -> anyhow::Result<impl IntoResponse> {
    Ok(format!("{} {}", req.method(), req.uri().path()))
}
