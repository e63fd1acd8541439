//! The servers that are explored.

use std::sync::Arc;

use super::{
    super::{Recipe, Ways},
    Limits,
};
use crate::{
    contract::About,
    scenario::{Contract, Variant},
    stage::Site,
    target::{Approach, Running, Target, TargetError},
};

/// A server in one configuration.
#[derive(Debug)]
pub struct Ground {
    running: Running,
    /// Its configuration.
    pub variant: Variant,
}

/// Starts the servers: with and without recovery, where we start them and they offer it.
pub(super) async fn open(
    target: &Target,
    approach: &Approach,
    limits: &Limits,
) -> Result<Vec<Ground>, TargetError> {
    let plain =
        Ground { running: target.start(Variant::Default, approach).await?, variant: Variant::Default };
    if plain.site().contract < Contract::Delivery {
        let error = TargetError::ContractMissing(format!(
            "the server speaks the contract {}, and to explore it takes delivery; see `siospec contract`",
            plain.site().contract.name()
        ));
        plain.close().await;
        return Err(error);
    }
    let mut grounds = vec![plain];
    let wanted = !limits.without.iter().any(|way| way == "recovery") && stated_enough(approach);
    if target.has_variants() && wanted {
        match target.start(Variant::Recovery, approach).await {
            Ok(running) if running.site.recovers() => {
                grounds.push(Ground { running, variant: Variant::Recovery });
            }
            Ok(running) => running.stop().await,
            Err(error) => {
                for ground in grounds {
                    ground.close().await;
                }
                return Err(error);
            }
        }
    }
    Ok(grounds)
}

/// Whether what was stated of the server leaves room for recovery.
fn stated_enough(approach: &Approach) -> bool {
    approach.contract.is_none_or(|contract| contract >= Contract::Recovery)
}

impl Ground {
    /// Where it is and what it offers.
    pub fn site(&self) -> &Arc<Site> {
        &self.running.site
    }

    /// What it calls itself.
    pub fn about(&self) -> &About {
        &self.running.about
    }

    /// What plans for it are made of.
    pub(in crate::explore) fn recipe(&self, limits: &Limits) -> Recipe {
        let ways = Ways::of(self.site());
        let ways = limits.without.iter().fold(ways, |ways, name| ways.without(name).unwrap_or(ways));
        let over = limits.transports.iter().copied().filter(|over| self.offers(*over)).collect();
        Recipe { ways, over, clients: limits.clients }
    }

    fn offers(&self, over: crate::scenario::Transport) -> bool {
        use crate::scenario::Transport::{Polling, Upgraded, Websocket};
        let features = &self.site().features;
        let needed: &[&str] = match over {
            Polling => &["polling"],
            Websocket => &["websocket"],
            Upgraded => &["polling", "websocket", "upgrade"],
        };
        needed.iter().all(|feature| features.contains(*feature))
    }

    /// Ends it, if we started it.
    pub(super) async fn close(self) {
        self.running.stop().await;
    }
}

/// Which of the servers a plan is for.
pub(super) fn of(number: u64, grounds: usize) -> usize {
    usize::try_from(number % grounds as u64).unwrap_or_default()
}

/// The seed of one plan.
pub(super) fn seed(seed: u64, number: u64) -> u64 {
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number
}
