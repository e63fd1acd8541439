//! Where cases are done again: before servers that do nothing else, and that may be harmed.

use std::{collections::VecDeque, iter, sync::Arc};

use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::{
    case::Case,
    confirm::{self, Patience},
    evidence::Evidence,
    lag::Lag,
    oracle::{Class, Oracle, Oracles},
    server::{Host, Server},
};
use crate::target::TargetError;

/// A place where cases are done before servers of their own: one at a time, or a few side by side.
pub(super) struct Bench<'h> {
    host: &'h Host,
    oracles: &'h Oracles,
    lag: Arc<Lag>,
    /// Those before which cases are done; nothing where the last one was harmed.
    servers: Vec<Option<Server>>,
    /// The next ones, which start while these are harmed.
    next: VecDeque<JoinHandle<Result<Server, TargetError>>>,
}

impl<'h> Bench<'h> {
    pub(super) fn new(host: &'h Host, oracles: &'h Oracles, lag: Arc<Lag>) -> Self {
        Self { host, oracles, lag, servers: vec![None], next: VecDeque::new() }
    }

    /// One with as many servers as are of use where this is looked for.
    pub(super) fn looking_for(self, oracle: Oracle) -> Self {
        /// What crashes does so whatever else the machine does.
        const SIDE_BY_SIDE: usize = 3;
        let many = if oracle.class() == Class::Crash && self.host.is_ours() { SIDE_BY_SIDE } else { 1 };
        Self { servers: iter::repeat_with(|| None).take(many).collect(), ..self }
    }

    /// How many cases can be done side by side, each before a server of its own.
    pub(super) fn breadth(&self) -> usize {
        self.servers.len()
    }

    /// A server that nobody has harmed yet.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) async fn fresh(&mut self) -> Result<(), TargetError> {
        if let Some(server) = self.servers[0].take() {
            server.stop().await;
        }
        self.servers[0] = Some(self.start().await?);
        Ok(())
    }

    async fn start(&mut self) -> Result<Server, TargetError> {
        let next = match self.next.pop_front() {
            Some(next) => next.await.ok(),
            None => None,
        };
        let server = match next {
            Some(Ok(server)) if server.is_well() => server,
            // One that waited too long may have been left by its bystander.
            Some(Ok(server)) => {
                server.stop().await;
                self.host.start().await?
            }
            _ => self.host.start().await?,
        };
        self.starts_ahead(1);
        Ok(server)
    }

    /// Has servers start that are wanted soon.
    fn starts_ahead(&mut self, many: usize) {
        while self.host.is_ours() && self.next.len() < many {
            let host = self.host.clone();
            self.next.push_back(tokio::spawn(async move { host.start().await }));
        }
    }

    /// The server that was fresh last.
    pub(super) fn server(&mut self) -> Option<&mut Server> {
        self.servers[0].as_mut()
    }

    /// Ends the servers; gives the next one, which nobody has harmed.
    pub(super) async fn clear(&mut self) -> Option<Server> {
        for server in self.servers.iter_mut().filter_map(Option::take) {
            server.stop().await;
        }
        let next = self.next.pop_front()?;
        for other in self.next.drain(..) {
            // What it has started ends with it.
            other.abort();
            if let Ok(Ok(server)) = other.await {
                server.stop().await;
            }
        }
        match next.await {
            Ok(Ok(server)) => Some(server),
            _ => None,
        }
    }

    /// Does a case, before a fresh server if the last one was harmed, and says what speaks against the server: what is
    /// wanted, or whatever harms it as a whole.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn tries(
        &mut self,
        case: &Case,
        wanted: Oracle,
        patience: Patience,
    ) -> Result<Option<Evidence>, TargetError> {
        let found = self.tries_each(&[std::slice::from_ref(case)], wanted, patience).await?;
        Ok(found.into_iter().next().flatten())
    }

    /// Does groups of cases side by side, no more than the bench is broad, those of a group at the same time before one
    /// server; and says of each group what a case alone shows, or what harms the server as a whole.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn tries_each(
        &mut self,
        groups: &[&[Case]],
        wanted: Oracle,
        patience: Patience,
    ) -> Result<Vec<Option<Evidence>>, TargetError> {
        let empty: Vec<usize> = (0..groups.len()).filter(|place| self.servers[*place].is_none()).collect();
        self.starts_ahead(empty.len());
        for place in empty {
            self.servers[place] = Some(self.start().await?);
        }
        let (oracles, lag) = (self.oracles, &*self.lag);
        let tries = self.servers.iter_mut().zip(groups).map(async |(place, group)| {
            let server = place.as_mut()?;
            let found = match group {
                [case] => confirm::tried(server, case, wanted, patience, oracles, lag).await,
                few => confirm::tried_together(server, few, wanted, patience, oracles, lag).await,
            };
            if found.as_ref().is_some_and(|evidence| confirm::harms(evidence.oracle))
                && let Some(server) = place.take()
            {
                server.stop().await;
            }
            found
        });
        let found = join_all(tries).await;
        let harmed = self.servers.iter().take(groups.len()).filter(|server| server.is_none()).count();
        self.starts_ahead(1 + harmed);
        Ok(found)
    }

    /// Does a case before a fresh server, so many times: what each of them shows, if all do.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn confirms(
        &mut self,
        case: &Case,
        like: &Evidence,
        patience: Patience,
        times: usize,
    ) -> Result<Option<Evidence>, TargetError> {
        let mut last = None;
        for _ in 0..times {
            // What ends nothing leaves a server as fresh as it was.
            if confirm::harms(like.oracle) || like.oracle.weighs() || last.is_none() {
                self.fresh().await?;
            }
            match self.tries(case, like.oracle, patience).await? {
                Some(evidence) if confirm::is_same(&evidence, like) => last = Some(evidence),
                _ => return Ok(None),
            }
        }
        Ok(last)
    }
}
