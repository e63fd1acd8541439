//! The network fuzzer: attackers that do what no client does, and a bystander that must keep getting its echo.
//!
//! A case is a list of steps of one to four attackers, in the words of transcripts ([`crate::siot`]). Cases are drawn
//! from a seed (`generate`), done (`perform`) and looked at by oracles (`oracle`, `judge`). Many are done at the
//! same time, so that whatever harms the server as a whole is found out about by doing the suspects again, a few at a
//! time, before fresh servers (`bench`, `confirm`). What takes up memory, descriptors, threads or time is found by
//! doing one case many times over while nothing else goes on (`weigh`). A finding is made smaller (`minimise`),
//! written down as a transcript, and fenced off so that others behind it are found too (`fence`).

mod amplify;
mod bench;
mod bystander;
mod campaign;
mod case;
mod confirm;
mod evidence;
mod fence;
mod finding;
mod generate;
mod ground;
mod judge;
mod known;
mod lag;
mod minimise;
mod oracle;
mod perform;
mod reaction;
mod server;
mod stderr;
mod vitals;
mod weigh;
mod wire;

pub use self::{
    campaign::{Campaign, Progress, Report, Watcher},
    case::Case,
    confirm::replay,
    evidence::Evidence,
    finding::Finding,
    generate::Generator,
    ground::Ground,
    known::Known,
    oracle::{Class, Oracle, Oracles},
    server::{Command, Host},
};
