//! HTTP/1.1 as far as a client that sends anything has to know it: where a request ends that we sent, and where a reply.

/// What was sent on a connection, read as a server reads it.
#[derive(Debug, Default)]
pub(in crate::live) struct Sent {
    /// What belongs to no whole request yet.
    rest: Vec<u8>,
    /// Nothing more is understood: it is no HTTP, or something else now.
    done: bool,
}

/// A request that is whole.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::live) struct Whole {
    /// The method.
    pub(in crate::live) method: String,
    /// The target.
    pub(in crate::live) target: String,
    /// Bytes of its body.
    pub(in crate::live) body_bytes: usize,
    /// Whether it asks to become a WebSocket.
    pub(in crate::live) upgrades: bool,
}

/// How the body of a reply ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::live) enum Framing {
    /// After so many bytes.
    Length(usize),
    /// With a last chunk.
    Chunked,
    /// With the connection.
    Close,
}

/// What is kept of what was sent.
const MOST_BYTES: usize = 4 << 20;
/// Most headers that are understood.
const MOST_HEADERS: usize = 64;

impl Sent {
    /// Takes in what is sent; gives the requests that are whole by now, and whether all of it is understood.
    pub(in crate::live) fn takes(&mut self, bytes: &[u8]) -> (Vec<Whole>, bool) {
        let mut whole = Vec::new();
        if self.done {
            return (whole, false);
        }
        self.rest.extend_from_slice(bytes);
        self.done = self.rest.len() > MOST_BYTES;
        while !self.done && !self.rest.is_empty() {
            match self.next() {
                Ok(Some(request)) => {
                    // What comes after it is not HTTP, if the server agrees.
                    self.done = request.upgrades;
                    whole.push(request);
                    if self.done {
                        return (whole, true);
                    }
                }
                Ok(None) => return (whole, true),
                Err(()) => self.done = true,
            }
        }
        (whole, !self.done)
    }

    fn next(&mut self) -> Result<Option<Whole>, ()> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let head = match request.parse(&self.rest) {
            Ok(httparse::Status::Complete(head)) => head,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(()),
        };
        let value = |name: &str| {
            let mut values = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
            let first = values.next().map(|header| String::from_utf8_lossy(header.value).trim().to_owned());
            (first, values.next().is_some())
        };
        // What a server may take in several ways is not judged.
        const ODD: [&str; 3] = ["transfer-encoding", "expect", "keep-alive"];
        let (length, twice) = value("content-length");
        let odd =
            ODD.iter().any(|name| value(name).0.is_some()) || value("host").0.is_none() || value("host").1;
        let (version, method, target) = (request.version, request.method, request.path);
        let (Some(1), Some(method), Some(target), false, false) = (version, method, target, odd, twice)
        else {
            return Err(());
        };
        if !matches!(method, "GET" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "HEAD" | "PATCH") {
            return Err(());
        }
        let body_bytes = match length {
            None => 0,
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                length.parse().map_err(drop)?
            }
            Some(_) => return Err(()),
        };
        let upgrades = value("upgrade").0.is_some();
        let whole = Whole { method: method.to_owned(), target: target.to_owned(), body_bytes, upgrades };
        if self.rest.len() - head < body_bytes {
            return Ok(None);
        }
        self.rest.drain(..head + body_bytes);
        Ok(Some(whole))
    }
}

/// The head of a reply: its status, its length in bytes, and how its body ends. Nothing as long as it is not whole.
///
/// # Errors
/// It is no HTTP.
pub(in crate::live) fn head_of(bytes: &[u8], of_head: bool) -> Result<Option<(u16, usize, Framing)>, ()> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(bytes).map_err(drop)? {
        httparse::Status::Complete(head) => head,
        httparse::Status::Partial => return Ok(None),
    };
    let status = response.code.unwrap_or_default();
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let framing = if of_head || status < 200 || status == 204 || status == 304 {
        Framing::Length(0)
    } else if value("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        Framing::Chunked
    } else {
        value("content-length")
            .and_then(|value| value.trim().parse().ok())
            .map_or(Framing::Close, Framing::Length)
    };
    Ok(Some((status, head, framing)))
}

/// A chunked body from its beginning: the body and how many bytes it took; nothing as long as it is not whole.
///
/// # Errors
/// A size is broken.
pub(in crate::live) fn chunks_of(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, ()> {
    let (mut body, mut read) = (Vec::new(), 0);
    loop {
        let rest = bytes.get(read..).unwrap_or_default();
        let httparse::Status::Complete((head, size)) = httparse::parse_chunk_size(rest).map_err(drop)? else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(drop)?;
        let end = head.checked_add(size).ok_or(())?;
        let Some(chunk) = rest.get(head..end) else { return Ok(None) };
        if rest.len() < end + 2 {
            return Ok(None);
        }
        body.extend_from_slice(chunk);
        read += end + 2;
        if size == 0 {
            return Ok(Some((body, read)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_in_pieces_and_in_a_row() {
        let mut sent = Sent::default();
        assert_eq!(sent.takes(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Le"), (vec![], true));
        let (whole, understood) = sent.takes(b"ngth: 2\r\n\r\nabGET /y HTTP/1.1\r\nhost:b\r\n\r\n");
        assert!(understood);
        let found: Vec<_> = whole.iter().map(|whole| (whole.target.as_str(), whole.body_bytes)).collect();
        assert_eq!(found, [("/x", 2), ("/y", 0)]);
    }

    #[test]
    fn what_can_be_taken_in_several_ways_is_not_understood() {
        for head in ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "nonsense\r\n\r\n"] {
            assert_eq!(Sent::default().takes(head.as_bytes()), (vec![], false), "{head:?}");
        }
        let twice = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
        assert_eq!(Sent::default().takes(twice), (vec![], false));
    }

    #[test]
    fn chunks_are_put_together() {
        assert_eq!(chunks_of(b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\nrest"), Ok(Some((b"abc".to_vec(), 18))));
        assert_eq!(chunks_of(b"2\r\nab\r\n1\r\nc\r\n0\r\n"), Ok(None));
        assert_eq!(chunks_of(b"zz\r\n"), Err(()));
    }
}
