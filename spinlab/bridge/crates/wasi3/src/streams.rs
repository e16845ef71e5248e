//! Writing futures and streams from places that are no tasks.

use std::future::{poll_fn, Future};
use std::pin::pin;
use std::task::Poll;

use wit_bindgen::{FutureWriter, StreamReader, StreamResult, StreamWriter};

use crate::effects::{later, Watch};

/// The smallest and the largest piece that is read at once.
const FIRST_PIECE: usize = 8 * 1024;
const LARGEST_PIECE: usize = 512 * 1024;

/// The writing end of a future. A writer may only be used or dropped inside a task, a promise anywhere.
pub struct Promise<T: 'static> {
    writer: Option<FutureWriter<T>>,
    otherwise: fn() -> T,
    done: fn(),
}

impl<T: 'static> Promise<T> {
    /// `otherwise` is what the reader gets when the promise is dropped.
    pub fn new(writer: FutureWriter<T>, otherwise: fn() -> T) -> Self {
        Self::counted(writer, otherwise, || ())
    }

    /// `done` is called when the reader has the value or is gone.
    pub fn counted(writer: FutureWriter<T>, otherwise: fn() -> T, done: fn()) -> Self {
        Self { writer: Some(writer), otherwise, done }
    }

    pub fn keep(mut self, value: T) {
        self.write(value);
    }

    fn write(&mut self, value: T) {
        if let Some(writer) = self.writer.take() {
            let done = self.done;
            later(async move {
                // The reader may be gone: then nobody wants to know.
                let _ = writer.write(value).await;
                done();
            });
        }
    }
}

impl<T: 'static> Drop for Promise<T> {
    fn drop(&mut self) {
        if self.writer.is_some() {
            self.write((self.otherwise)());
        }
    }
}

/// Wait until the reader wants something; false when it is gone. (A write of nothing ends when the reader reads.)
pub async fn is_wanted(to: &mut StreamWriter<u8>) -> bool {
    to.write(Vec::new()).await.0 != StreamResult::Dropped
}

/// Wait for what shall go to a reader; None when the reader goes away while the host is waited for.
pub async fn while_wanted<T>(next: impl Future<Output = T>, to: &mut StreamWriter<u8>) -> Option<T> {
    let watch = Watch::blocking();
    let mut next = pin!(next);
    loop {
        match watch.or_rest(next.as_mut()).await {
            Some(value) => return Some(value),
            None if has_gone(to).await => return None,
            None => {}
        }
    }
}

/// Is the reader gone? (A write of nothing is refused then, and else taken or left.)
async fn has_gone(to: &mut StreamWriter<u8>) -> bool {
    let mut write = pin!(to.write(Vec::new()));
    poll_fn(|context| {
        let result = match write.as_mut().poll(context) {
            Poll::Ready((result, _)) => result,
            Poll::Pending => write.as_mut().cancel().0,
        };
        Poll::Ready(result == StreamResult::Dropped)
    })
    .await
}

/// Reads a stream of bytes in pieces that grow with what comes.
pub struct Pieces {
    stream: StreamReader<u8>,
    size: usize,
}

impl Pieces {
    pub fn new(stream: StreamReader<u8>) -> Self {
        Self { stream, size: FIRST_PIECE }
    }

    /// The stream itself, for another reader.
    pub fn into_stream(self) -> StreamReader<u8> {
        self.stream
    }

    /// The next piece; None at the end.
    ///
    /// First waits with a read of nothing: while a larger read is under way the writer could fill it with one piece
    /// after the other and never give way.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if self.stream.read(Vec::new()).await.0 == StreamResult::Dropped {
                return None;
            }
            let (result, piece) = self.stream.read(Vec::with_capacity(self.size)).await;
            if piece.len() == self.size {
                self.size = LARGEST_PIECE.min(self.size * 4);
            }
            match result {
                _ if !piece.is_empty() => return Some(piece),
                StreamResult::Complete(_) => {}
                StreamResult::Dropped | StreamResult::Cancelled => return None,
            }
        }
    }
}
