//! Transcripts that can be read, edited and played again: the text format `.siot`.
//!
//! A file begins with `siot 1`. Then come fields, `name: value`, that say which case it is about; then the steps, one a
//! line: who, which way, what. What stands behind `#` at the beginning of a line is a remark.
//!
//! ```text
//! alice > open websocket                     an act of ours
//! alice < 0{"sid":"$sid1"}                   what has to come for the acting to go on
//! alice > send 42["message","hello"]
//! wait 300 ms
//! alice ! 42["message-back","hello"]         the judged step: what is due, and nothing else will do
//! alice ? 42["message-back","hullo"]         what came instead when the file was written
//! ```
//!
//! `~` in the place of `!` is what the reference server does there: something third is neither right nor wrong.
//! `+` goes on with the step above it: a further packet, a header, a body.
//!
//! A request is of the Socket.IO path: `request GET "EIO=4&transport=polling"` with this query; where the text begins with
//! a slash, of a file below the path, such as `request GET "/socket.io.js"`.
//!
//! `closed` is the end of a connection in whatever way, `closed 1000` that with a close frame of this status code.
//!
//! `$name` stands for a value that differs from run to run: bound where it is first seen, the same wherever it is seen
//! or sent again, and never the same as another variable. `$*` stands for anything, `$$` for a dollar sign. `$tag` and
//! `$digits` are the prefix of this run's own rooms and events, and the digits in it; `$digits0` are those with another 0
//! behind them, which name a second namespace.

mod model;
mod parse;
mod pattern;
mod write;

#[cfg(feature = "judge")]
pub(crate) use self::pattern::{SOCKETS, UNORDERED};
pub use self::{
    model::{Act, Data, Field, Item, Role, Script, See, Sight, Status, Step},
    parse::{ParseError, parse},
    pattern::{ANYTHING, Bindings, escape, variables},
};
