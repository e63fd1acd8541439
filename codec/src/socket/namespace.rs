//! Names of namespaces.

use crate::{DecodeError, ErrorKind};
use core::fmt;

/// The name of a namespace: begins with a slash and holds no comma.
///
/// Kept verbatim, query string, blanks and all: the protocol text is silent, observed in
/// socket.io-parser 4.2.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace<'a>(&'a str);

impl<'a> Namespace<'a> {
    /// The main namespace, `/`, which packets leave out.
    pub const ROOT: Namespace<'static> = Namespace("/");

    /// A namespace of this name.
    ///
    /// # Errors
    /// [`InvalidNamespace`](ErrorKind::InvalidNamespace) where a slash lacks or a comma is.
    pub fn new(name: &'a str) -> Result<Self, DecodeError> {
        if !name.starts_with('/') {
            return Err(DecodeError::new(ErrorKind::InvalidNamespace, 0));
        }
        match memchr::memchr(b',', name.as_bytes()) {
            Some(comma) => Err(DecodeError::new(ErrorKind::InvalidNamespace, comma)),
            None => Ok(Self(name)),
        }
    }

    /// A name that the packet grammar already delimits.
    pub(super) const fn proven(name: &'a str) -> Self {
        Self(name)
    }

    /// The name, with its slash.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The name without its query string, and the query string without its question mark.
    ///
    /// Clients of version 4 of the protocol may append one: Socket.IO protocol, version 4, "CONNECT". In
    /// version 5 it is part of the name.
    #[must_use]
    pub fn split_query(self) -> (Self, Option<&'a str>) {
        match self.0.split_once('?') {
            Some((name, query)) => (Self(name), Some(query)),
            None => (self, None),
        }
    }

    /// Whether this is the main namespace.
    #[must_use]
    pub fn is_root(self) -> bool {
        self == Self::ROOT
    }
}

impl Default for Namespace<'_> {
    fn default() -> Self {
        Self::ROOT
    }
}

impl fmt::Display for Namespace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl PartialEq<str> for Namespace<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Namespace<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
