//! What a server offers to be explored.

use crate::{scenario::Contract, stage::Site};

/// What plans may hold: what the server offers, but for what the user leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the way of its name")]
pub struct Ways {
    pub binary: bool,
    pub except: bool,
    pub local: bool,
    pub volatile: bool,
    pub compress: bool,
    pub acks: bool,
    pub broadcast_acks: bool,
    pub sockets: bool,
    pub drop: bool,
    pub watch: bool,
    pub dynamic: bool,
    pub middleware: bool,
    pub recovery: bool,
    /// Sockets are addressed by their ids.
    pub own_id: bool,
    /// Several calls are under way at a time.
    pub bursts: bool,
    /// The server closes whole connections.
    pub close: bool,
    /// Answers to `message`.
    pub echo: bool,
    /// Events of more than 64 KiB.
    pub large: bool,
    /// Clients leave namespaces.
    pub leave: bool,
    /// Clients speak as soon as they are let in; else they wait until the application has greeted them.
    pub haste: bool,
    /// Sockets keep data.
    pub data: bool,
    /// The server ends the stays of sockets in namespaces.
    pub disconnect: bool,
    /// Sessions that poll move to WebSockets while they are used.
    pub upgrade: bool,
}

impl Ways {
    /// The names by which ways are left out.
    pub const NAMES: [&'static str; 23] = [
        "binary",
        "except",
        "local",
        "volatile",
        "compress",
        "acks",
        "broadcast-acks",
        "sockets",
        "drop",
        "watch",
        "dynamic-namespaces",
        "middleware",
        "recovery",
        "own-id",
        "bursts",
        "close",
        "echo",
        "large",
        "leave",
        "haste",
        "data",
        "disconnect",
        "upgrade",
    ];

    /// What a server offers.
    pub fn of(site: &Site) -> Self {
        let has = |feature: &str| site.features.contains(feature);
        Self {
            binary: has("binary"),
            except: has("except"),
            local: has("local"),
            volatile: has("volatile"),
            compress: has("compress"),
            acks: has("acks") && has("timeout"),
            broadcast_acks: has("broadcast-acks"),
            sockets: has("sockets"),
            drop: has("drop"),
            watch: has("watch"),
            dynamic: has("dynamic-namespaces"),
            middleware: has("middleware"),
            recovery: has("recovery") && site.contract >= Contract::Recovery && has("drop") && has("watch"),
            own_id: true,
            bursts: true,
            close: true,
            echo: true,
            large: true,
            leave: has("watch"),
            haste: true,
            data: true,
            disconnect: true,
            upgrade: ["polling", "websocket", "upgrade"].into_iter().all(has),
        }
    }

    /// The same without the way of this name; nothing if there is no such way.
    #[must_use]
    pub fn without(mut self, name: &str) -> Option<Self> {
        *match name {
            "binary" => &mut self.binary,
            "except" => &mut self.except,
            "local" => &mut self.local,
            "volatile" => &mut self.volatile,
            "compress" => &mut self.compress,
            "acks" => &mut self.acks,
            "broadcast-acks" => &mut self.broadcast_acks,
            "sockets" => &mut self.sockets,
            "drop" => &mut self.drop,
            "watch" => &mut self.watch,
            "dynamic-namespaces" => &mut self.dynamic,
            "middleware" => &mut self.middleware,
            "recovery" => &mut self.recovery,
            "own-id" => &mut self.own_id,
            "bursts" => &mut self.bursts,
            "close" => &mut self.close,
            "echo" => &mut self.echo,
            "large" => &mut self.large,
            "leave" => &mut self.leave,
            "haste" => &mut self.haste,
            "data" => &mut self.data,
            "disconnect" => &mut self.disconnect,
            "upgrade" => &mut self.upgrade,
            _ => return None,
        } = false;
        self.leave &= self.watch;
        self.drop &= self.watch;
        self.recovery &= self.drop;
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_can_be_left_out() {
        let all = Ways::of(&Site::new("nowhere"));
        for name in Ways::NAMES {
            assert!(all.without(name).is_some(), "{name}");
        }
        assert_eq!(all.without("nothing"), None);
    }
}
