//! Compressed bodies.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};

/// How a body can be compressed (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
}

impl Coding {
    /// What a client takes, out of its Accept-Encoding header; gzip, if it takes both.
    pub(super) fn accepted(header: &str) -> Option<Self> {
        let takes = |wanted: &str| {
            header.split(',').any(|offer| {
                let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
                let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse().ok());
                name.trim().eq_ignore_ascii_case(wanted) && weight.is_none_or(|weight: f32| weight > 0.0)
            })
        };
        [Self::Gzip, Self::Deflate].into_iter().find(|coding| takes(coding.name()))
    }

    /// The name in Content-Encoding.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    pub(super) fn compress(self, body: &[u8]) -> Bytes {
        const WHY: &str = "memory takes every byte";
        let out = Vec::with_capacity(body.len() / 2);
        let packed = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(out, Compression::fast());
                encoder.write_all(body).expect(WHY);
                encoder.finish().expect(WHY)
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(out, Compression::fast());
                encoder.write_all(body).expect(WHY);
                encoder.finish().expect(WHY)
            }
        };
        packed.into()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::{GzDecoder, ZlibDecoder};

    use super::Coding;

    #[test]
    fn clients_say_what_they_take() {
        for (header, coding) in [
            ("gzip, deflate, br", Some(Coding::Gzip)),
            ("br;q=1.0, deflate;q=0.5", Some(Coding::Deflate)),
            ("GZIP;q=0, deflate", Some(Coding::Deflate)),
            ("identity", None),
            ("", None),
            ("gzip;q=0.000", None),
        ] {
            assert_eq!(Coding::accepted(header), coding, "{header}");
        }
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let body = "long ".repeat(1000);
        let (gzip, deflate) =
            (Coding::Gzip.compress(body.as_bytes()), Coding::Deflate.compress(body.as_bytes()));
        assert!(gzip.len() < 200 && deflate.len() < 200);
        let mut back = String::new();
        GzDecoder::new(&*gzip).read_to_string(&mut back).unwrap();
        ZlibDecoder::new(&*deflate).read_to_string(&mut back).unwrap();
        assert_eq!(back, body.repeat(2));
    }
}
