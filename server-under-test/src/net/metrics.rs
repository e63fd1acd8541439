//! What a server does, in numbers.

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::engine::signals::Transport;

/// The content type of [`Metrics::page`] (OpenMetrics 1.0, "Overall Structure").
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, &'static str)>;

/// Counters of one server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    polling: Traffic,
    websocket: Traffic,
}

/// What happened on one transport.
#[derive(Debug)]
pub(super) struct Traffic {
    opened: Counter,
    open: Gauge,
    pub(super) received: Flow,
    pub(super) sent: Flow,
}

/// Packets in one direction.
#[derive(Debug)]
pub(super) struct Flow {
    packets: Counter,
    bytes: Counter,
}

impl Flow {
    /// So many packets went, which have so many bytes together.
    pub(super) fn add(&self, packets: usize, bytes: usize) {
        self.packets.inc_by(packets as u64);
        self.bytes.inc_by(bytes as u64);
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("siospec");
        let opened = Family::<Labels, Counter>::default();
        registry.register("sessions_opened", "Sessions that began on this transport", opened.clone());
        let open = Family::<Labels, Gauge>::default();
        registry.register("sessions", "Sessions that are on this transport now", open.clone());
        let packets = Family::<Labels, Counter>::default();
        registry.register("packets", "Engine.IO packets", packets.clone());
        let bytes = Family::<Labels, Counter>::default();
        registry.register("bytes", "Bytes of Engine.IO packets, before compression", bytes.clone());
        let traffic = |transport: Transport| {
            let transport = ("transport", transport.name());
            let flow = |direction| {
                let labels = vec![transport, ("direction", direction)];
                Flow {
                    packets: packets.get_or_create_owned(&labels),
                    bytes: bytes.get_or_create_owned(&labels),
                }
            };
            Traffic {
                opened: opened.get_or_create_owned(&vec![transport]),
                open: open.get_or_create_owned(&vec![transport]),
                received: flow("received"),
                sent: flow("sent"),
            }
        };
        let (polling, websocket) = (traffic(Transport::Polling), traffic(Transport::WebSocket));
        Self { registry, polling, websocket }
    }

    /// What happened on a transport.
    pub(super) fn of(&self, transport: Transport) -> &Traffic {
        match transport {
            Transport::Polling => &self.polling,
            Transport::WebSocket => &self.websocket,
        }
    }

    pub(super) fn opened(&self, transport: Transport) {
        self.of(transport).opened.inc();
        self.of(transport).open.inc();
    }

    pub(super) fn upgraded(&self) {
        self.polling.open.dec();
        self.websocket.open.inc();
    }

    pub(super) fn closed(&self, transport: Transport) {
        self.of(transport).open.dec();
    }

    /// Everything, as text.
    pub(super) fn page(&self) -> String {
        let mut page = String::new();
        encode(&mut page, &self.registry).expect("memory takes every byte");
        page
    }
}
