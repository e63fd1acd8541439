//! A connection that does everything in pieces.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// A stream in memory, of which every read and every write does as much as the next number allows: nothing yet if that
/// is 0, as many bytes otherwise. Once the numbers have run out it does whatever is asked.
#[derive(Debug)]
pub(super) struct Choppy {
    stream: DuplexStream,
    reads: std::vec::IntoIter<u8>,
    writes: std::vec::IntoIter<u8>,
}

impl Choppy {
    pub(super) fn new(stream: DuplexStream, reads: Vec<u8>, writes: Vec<u8>) -> Self {
        Self { stream, reads: reads.into_iter(), writes: writes.into_iter() }
    }
}

/// How much may be done now.
fn allowed(numbers: &mut std::vec::IntoIter<u8>, cx: &Context<'_>) -> Poll<usize> {
    match numbers.next() {
        None => Poll::Ready(usize::MAX),
        Some(0) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Some(bytes) => Poll::Ready(usize::from(bytes)),
    }
}

impl AsyncRead for Choppy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Poll::Ready(bytes) = allowed(&mut self.reads, cx) else { return Poll::Pending };
        let mut piece = vec![0; bytes.min(buffer.remaining())];
        let mut piece = ReadBuf::new(&mut piece);
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut piece);
        buffer.put_slice(piece.filled());
        read
    }
}

impl AsyncWrite for Choppy {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Poll::Ready(allowed) = allowed(&mut self.writes, cx) else { return Poll::Pending };
        let piece = bytes.get(..allowed).unwrap_or(bytes);
        Pin::new(&mut self.stream).poll_write(cx, piece)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
