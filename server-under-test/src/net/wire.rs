//! The two halves of the connection below a websocket.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf, ReadHalf, WriteHalf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// What is read from.
#[derive(Debug)]
pub(super) enum Reader {
    Tcp(OwnedReadHalf),
    /// Whatever else an HTTP server may run on.
    Other(Box<ReadHalf<TokioIo<Upgraded>>>),
}

/// What is written to.
#[derive(Debug)]
pub(super) enum Writer {
    Tcp(OwnedWriteHalf),
    Other(Box<WriteHalf<TokioIo<Upgraded>>>),
}

/// The halves of an upgraded connection, and what was read already.
pub(super) fn split(upgraded: Upgraded) -> (Reader, Writer, Vec<u8>) {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => {
            let (reader, writer) = parts.io.into_inner().into_split();
            (Reader::Tcp(reader), Writer::Tcp(writer), parts.read_buf.to_vec())
        }
        Err(upgraded) => {
            let (reader, writer) = tokio::io::split(TokioIo::new(upgraded));
            (Reader::Other(Box::new(reader)), Writer::Other(Box::new(writer)), Vec::new())
        }
    }
}

impl Reader {
    /// Reads what is there; nothing means that the peer has closed its side.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let read = match self {
            Self::Tcp(half) => Pin::new(half).poll_read(cx, &mut buffer),
            Self::Other(half) => Pin::new(half).poll_read(cx, &mut buffer),
        };
        read.map_ok(|()| buffer.filled().len())
    }
}

impl Writer {
    /// Writes what the connection takes at once. If it takes nothing, [`Writer::poll_ready`] tells when it may.
    pub(super) fn try_write(&mut self, bytes: &[IoSlice<'_>], waker: &Waker) -> io::Result<Option<usize>> {
        let written = match self {
            Self::Tcp(half) => match bytes {
                [bytes] => half.try_write(bytes),
                _ => half.try_write_vectored(bytes),
            },
            Self::Other(half) => {
                match Pin::new(half).poll_write_vectored(&mut Context::from_waker(waker), bytes) {
                    Poll::Ready(written) => written,
                    Poll::Pending => return Ok(None),
                }
            }
        };
        match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => Ok(Some(written)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until more can be written, or may be tried again.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Tcp(half) => half.as_ref().poll_write_ready(cx).map(|_| ()),
            // Its last attempt has left the waker.
            Self::Other(_) => Poll::Ready(()),
        }
    }

    /// Hands on what an encrypted connection may keep back.
    pub(super) fn flush(&mut self, waker: &Waker) {
        if let Self::Other(half) = self {
            // Whatever fails here fails again at the next attempt to write.
            let _ = Pin::new(half).poll_flush(&mut Context::from_waker(waker));
        }
    }

    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(half) => half.write_all(bytes).await,
            Self::Other(half) => {
                half.write_all(bytes).await?;
                half.flush().await
            }
        }
    }

    /// Says that nothing more will come.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(half) => half.shutdown().await,
            Self::Other(half) => half.shutdown().await,
        }
    }
}
