//! `fermyon:spin/llm`.

use crate::bindings::spin2::llm::{EmbeddingsResult, Error, Guest, InferencingParams, InferencingResult};
use crate::host::{refused, Failure};
use crate::Provider;

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "model-not-supported" => Error::ModelNotSupported,
        "invalid-input" => Error::InvalidInput(failure.message),
        _ => Error::RuntimeError(failure.message),
    }
}

impl Guest for Provider {
    fn infer(model: String, _prompt: String, _params: Option<InferencingParams>) -> Result<InferencingResult, Error> {
        Err(error(refused("llm.infer", &model)))
    }

    fn generate_embeddings(model: String, _text: Vec<String>) -> Result<EmbeddingsResult, Error> {
        Err(error(refused("llm.embed", &model)))
    }
}
