//! Slices of text that are proven to be one JSON value (RFC 8259).
//!
//! [`Json`] is made by one scan of the text; from then on the text is only cut, never checked again.

mod nesting;
mod number;
mod scan;
mod skip;
mod string;
mod unescape;
mod value;
pub(crate) mod window;

pub(crate) use scan::{Name, Named, scan, scan_named, skip_blanks};
pub(crate) use skip::string as skip_string;
pub use unescape::{Chars, JsonStr, quote};
pub use value::{Elements, Json, Kind, Members};
