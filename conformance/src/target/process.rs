//! A server that we start with a command, and stop.

use std::{
    collections::{VecDeque, hash_map::RandomState},
    hash::BuildHasher,
    io,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use super::{Configuration, TargetError};

/// A server process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// The process group, which may outlive the process.
    #[cfg(unix)]
    group: Option<nix::unistd::Pid>,
    port: u16,
    shown: String,
    output: Output,
}

/// The last lines that the server printed.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<VecDeque<String>>>);

/// How many of the server's lines are kept for messages.
const KEPT_LINES: usize = 20;
/// How long a server may take to end on SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

impl Process {
    /// Starts the command and waits until it accepts connections.
    pub(super) async fn start(
        command: &[String],
        env: &[(String, String)],
        configuration: &Configuration,
        path: &str,
        within: Duration,
    ) -> Result<Self, TargetError> {
        let shown = command.join(" ");
        let (program, arguments) =
            command.split_first().ok_or_else(|| TargetError::Usage("no command after --".to_owned()))?;
        let port = free_port().await.map_err(|error| {
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
        let mut process = Self {
            #[cfg(unix)]
            group: child.id().and_then(|id| i32::try_from(id).ok()).map(nix::unistd::Pid::from_raw),
            child,
            port,
            shown,
            output,
        };
        match process.listens(within).await {
            Ok(()) => Ok(process),
            Err(error) => {
                process.stop().await;
                Err(error)
            }
        }
    }

    pub(super) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How the process ended, if it did.
    pub(super) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(Some(status)) => Some(format!("`{}` ended with {status}{}", self.shown, self.last_words())),
            _ => None,
        }
    }

    /// What the server printed last, ready to be added to a message.
    pub(super) fn last_words(&self) -> String {
        let lines = self.output.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return String::new();
        }
        let lines: Vec<String> = lines.iter().map(|line| format!("\n  | {line}")).collect();
        format!("; it printed:{}", lines.concat())
    }

    /// Ends the process: SIGTERM to its group, and SIGKILL if that does not help.
    pub(super) async fn stop(mut self) {
        self.signal(false);
        if timeout(GRACE, self.child.wait()).await.is_err() {
            self.signal(true);
            let _killed = self.child.kill().await;
        }
        // What it started and left behind.
        self.signal(true);
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

    #[cfg(unix)]
    fn signal(&self, kill: bool) {
        use nix::sys::signal::{Signal, killpg};
        if let Some(group) = self.group {
            let _gone = killpg(group, if kill { Signal::SIGKILL } else { Signal::SIGTERM });
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, _kill: bool) {}
}

impl Output {
    /// Keeps the last lines of a stream.
    fn follow(&self, stream: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let Some(stream) = stream else { return };
        let kept = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT_LINES {
                    kept.pop_front();
                }
                kept.push_back(line.chars().take(500).collect());
            }
        });
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
/// server does not listen yet may be connected to itself, and take the port from the server.
async fn free_port() -> io::Result<u16> {
    const FIRST: u64 = 10_240;
    const COUNT: u64 = 22_000;
    const TRIES: u64 = 64;
    let mut refused = None;
    for attempt in 0..TRIES {
        let drawn = FIRST + RandomState::new().hash_one(attempt) % COUNT;
        let port = u16::try_from(drawn).expect("the range ends below 2^16");
        match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(_) => return Ok(port),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| io::Error::other("no port was tried")))
}
