//! What is measured, and how good it must be.

use std::{error::Error, thread, time::Duration};

use crate::{
    load::{Load, Words, Work},
    process::Process,
};

/// What a message carries.
const PAYLOAD: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
const WARM_UP: Duration = Duration::from_millis(800);
/// Until a server has come to rest.
const PAUSE: Duration = Duration::from_millis(300);

/// A server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
    /// Asks it to tell everybody something.
    pub(crate) broadcast: String,
}

/// One thing that is measured.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    clients: usize,
    polling: bool,
    work: Work,
    figure: Figure,
    /// How good the server must be, against whom.
    pub(crate) bars: &'static [(Against, f64)],
}

#[derive(Debug, Clone, Copy)]
enum Figure {
    CpuPerMessage,
    /// Of processor time, which is what a server that has nothing else to do needs.
    ConnectionsPerSecond,
    MemoryPerConnection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    Socketioxide,
    Floor,
    /// Every peer, but not the floor.
    Best,
    /// The figure itself.
    Nobody,
}

const ONE: Work = Work::Echo { in_flight: 1 };

pub(crate) const TESTS: [Test; 7] = [
    Test {
        name: "echo-100",
        unit: "µs",
        clients: 100,
        polling: false,
        work: ONE,
        figure: Figure::CpuPerMessage,
        bars: &[(Against::Socketioxide, 0.8), (Against::Floor, 1.2)],
    },
    Test {
        name: "echo-100-by-16",
        unit: "µs",
        clients: 100,
        polling: false,
        work: Work::Echo { in_flight: 16 },
        figure: Figure::CpuPerMessage,
        bars: &[(Against::Socketioxide, 0.7)],
    },
    Test {
        name: "echo-1000",
        unit: "µs",
        clients: 1000,
        polling: false,
        work: ONE,
        figure: Figure::CpuPerMessage,
        bars: &[(Against::Socketioxide, 0.5), (Against::Floor, 1.4)],
    },
    Test {
        name: "broadcast-1000",
        unit: "µs",
        clients: 1000,
        polling: false,
        work: Work::Broadcast,
        figure: Figure::CpuPerMessage,
        bars: &[(Against::Socketioxide, 0.7), (Against::Floor, 1.15)],
    },
    Test {
        name: "connect",
        unit: "per CPU s",
        clients: 6000,
        polling: false,
        work: Work::Idle,
        figure: Figure::ConnectionsPerSecond,
        bars: &[(Against::Socketioxide, 1.5)],
    },
    Test {
        name: "idle",
        unit: "KiB",
        clients: 10_000,
        polling: false,
        work: Work::Idle,
        figure: Figure::MemoryPerConnection,
        bars: &[(Against::Nobody, 7.0)],
    },
    Test {
        name: "polling-100",
        unit: "µs",
        clients: 100,
        polling: true,
        work: ONE,
        figure: Figure::CpuPerMessage,
        bars: &[(Against::Best, 0.6)],
    },
];

impl Test {
    /// Whether larger figures are better.
    pub(crate) fn more_is_better(&self) -> bool {
        matches!(self.figure, Figure::ConnectionsPerSecond)
    }

    /// Whether this server can do it: the floor knows nothing but a websocket, and is no server to connect to.
    pub(crate) fn fits(&self, server: &Server) -> bool {
        server.name != "floor" || (!self.polling && matches!(self.figure, Figure::CpuPerMessage))
    }

    /// Measures a server that is started for this.
    pub(crate) fn measure(&self, server: &Server, time: Duration) -> Result<f64, Box<dyn Error>> {
        let process = Process::start(&server.command)?;
        let words = match self.work {
            Work::Broadcast => Words { message: server.broadcast.clone(), answer: r#"42["news""# },
            _ => echo(),
        };
        // What comes into being with the first clients is not charged to the measurement.
        Load::connect(process.address, 20, self.polling, ONE, echo())?.run(WARM_UP)?;
        thread::sleep(PAUSE);
        let (memory, cpu) = (process.resident_kib()?, process.cpu_us()?);
        let mut load = Load::connect(process.address, self.clients, self.polling, self.work, words)?;
        match self.figure {
            Figure::ConnectionsPerSecond => Ok(self.clients as f64 * 1e6 / (process.cpu_us()? - cpu)),
            Figure::MemoryPerConnection => {
                load.run(time)?;
                Ok((process.resident_kib()? - memory) / self.clients as f64)
            }
            Figure::CpuPerMessage => {
                load.run(WARM_UP)?;
                let (messages, cpu) = (load.messages, process.cpu_us()?);
                load.run(time)?;
                match load.messages - messages {
                    0 => Err("no message came back".into()),
                    count => Ok((process.cpu_us()? - cpu) / count as f64),
                }
            }
        }
    }
}

fn echo() -> Words {
    Words { message: format!(r#"42["message","{PAYLOAD}"]"#), answer: r#"42["message-back""# }
}

/// Our server and the commands of others understand the command `do` of the testee contract; socketioxide has an event
/// of its own for it.
pub(crate) fn broadcast(by_command: bool) -> String {
    match by_command {
        true => format!(r#"42["do",{{"op":"emit","via":"server","event":"news","args":["{PAYLOAD}"]}}]"#),
        false => format!(r#"42["broadcast","{PAYLOAD}"]"#),
    }
}
