//! Reports: one stream of [`Event`]s, and a renderer for each kind of reader.
//!
//! The runner never prints. It tells a [`Reports`] what happens, and every [`Reporter`] in it makes of the
//! same events what its readers want: a terminal page, JSON lines, JUnit, a Markdown summary, an HTML page. Since the JSON
//! lines are the events themselves, a recorded run can be rendered again.

pub mod event;
pub(crate) mod html;
mod human;
mod json;
mod junit;
mod markdown;
mod output;
mod tally;
pub(crate) mod text;

pub use event::Event;
pub use html::Html;
pub use human::{Human, Page};
pub use json::{JsonLines, ReadError, read};
pub use junit::Junit;
pub use markdown::Markdown;
pub use output::{Kind, OpenError, Reporter, Reports, Spec};
