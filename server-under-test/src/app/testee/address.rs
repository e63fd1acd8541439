//! Whom a command addresses: the operator chain of the server API.

use std::{borrow::Cow, time::Duration};

use siospec_codec::json::{Json, JsonStr};

use crate::{
    engine::signals::Manner,
    fault::Fault,
    hub::Hub,
    socket::{
        audience::Audience,
        namespace::{NamespaceId, SocketKey, SocketRef},
    },
};

/// The longest time that a command may wait for acknowledgements.
const MAX_TIMEOUT_MS: f64 = 86_400_000.0;

/// A command as it came: an object whose members are read by name.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) Json<'a>);

impl<'a> Fields<'a> {
    pub(super) fn get(self, name: &str) -> Option<Json<'a>> {
        self.0.get(name)
    }

    pub(super) fn flag(self, name: &str) -> bool {
        self.get(name).and_then(Json::as_bool) == Some(true)
    }

    pub(super) fn text(self, name: &str) -> Result<Option<Cow<'a, str>>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.as_json_str().map(JsonStr::unescape);
        text.map(Some).ok_or_else(|| format!("{name} must be a string"))
    }

    pub(super) fn texts(self, name: &str) -> Result<Vec<String>, String> {
        let wrong = || format!("{name} must be a list of strings");
        let Some(value) = self.get(name) else { return Err(wrong()) };
        let text = |value: Json<'_>| value.as_json_str().map(|text| text.unescape().into_owned());
        value.elements().and_then(|elements| elements.map(text).collect()).ok_or_else(wrong)
    }

    fn texts_or_none(self, name: &str) -> Result<Vec<String>, String> {
        if self.get(name).is_none() { Ok(Vec::new()) } else { self.texts(name) }
    }
}

/// The addressed sockets.
pub(super) struct Address {
    pub(super) namespace: NamespaceId,
    pub(super) to: Vec<String>,
    pub(super) except: Vec<String>,
    pub(super) manner: Manner,
    /// Only sockets of this node.
    pub(super) local: bool,
    pub(super) timeout: Option<Duration>,
    /// `via: "server"`.
    pub(super) by_server: bool,
    /// Just the socket itself, with none of the operators that turn it into an audience.
    pub(super) is_self: bool,
    caller: SocketRef,
}

impl Address {
    pub(super) fn read(hub: &Hub, caller: SocketRef, fields: Fields<'_>) -> Result<Self, String> {
        let by_server = match fields.text("via")?.as_deref() {
            None | Some("socket") => false,
            Some("server") => true,
            Some(other) => return Err(format!("unknown via {other:?}")),
        };
        let broadcast = fields.flag("broadcast");
        if by_server && broadcast {
            return Err("broadcast needs via socket".to_owned());
        }
        let namespace = match fields.text("namespace")? {
            None => caller.namespace,
            Some(_) if !by_server => return Err("namespace needs via server".to_owned()),
            Some(name) => hub.find_namespace(&name).ok_or_else(|| format!("no namespace {name:?}"))?,
        };
        let timeout = match fields.get("timeout").map(Json::as_f64) {
            None => None,
            Some(Some(ms)) => Some(Duration::from_secs_f64(ms.clamp(0.0, MAX_TIMEOUT_MS) / 1000.0)),
            Some(None) => return Err("timeout must be a number".to_owned()),
        };
        let (to, except) = (fields.texts_or_none("to")?, fields.texts_or_none("except")?);
        let local = fields.flag("local");
        // `socket.local` speaks to the others of this node, as `socket.broadcast` does to the others of all.
        let is_self = !by_server && !broadcast && !local && to.is_empty() && except.is_empty();
        let compress = fields.get("compress").and_then(Json::as_bool) != Some(false);
        let manner = Manner { volatile: fields.flag("volatile"), compress };
        Ok(Self { namespace, to, except, manner, local, timeout, by_server, is_self, caller })
    }

    /// For the commands that look up or move sockets: there is no such operation on the socket itself.
    pub(super) fn read_others(hub: &Hub, caller: SocketRef, fields: Fields<'_>) -> Result<Self, String> {
        let address = Self::read(hub, caller, fields)?;
        if address.is_self { Err("the address is just this socket".to_owned()) } else { Ok(address) }
    }

    /// The audience; a socket that speaks for itself is not part of it.
    pub(super) fn audience(&self) -> Audience<'_> {
        let without = (!self.by_server).then_some(self.caller.key);
        Audience { to: &self.to, except: &self.except, without, local: self.local }
    }

    /// The audience of an event, or what a fault makes of it.
    pub(super) fn hearers(&self, hub: &Hub) -> Audience<'_> {
        let own_id = || hub.socket(self.caller).is_some_and(|socket| self.to.contains(&socket.id));
        let caller: Option<SocketKey> = Some(self.caller.key);
        let to_all = self.to.is_empty();
        let plain = self.audience();
        let without = match hub.config().fault {
            Some(Fault::RoomEmitIncludesSender) if !self.by_server && !to_all && !own_id() => None,
            Some(Fault::BroadcastIncludesSender) if !self.by_server && to_all => None,
            Some(Fault::WithoutOwnRoomHearsItself) if !self.by_server && to_all => {
                let own = hub.socket(self.caller).map(|socket| socket.id.clone()).unwrap_or_default();
                let mut members = hub.namespace(self.namespace).rooms.members(&own);
                members.any(|key| key == self.caller.key).then_some(self.caller.key)
            }
            Some(Fault::SelfAddressed) if !self.by_server && own_id() => None,
            Some(Fault::ServerRoomEmitExcludesCaller) if self.by_server && !to_all && !own_id() => caller,
            Some(Fault::ServerEmitExcludesCaller) if self.by_server && to_all => caller,
            _ => plain.without,
        };
        Audience { without, ..plain }
    }
}
