//! Connections of attackers: whatever is written goes out as it is, and whatever comes back is noted.

mod frame;
mod http;
mod line;
mod log;

pub(super) use self::{
    frame::frame,
    line::{Line, is_kept_whole},
    log::{Ended, Exchange, Heard, LineLog, Log, MOST_HEARD, Seen, What},
};
