//! One connection of a client: says what it is told to, and takes down what it hears.

use std::{pin::Pin, time::Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::board::Shared;
use crate::{
    stage::{Sio, Wire},
    verdict::{Check, Stop},
};

/// A connection that a task looks after.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: usize,
    out: UnboundedSender<Order>,
}

/// What a connection is told to do.
#[derive(Debug)]
enum Order {
    Say(Sio),
    Upgrade,
}

impl Connection {
    /// Looks after a connection until it is closed.
    pub(super) fn run(
        number: usize,
        client: usize,
        wire: Wire,
        board: Shared,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (out, orders) = unbounded_channel();
        (Self { number, out }, look_after(number, client, wire, orders, board))
    }

    /// Sends a packet. A lost connection shows when listening.
    pub(super) fn says(&self, packet: Sio) {
        let _ended = self.out.send(Order::Say(packet));
    }

    /// Moves to a WebSocket; the board tells when that is done.
    pub(super) fn upgrades(&self) {
        let _ended = self.out.send(Order::Upgrade);
    }
}

async fn look_after(
    number: usize,
    client: usize,
    mut wire: Wire,
    mut orders: UnboundedReceiver<Order>,
    board: Shared,
) {
    let mut upgrade: Option<Pin<Box<dyn Future<Output = Check> + Send>>> = None;
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Say(packet)) => wire.says(&packet),
                Some(Order::Upgrade) => upgrade = Some(Box::pin(wire.upgrades())),
                None => return,
            },
            upgraded = async { upgrade.as_mut().expect("it is looked at only where there is one").await },
                if upgrade.is_some() =>
            {
                upgrade = None;
                board.has_moved(number, upgraded);
            }
            heard = wire.listen() => match heard {
                Ok(Some((packet, at))) => {
                    if let Some(offset) = wire.offset(&packet.namespace) {
                        let place = (client, packet.namespace.clone());
                        let heard = (offset.to_owned(), Instant::now());
                        board.lock().offsets.insert(place, heard);
                    }
                    for reply in board.hears(client, &packet, at) {
                        wire.says(&reply);
                    }
                }
                Ok(None) => return board.is_closed(client, number, None),
                Err(Stop::Violation(wrong)) => {
                    return board.is_closed(client, number, Some((wrong.observed, wrong.at)));
                }
                Err(_) => return board.is_closed(client, number, None),
            },
        }
    }
}
