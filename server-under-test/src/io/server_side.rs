//! Events between the nodes of a cluster, which no client sees.

use std::{error::Error, fmt};

use serde::Serialize;
use siospec_codec::socket::Args;

use super::{Answer, Operator, WriteError, operator::check_name, write};
use crate::{hub::NODES_WAIT, socket::value::Value};

impl Operator {
    /// Sends an event to the other nodes of the cluster, but to no client: for the handlers that the application has there
    /// with [`Namespace::on_server_side`](super::Namespace::on_server_side). Only the namespace counts, not whom the
    /// operator addresses in it. Without a cluster nothing is sent.
    ///
    /// # Errors
    ///
    /// As [`Operator::emit`].
    pub fn server_side_emit(&self, event: &str, args: impl Serialize) -> Result<(), WriteError> {
        let args = self::event(event, &args)?;
        self.app.act(|hub| {
            if let Some(namespace) = self.place(hub) {
                hub.server_side_emit(namespace, args, None);
            }
        });
        Ok(())
    }

    /// As [`Operator::server_side_emit`], and waits for one acknowledgement of every other node: the first value of each, in
    /// the order they came. Without other nodes there are none, and nothing is waited for.
    ///
    /// A node that goes away is not waited for any more, nor is one where the namespace, a dynamic one, does not exist. One
    /// without a handler that answers is waited for until the time is over.
    ///
    /// # Errors
    ///
    /// As [`Operator::emit`]; or a node did not answer in time, and then what the others said is part of the error.
    pub async fn server_side_ask(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Vec<Answer>, ServerSideError> {
        let args = self::event(event, &args)?;
        let (purpose, answers) = self.app.expect_answers();
        let asked = self.app.act(|hub| {
            let place = self.place(hub);
            place.map(|at| hub.server_side_emit(at, args, Some((purpose, self.wait.unwrap_or(NODES_WAIT)))))
        });
        if asked.is_none() {
            self.app.give_up(purpose);
        }
        match self.app.unless_stopped(answers).await {
            Some(answers) if !answers.timed_out => Ok(answers.responses),
            answers => Err(ServerSideError::TimedOut(answers.map(|it| it.responses).unwrap_or_default())),
        }
    }
}

/// Why not every other node answered.
#[derive(Clone, Debug)]
pub enum ServerSideError {
    /// What was to be sent cannot be.
    Write(WriteError),
    /// A node did not answer in time, or none can any more: there is no such namespace, or the server is gone. With what
    /// the others answered until the time was over.
    TimedOut(Vec<Answer>),
}

impl From<WriteError> for ServerSideError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl fmt::Display for ServerSideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(error) => error.fmt(f),
            Self::TimedOut(responses) => {
                write!(f, "not every node answered in time, only {}", responses.len())
            }
        }
    }
}

impl Error for ServerSideError {}

fn event(name: &str, args: &impl Serialize) -> Result<Value, WriteError> {
    check_name(name)?;
    let event = write::event(name, args)?;
    read(&event)?;
    Ok(event)
}

/// The first value of an acknowledgement, null if there is none: other nodes are told no more of it.
pub(super) fn answer(values: &(impl Serialize + ?Sized)) -> Result<Value, WriteError> {
    let values = write::answer(values)?;
    Ok(Value::nth(read(&values)?, 0, values.attachments()))
}

/// Reads a list as the other side will, which takes nothing that is nested too deeply.
fn read(list: &Value) -> Result<Args<'_>, WriteError> {
    Args::new(list.as_json()).map_err(|error| WriteError::new(error.to_string()))
}
