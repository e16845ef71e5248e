//! `fermyon:spin/llm`.

use crate::bindings::spin2::llm::{
    EmbeddingsResult, EmbeddingsUsage, Error, Guest, InferencingParams, InferencingResult, InferencingUsage,
};
use crate::host::{ask_of, Failure};
use crate::Provider;
use flat::items;
use flat::pack::{encode, unpack, Item};

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "model-not-supported" => Error::ModelNotSupported,
        "invalid-input" => Error::InvalidInput(failure.message),
        _ => Error::RuntimeError(failure.message),
    }
}

fn unreadable() -> Error {
    error(Failure::unreadable())
}

fn parameters(given: InferencingParams) -> Item<'static> {
    items![
        given.max_tokens,
        given.repeat_penalty,
        given.repeat_penalty_last_n_token_count,
        given.temperature,
        given.top_k,
        given.top_p,
    ]
}

fn inferred(data: &[u8]) -> Option<InferencingResult> {
    let item = unpack(data)?;
    let [text, prompt, generated] = item.array()?;
    let usage = InferencingUsage { prompt_token_count: prompt.int()?, generated_token_count: generated.int()? };
    Some(InferencingResult { text: text.text()?.to_owned(), usage })
}

fn embedded(data: &[u8]) -> Option<EmbeddingsResult> {
    let item = unpack(data)?;
    let [embeddings, prompt] = item.array()?;
    let usage = EmbeddingsUsage { prompt_token_count: prompt.int()? };
    Some(EmbeddingsResult { embeddings: embeddings.each(|one| one.bytes().map(floats))?, usage })
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

impl Guest for Provider {
    fn infer(model: String, prompt: String, params: Option<InferencingParams>) -> Result<InferencingResult, Error> {
        let question = encode(&items![&prompt, params.map(parameters)]);
        let answer = ask_of("llm.infer", &model, &question).map_err(error)?;
        inferred(&answer.data).ok_or_else(unreadable)
    }

    fn generate_embeddings(model: String, text: Vec<String>) -> Result<EmbeddingsResult, Error> {
        let answer = ask_of("llm.embed", &model, &encode(&Item::list(&text))).map_err(error)?;
        embedded(&answer.data).ok_or_else(unreadable)
    }
}
