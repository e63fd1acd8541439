//! A server that we start with a command, and stop.

use std::{
    collections::{VecDeque, hash_map::RandomState},
    hash::BuildHasher,
    io,
    net::Ipv4Addr,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::{TcpSocket, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use super::{Configuration, TargetError, group::Group};

/// A server process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Group,
    port: u16,
    shown: String,
    output: Output,
}

/// The last lines that the server printed.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<VecDeque<String>>>);

/// How many of the server's lines are kept.
const KEPT_LINES: usize = 80;
/// How many of them are told in a message.
const TOLD_LINES: usize = 20;
/// How much of a line is kept.
const KEPT_CHARS: usize = 500;
/// A character of UTF-8 has four bytes at most.
const KEPT_BYTES: usize = 4 * KEPT_CHARS;
/// How long a server may take to end on SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

impl Process {
    /// Starts the command and waits until it accepts connections.
    pub(crate) async fn start(
        command: &[String],
        env: &[(String, String)],
        configuration: &Configuration,
        path: &str,
        within: Duration,
    ) -> Result<Self, TargetError> {
        let shown = command.join(" ");
        let (program, arguments) =
            command.split_first().ok_or_else(|| TargetError::Usage("no command after --".to_owned()))?;
        let port = free_port().map_err(|error| {
            TargetError::Unreachable(format!("no free TCP port on 127.0.0.1 for the server: {error}"))
        })?;
        let mut builder = Command::new(program);
        builder
            .args(arguments)
            .env("PORT", port.to_string())
            .env("SIO_PATH", path)
            .envs(configuration.variables())
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: children of the command end with it, and Ctrl-C reaches only us.
        #[cfg(unix)]
        builder.process_group(0);
        let mut child = builder.spawn().map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::NotFound => " (is it installed, and in PATH?)",
                io::ErrorKind::PermissionDenied => " (is it executable?)",
                _ => "",
            };
            TargetError::Unreachable(format!("cannot start `{shown}`: {error}{hint}"))
        })?;
        let output = Output::default();
        output.follow(child.stdout.take());
        output.follow(child.stderr.take());
        let mut process = Self { group: Group::of(&child), child, port, shown, output };
        match process.listens(within).await {
            Ok(()) => Ok(process),
            Err(error) => {
                process.stop().await;
                Err(error)
            }
        }
    }

    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How the process ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(Some(status)) => Some(format!("`{}` ended with {status}{}", self.shown, self.last_words())),
            _ => None,
        }
    }

    /// The process, as long as it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// With what the process ended, if it did.
    pub(crate) fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Takes the lines that the server printed since they were taken last; the oldest may be missing.
    pub(crate) fn take_printed(&self) -> Vec<String> {
        self.output.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    /// Waits until what a process printed before it ended is read.
    pub(crate) async fn settle_output(&self) {
        self.output.settle().await;
    }

    /// Ends the process at once.
    pub(crate) async fn kill(mut self) {
        self.group.kill();
        let _killed = self.child.kill().await;
    }

    /// What the server printed last, ready to be added to a message.
    pub(crate) fn last_words(&self) -> String {
        let lines = self.output.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return String::new();
        }
        let told = lines.iter().skip(lines.len().saturating_sub(TOLD_LINES));
        let lines: Vec<String> = told.map(|line| format!("\n  | {line}")).collect();
        format!("; it printed:{}", lines.concat())
    }

    /// Ends the process: SIGTERM to its group, and SIGKILL if that does not help.
    pub(crate) async fn stop(mut self) {
        self.group.terminate();
        if timeout(GRACE, self.child.wait()).await.is_err() {
            self.group.kill();
            let _killed = self.child.kill().await;
        }
        // What it started and left behind ends with the group, as this is dropped.
    }

    async fn listens(&mut self, within: Duration) -> Result<(), TargetError> {
        let deadline = Instant::now() + within;
        loop {
            // Asked before connecting: on the port of a dead server somebody else may listen.
            if let Ok(Some(status)) = self.child.try_wait() {
                // The last lines may still be in the pipes.
                self.output.settle().await;
                let why = format!("`{}` ended at once with {status}{}", self.shown, self.last_words());
                return Err(TargetError::Unreachable(why));
            }
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let why = format!(
                    "`{}` does not listen on 127.0.0.1:{} (the port in $PORT) after {:.0} s{}",
                    self.shown,
                    self.port,
                    within.as_secs_f64(),
                    self.last_words()
                );
                return Err(TargetError::Unreachable(why));
            }
            // The kernel tells nobody that a port has begun to listen: asking again is all there is.
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Output {
    /// Keeps the last lines of a stream.
    fn follow(&self, stream: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let Some(stream) = stream else { return };
        let kept = self.clone();
        tokio::spawn(async move {
            let mut stream = stream;
            let mut piece = [0; 4096];
            let mut line = Vec::new();
            // To the very end, whatever is printed: a server whose output nobody takes any more would be told so.
            while let Ok(read @ 1..) = stream.read(&mut piece).await {
                for &byte in &piece[..read] {
                    match byte {
                        b'\n' => kept.keep(&mut line),
                        _ if line.len() < KEPT_BYTES => line.push(byte),
                        _ => {}
                    }
                }
            }
            if !line.is_empty() {
                kept.keep(&mut line);
            }
        });
    }

    /// Keeps a line, and begins the next one.
    fn keep(&self, line: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line).trim_end_matches('\r').chars().take(KEPT_CHARS).collect();
        line.clear();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(text);
    }

    /// Waits until the readers are done with the streams of a process that ended.
    async fn settle(&self) {
        let deadline = Instant::now() + Duration::from_millis(500);
        while Arc::strong_count(&self.0) > 1 && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A TCP port on which nobody listens now.
///
/// Below the range that systems take for outgoing connections: from within it, a connection made while the
/// server does not listen yet may be connected to itself, and take the port from the server. It is tried without
/// listening: another server that is being started has what we have open until it runs, and would seem to listen.
fn free_port() -> io::Result<u16> {
    const FIRST: u64 = 10_240;
    const COUNT: u64 = 22_000;
    const TRIES: u64 = 64;
    let mut refused = None;
    for attempt in 0..TRIES {
        let drawn = FIRST + RandomState::new().hash_one(attempt) % COUNT;
        let port = u16::try_from(drawn).expect("the range ends below 2^16");
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        match socket.bind((Ipv4Addr::LOCALHOST, port).into()) {
            Ok(()) => return Ok(port),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| io::Error::other("no port was tried")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn output_is_read_to_its_end_whatever_it_holds() {
        let output = Output::default();
        let mut printed = b"broken \xff\xfe bytes\r\n".to_vec();
        printed.extend(vec![b'x'; 100_000]);
        printed.extend(b"\nlast");
        output.follow(Some(io::Cursor::new(printed)));
        output.settle().await;
        let lines: Vec<String> = output.0.lock().unwrap().iter().cloned().collect();
        assert_eq!(lines, ["broken \u{fffd}\u{fffd} bytes", &"x".repeat(KEPT_CHARS), "last"]);
    }

    #[tokio::test]
    async fn the_last_lines_are_kept() {
        let output = Output::default();
        let printed: String = (0..100).map(|number| format!("{number}\n")).collect();
        output.follow(Some(io::Cursor::new(printed.into_bytes())));
        output.settle().await;
        let lines = output.0.lock().unwrap();
        assert_eq!((lines.len(), lines[0].clone()), (KEPT_LINES, (100 - KEPT_LINES).to_string()));
    }
}
