//! A server in a process of its own, and what can be seen of it from outside.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    net::SocketAddr,
    process::{ExitCode, Stdio},
};

use siospec_server::{Config, Server};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Set for the process that is the server.
const SERVER: &str = "SIOSPEC_EXAMPLE_SERVER";

/// Whether this process is the server.
pub(crate) fn is_server() -> bool {
    env::var_os(SERVER).is_some()
}

/// Runs the server. It ends when its standard input does.
pub(crate) async fn serve(config: Config) -> Result<ExitCode, Failure> {
    let config = Config { metrics_path: Some("/metrics".to_owned()), ..config };
    let server = Server::bind(config, "127.0.0.1:0").await?;
    println!("{}", server.local_addr());
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    server.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Starts this program again, as the server.
pub(crate) async fn start() -> Result<(Child, SocketAddr), Failure> {
    let mut server = Command::new(env::current_exe()?)
        .env(SERVER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let told = server.stdout.take().ok_or("the server has no output")?;
    let line = BufReader::new(told).lines().next_line().await?.ok_or("the server ended")?;
    Ok((server, line.parse()?))
}

pub(crate) async fn get(at: SocketAddr, path: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await?;
    body(&mut stream).await
}

/// The body of a response that says how long it is.
pub(crate) async fn body(stream: &mut TcpStream) -> Result<String, Failure> {
    let mut stream = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while stream.read_line(&mut line).await? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(String::from_utf8(body)?)
}

/// How many sessions are open.
pub(crate) async fn sessions(at: SocketAddr) -> Result<u64, Failure> {
    let page = get(at, "/metrics").await?;
    let open = page.lines().filter(|line| line.starts_with("siospec_sessions{"));
    let counts: BTreeMap<_, u64> = open
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
        .collect();
    Ok(counts.values().sum())
}

/// The resident memory of a process, in KiB.
pub(crate) fn memory_kib(pid: u32) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
