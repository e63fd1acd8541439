//! Engine.IO without Socket.IO: every message goes back as it came. The test suite of the Engine.IO protocol wants this.

use super::{Admission, Applicant, Application, Event};
use crate::{
    adapter::Found,
    engine::{
        outbox::Frame,
        signals::{Outgoing, Reason},
    },
    hub::{AskingNode, Hub},
    socket::{
        acks::Collected,
        namespace::{AckPurpose, FindPurpose, NamespaceId, SocketRef},
        value::Value,
    },
};

/// See [`self`].
#[derive(Debug)]
pub(crate) struct EngineEcho;

/// A message on its way back.
pub(crate) fn echo(message: Frame) -> Outgoing {
    let head = match message {
        Frame::Text(text) => Frame::text(format!("4{}", text.as_str())),
        binary @ Frame::Binary(_) => binary,
    };
    Outgoing::new(head)
}

/// No client gets to a namespace, so nothing of this is called.
impl Application for EngineEcho {
    fn is_raw(&self) -> bool {
        true
    }

    fn namespaces(&self) -> Vec<&str> {
        vec!["/"]
    }

    fn is_dynamic(&self, _: &str) -> bool {
        false
    }

    fn admit(&self, _: &Applicant<'_>) -> Admission {
        Admission::Granted
    }

    fn on_connection(&self, _: &mut Hub, _: SocketRef) {}

    fn on_disconnecting(&self, _: &mut Hub, _: SocketRef, _: Reason) {}

    fn on_event(&self, _: &mut Hub, _: SocketRef, _: Event<'_>) {}

    fn on_server_side(&self, _: &mut Hub, _: NamespaceId, _: Value, _: Option<AskingNode>) {}

    fn on_answers(&self, _: &mut Hub, _: Collected<AckPurpose>, _: bool) {}

    fn on_found(&self, _: &mut Hub, _: FindPurpose, _: Result<Vec<Found>, usize>) {}
}
