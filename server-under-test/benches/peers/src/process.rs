//! A server under load: started on one core, looked at from outside, ended.

use std::{
    error::Error,
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const SERVER_CORE: &str = "0";
const START_WITHIN: Duration = Duration::from_secs(20);
/// What a tick of `/proc/PID/stat` is on every Linux (`USER_HZ`).
const TICK_US: f64 = 10_000.0;
const PAGE_KIB: f64 = 4.0;

/// Ends with its value.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a server that listens on `$PORT`.
    pub(crate) fn start(command: &[String]) -> Result<Self, Box<dyn Error>> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let child = Command::new("taskset")
            .args(["--cpu-list", SERVER_CORE])
            .args(command)
            .env("PORT", port.to_string())
            .env("SIO_PING_INTERVAL", "25000")
            .env("SIO_PING_TIMEOUT", "20000")
            .stdout(Stdio::null())
            .spawn()?;
        let mut process = Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) };
        let started = Instant::now();
        while TcpStream::connect(process.address).is_err() {
            if let Some(status) = process.child.try_wait()? {
                return Err(format!("{command:?} ended: {status}").into());
            }
            if started.elapsed() > START_WITHIN {
                return Err(format!("{command:?} does not listen").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    /// The processor time it has used, in µs.
    pub(crate) fn cpu_us(&self) -> io::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name of the program, in parentheses, may hold spaces.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: f64 =
            fields.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<f64>().ok()).sum();
        Ok(ticks * TICK_US)
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> io::Result<f64> {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.child.id()))?;
        let pages: f64 = statm.split_whitespace().nth(1).and_then(|it| it.parse().ok()).unwrap_or_default();
        Ok(pages * PAGE_KIB)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
