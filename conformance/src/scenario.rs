//! A scenario: the acting-out of one rule, over each transport it applies to.

use std::{fmt, future::Future, pin::Pin};

pub use crate::transport::Transport;
use crate::{rule::Rule, stage::Stage, verdict::Check};

/// What a scenario needs from the server beyond the wire protocol; what is not offered is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The testee's contract must reach this level.
    Contract(Contract),
    /// The testee must name this feature.
    Feature(&'static str),
    /// The testee must not name this feature.
    Without(&'static str),
    /// A setting that no handshake announces must be known: only where the runner configured the server.
    Setting(Setting),
}

/// How much of the testee contract a server speaks; each level includes the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Contract {
    /// Any Socket.IO server whose main namespace admits clients.
    Wire,
    /// The events `auth`, `message` and `message-with-ack`.
    Echo,
    /// The event `do`.
    Delivery,
    /// Lost sessions come back.
    Recovery,
}

impl Contract {
    /// The word used in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Contract::Wire => "wire",
            Contract::Echo => "echo",
            Contract::Delivery => "delivery",
            Contract::Recovery => "recovery",
        }
    }
}

/// Settings of a server that its handshake does not announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The time to join a first namespace.
    ConnectTimeout,
    /// The time to finish an upgrade.
    UpgradeTimeout,
    /// The time for which a lost session can come back.
    RecoveryWindow,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Need::Contract(contract) => write!(f, "contract {}", contract.name()),
            Need::Feature(feature) => f.write_str(feature),
            Need::Without(feature) => write!(f, "no {feature}"),
            Need::Setting(Setting::ConnectTimeout) => f.write_str("a known connect time-out"),
            Need::Setting(Setting::UpgradeTimeout) => f.write_str("a known upgrade time-out"),
            Need::Setting(Setting::RecoveryWindow) => f.write_str("a known time to come back"),
        }
    }
}

/// The configuration of the server that a scenario wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// Frequent pings with a forgiving time-out: heartbeats cross every case, slow machines break none.
    Default,
    /// A small payload limit and short time-outs, for rules about these.
    Limits,
    /// No ping for a long time, where one would hide what is looked for.
    Calm,
    /// Lost sessions can come back for a short time.
    Recovery,
    /// Packets are MessagePack.
    Msgpack,
    /// Clients of version 3 of Engine.IO are served too.
    Old,
}

impl Variant {
    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Variant::Default => "default",
            Variant::Limits => "limits",
            Variant::Calm => "calm",
            Variant::Recovery => "recovery",
            Variant::Msgpack => "msgpack",
            Variant::Old => "eio3",
        }
    }
}

/// What running a scenario yields.
pub type Acting<'a> = Pin<Box<dyn Future<Output = Check> + Send + 'a>>;

/// A rule acted out.
pub struct Scenario {
    /// The rule that is judged.
    pub rule: &'static Rule,
    /// The function's name, for traces.
    pub name: &'static str,
    /// The transports it is acted out over, each a case of its own.
    pub over: &'static [Transport],
    /// What the server must offer.
    pub needs: &'static [Need],
    /// The configuration of the server.
    pub variant: Variant,
    /// Whether it is acted out with no other case beside it: one that speaks to everybody would be heard by them.
    pub alone: bool,
    /// Acts it out.
    pub run: for<'a> fn(&'a mut Stage) -> Acting<'a>,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("rule", &self.rule.id)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// Registers the scenarios of a file: `RULE => function over [Polling] needs [ECHO] in Default;`
///
/// With `beside nobody` at the end it is acted out alone.
///
/// The expansion is `pub fn scenarios() -> Vec<Scenario>`; a scenario left out is a `never used` warning.
#[macro_export]
macro_rules! scenarios {
    ($($rule:ident => $run:ident over [$($over:ident),+] $(needs [$($need:expr),+])? $(in $variant:ident)? $(beside $nobody:ident)?;)+) => {
        /// The scenarios of this file.
        pub fn scenarios() -> Vec<$crate::scenario::Scenario> {
            vec![$($crate::scenario::Scenario {
                rule: &$rule,
                name: stringify!($run),
                over: &[$($crate::scenario::Transport::$over),+],
                needs: const { &[$($($need),+)?] },
                variant: $crate::scenarios!(@variant $($variant)?),
                alone: $crate::scenarios!(@alone $($nobody)?),
                run: |stage| Box::pin($run(stage)),
            }),+]
        }
    };
    (@alone) => { false };
    (@alone nobody) => { true };
    (@variant) => { $crate::scenario::Variant::Default };
    (@variant $variant:ident) => { $crate::scenario::Variant::$variant };
}

/// The needs that scenarios name most.
pub mod needs {
    use super::{Contract, Need, Setting};

    /// `auth`, `message` and `message-with-ack`.
    pub const ECHO: Need = Need::Contract(Contract::Echo);
    /// The event `do`.
    pub const DELIVERY: Need = Need::Contract(Contract::Delivery);
    /// Lost sessions come back.
    pub const RECOVERY: Need = Need::Contract(Contract::Recovery);
    /// Arrivals and departures are told.
    pub const WATCH: Need = Need::Feature("watch");
    /// The time to join a first namespace is known.
    pub const CONNECT_TIMEOUT: Need = Need::Setting(Setting::ConnectTimeout);
    /// The time to finish an upgrade is known.
    pub const UPGRADE_TIMEOUT: Need = Need::Setting(Setting::UpgradeTimeout);

    /// The time for which a lost session can come back is known.
    pub const RECOVERY_WINDOW: Need = Need::Setting(Setting::RecoveryWindow);

    /// A feature the testee names in `about`.
    pub const fn feature(name: &'static str) -> Need {
        Need::Feature(name)
    }
}
