//! Functions as handlers.

use std::{
    error::Error,
    fmt::{self, Display},
    future::Future,
    pin::Pin,
    sync::Arc,
};

use serde::Serialize;

use super::{
    Rejection, WriteError,
    extract::{FromMessage, Message},
    write,
};

/// What went wrong in a handler. It is logged.
pub type Failure = Box<dyn Error + Send + Sync>;

pub(super) type Outcome<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;
pub(super) type Handling = Box<dyn Fn(Arc<Message>) -> Outcome<Failure> + Send + Sync>;
pub(super) type Checking = Box<dyn Fn(Arc<Message>) -> Outcome<Failure> + Send + Sync>;
pub(super) type Admitting = Box<dyn Fn(Arc<Message>) -> Outcome<Refused> + Send + Sync>;

/// The answer to a client that may not join: a CONNECT_ERROR with this message and these data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub(super) message: String,
    pub(super) data: Option<String>,
}

impl Refused {
    /// A refusal without data.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// A refusal with data.
    ///
    /// # Errors
    ///
    /// The data cannot be JSON, or hold bytes: no attachments follow a refusal.
    pub fn with_data(message: impl Into<String>, data: &impl Serialize) -> Result<Self, WriteError> {
        let data = write::without_bytes(data)?;
        Ok(Self { message: message.into(), data: Some(data) })
    }
}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Refused {}

/// What handlers may return: nothing, or a result whose error is logged.
pub trait IntoOutcome {
    /// The result.
    ///
    /// # Errors
    ///
    /// What went wrong.
    fn into_outcome(self) -> Result<(), Failure>;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<E: Into<Failure>> IntoOutcome for Result<(), E> {
    fn into_outcome(self) -> Result<(), Failure> {
        self.map_err(Into::into)
    }
}

/// An async function of up to six things that are [taken from the message](FromMessage).
///
/// Where one of them cannot be taken, the function is not called, and the reason is logged; take a
/// `Result<…, Rejection>` to see to it yourself.
pub trait Handler<M>: Send + Sync + Sized + 'static {
    #[doc(hidden)]
    fn erase(self) -> Handling;
}

/// An async function like a [`Handler`], that sees events before they are handled and may refuse them.
pub trait Before<M>: Send + Sync + Sized + 'static {
    #[doc(hidden)]
    fn erase(self) -> Checking;
}

/// An async function like a [`Handler`], that decides whether a client may join.
pub trait Admit<M>: Send + Sync + Sized + 'static {
    #[doc(hidden)]
    fn erase(self) -> Admitting;
}

macro_rules! functions {
    ($($part:ident $value:ident)*) => {
        impl<$($part: FromMessage,)*> FromMessage for ($($part,)*) {
            fn from_message(_message: &Message) -> Result<Self, Rejection> {
                Ok(($($part::from_message(_message)?,)*))
            }
        }

        impl<F, R, $($part,)*> Handler<($($part,)*)> for F
        where
            F: Fn($($part,)*) -> R + Clone + Send + Sync + 'static,
            R: Future + Send + 'static,
            R::Output: IntoOutcome,
            $($part: FromMessage + Send + 'static,)*
        {
            fn erase(self) -> Handling {
                Box::new(move |message| {
                    let function = self.clone();
                    Box::pin(async move {
                        let ($($value,)*) = FromMessage::from_message(&message)?;
                        function($($value,)*).await.into_outcome()
                    })
                })
            }
        }

        impl<F, R, E, $($part,)*> Before<($($part,)*)> for F
        where
            F: Fn($($part,)*) -> R + Clone + Send + Sync + 'static,
            R: Future<Output = Result<(), E>> + Send + 'static,
            E: Into<Failure>,
            $($part: FromMessage + Send + 'static,)*
        {
            fn erase(self) -> Checking {
                Handler::erase(self)
            }
        }

        impl<F, R, $($part,)*> Admit<($($part,)*)> for F
        where
            F: Fn($($part,)*) -> R + Clone + Send + Sync + 'static,
            R: Future<Output = Result<(), Refused>> + Send + 'static,
            $($part: FromMessage + Send + 'static,)*
        {
            fn erase(self) -> Admitting {
                Box::new(move |message| {
                    let function = self.clone();
                    Box::pin(async move {
                        // What a client sends that makes no sense here is no reason to let it in.
                        let taken = FromMessage::from_message(&message);
                        let ($($value,)*) = taken.map_err(|error| Refused::new(error.to_string()))?;
                        function($($value,)*).await
                    })
                })
            }
        }
    };
}

functions!();
functions!(A a);
functions!(A a B b);
functions!(A a B b C c);
functions!(A a B b C c D d);
functions!(A a B b C c D d G g);
functions!(A a B b C c D d G g H h);
