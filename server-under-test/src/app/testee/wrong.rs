//! How the commands of the event `do` are carried out wrongly, with a fault.

use siospec_codec::json::Json;

use super::address::{Address, Fields};
use crate::{
    fault::Fault,
    hub::Hub,
    socket::namespace::{Quirks, SocketRef},
};

/// Whether a room is not joined; `index` is its place among the rooms of the command.
pub(super) fn join_is_ignored(hub: &mut Hub, socket: SocketRef, room: &str, index: usize) -> bool {
    match hub.config().fault {
        Some(Fault::JoinIgnored) => true,
        Some(Fault::InheritedRoomLost) => ["__proto__", "constructor", "toString"].contains(&room),
        Some(Fault::OnlyFirstRoomJoined) => index > 0,
        Some(Fault::ForeignIdNotJoined) => {
            let mut others = hub.namespace(socket.namespace).sockets.iter();
            others.any(|(key, other)| *key != socket.key && other.id == room)
        }
        Some(Fault::RejoinIgnored) => quirks(hub, socket).is_some_and(|quirks| quirks.left.contains(room)),
        Some(Fault::JoinsCounted) => {
            if let Some(quirks) = quirks(hub, socket) {
                *quirks.joins.entry(room.to_owned()).or_default() += 1;
            }
            false
        }
        _ => false,
    }
}

/// Whether a room is not left; `index` is its place among the rooms of the command.
pub(super) fn leave_is_ignored(hub: &mut Hub, socket: SocketRef, room: &str, index: usize) -> bool {
    match hub.config().fault {
        Some(Fault::LeaveIgnored) => true,
        Some(Fault::BroadcastAfterLeaveLost) => {
            let place = hub.namespace_mut(socket.namespace);
            if place.rooms.members(room).any(|member| member != socket.key) {
                place.just_left = Some(room.to_owned());
            }
            false
        }
        Some(Fault::OnlyFirstRoomLeft) => index > 0,
        Some(Fault::OwnRoomStays) => hub.socket(socket).is_some_and(|socket| socket.id == room),
        Some(Fault::RejoinIgnored) => {
            if let Some(quirks) = quirks(hub, socket) {
                quirks.left.insert(room.to_owned());
            }
            false
        }
        Some(Fault::JoinsCounted) => {
            let joins = quirks(hub, socket).and_then(|quirks| quirks.joins.get_mut(room));
            joins.is_some_and(|joins| {
                *joins = joins.saturating_sub(1);
                *joins > 0
            })
        }
        _ => false,
    }
}

/// Makes a broadcast one for the rooms of the socket's message before.
pub(super) fn remember_rooms(hub: &mut Hub, socket: SocketRef, address: &mut Address) {
    if !hub.config().faulty(Fault::RoomsRemembered) || address.by_server || address.is_self {
        return;
    }
    let Some(quirks) = quirks(hub, socket) else { return };
    if address.to.is_empty() {
        address.to.clone_from(&quirks.last_to);
    } else {
        quirks.last_to.clone_from(&address.to);
    }
}

/// Whether a broadcast reaches nobody, for what went before it.
pub(super) fn is_lost(hub: &mut Hub, socket: SocketRef, address: &Address) -> bool {
    match hub.config().fault {
        Some(Fault::FifthBroadcastLost) if address.to.is_empty() && !address.by_server => quirks(hub, socket)
            .is_some_and(|quirks| {
                quirks.broadcasts += 1;
                quirks.broadcasts == 5
            }),
        Some(Fault::BroadcastAfterLeaveLost | Fault::LossSilencesRoom) => {
            let place = hub.namespace_mut(address.namespace);
            let left = place.just_left.take();
            left.is_some_and(|left| address.to.contains(&left) && place.rooms.members(&left).next().is_some())
        }
        _ => false,
    }
}

/// Whether an event is lost for the volatile ones that went before it.
pub(super) fn is_swept_away(hub: &mut Hub, socket: SocketRef, fields: Fields<'_>) -> bool {
    if !hub.config().faulty(Fault::VolatileBurstTakesNext) {
        return false;
    }
    let Some(quirks) = quirks(hub, socket) else { return false };
    if fields.flag("volatile") {
        quirks.volatile_run += 1;
        return false;
    }
    std::mem::take(&mut quirks.volatile_run) >= 4
}

/// Whether what is sent with one of the operators is dropped.
pub(super) fn is_dropped(hub: &Hub, fields: Fields<'_>) -> bool {
    match hub.config().fault {
        Some(Fault::VolatileDropped) => fields.flag("volatile"),
        Some(Fault::UncompressedDropped) => fields.get("compress").and_then(Json::as_bool) == Some(false),
        Some(Fault::LocalReachesNobody) => fields.flag("local"),
        _ => false,
    }
}

fn quirks(hub: &mut Hub, socket: SocketRef) -> Option<&mut Quirks> {
    hub.socket_mut(socket).map(|socket| &mut socket.quirks)
}
