//! The real server as a child process.
//!
//! A [`Server`] owns its process, which dies with it by its pid, and its log. The data folder is a
//! temporary one unless the test names one; it outlives [`Server::kill_hard`], so that
//! [`Server::restart`] finds what was on disk.

use std::collections::VecDeque;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::{Connection, DEADLINE, Request, Response, encke_binary};

/// Lines of the server's log that are kept for a failing test.
const LOG_LINES: usize = 400;

/// How a server is to be started.
#[derive(Clone, Debug)]
pub struct Launch {
    listen: String,
    arguments: Vec<String>,
    data: Option<PathBuf>,
    config: Option<String>,
    files: Vec<(String, String)>,
    binary: Option<PathBuf>,
}

impl Launch {
    /// `encke demo` on a free port of the loopback with a temporary data folder.
    pub fn demo() -> Self {
        Self {
            listen: "127.0.0.1:0".into(),
            arguments: Vec::new(),
            data: None,
            config: None,
            files: Vec::new(),
            binary: None,
        }
    }

    /// Adds `agent1` .. `agentN` with the DNs `20001` upward.
    #[must_use]
    pub fn agents(self, count: usize) -> Self {
        self.arguments(["--agents", &count.to_string()])
    }

    /// Keeps the journal in this folder.
    #[must_use]
    pub fn data(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
    }

    /// Runs with these settings, the text of a TOML file.
    #[must_use]
    pub fn config(mut self, toml: &str) -> Self {
        self.config = Some(toml.to_owned());
        self
    }

    /// Starts this binary, where cargo has told the test which one is its own.
    #[must_use]
    pub fn binary(mut self, path: &str) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Puts a file into the folder that relative paths of the settings begin in.
    #[must_use]
    pub fn file(mut self, name: &str, content: &str) -> Self {
        self.files.push((name.to_owned(), content.to_owned()));
        self
    }

    /// Adds arguments as they are.
    #[must_use]
    pub fn arguments<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(str::to_owned));
        self
    }

    /// Starts the server and waits until it listens.
    ///
    /// # Panics
    ///
    /// If it does not say that it listens within [`DEADLINE`], with its log.
    pub async fn start(self) -> Server {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (child, address) = spawn(&self, folder.path(), &log).await;
        Server { launch: self, folder, child, address, log }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    launch: Launch,
    folder: TempDir,
    child: Child,
    address: SocketAddr,
    log: Log,
}

type Log = Arc<Mutex<VecDeque<String>>>;

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as `http://ADDR`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The last lines of its log.
    pub fn log(&self) -> String {
        printed(&self.log)
    }

    /// What `encke journal dump` prints of a call while no server runs: position and version of
    /// each event, and the event.
    ///
    /// # Panics
    ///
    /// If the command fails.
    pub async fn dump(&self, call: &str) -> Vec<serde_json::Value> {
        let data = self.launch.data.clone().unwrap_or_else(|| self.folder.path().join("data"));
        let binary = self.launch.binary.as_deref().unwrap_or_else(|| encke_binary());
        let mut command = Command::new(binary);
        let output = command.args(["journal", "dump", call, "--data"]).arg(data).output().await;
        let output = output.expect("the command runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Ends the process at once, as `kill -9` does, and waits until it is gone.
    pub async fn kill_hard(&mut self) {
        self.child.kill().await.expect("the process can be killed");
    }

    /// Asks the process to end, as an operator does, and waits for it.
    ///
    /// # Panics
    ///
    /// If it has not ended within [`DEADLINE`].
    pub async fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().expect("the process still runs");
        let sent = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
        assert!(sent.is_ok_and(|status| status.success()), "SIGTERM was sent");
        let ended = timeout(DEADLINE, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("still running after SIGTERM:\n{}", self.log()))
            .expect("the process can be waited for")
    }

    /// Starts it again after it ended: same arguments, same data, same port.
    pub async fn restart(&mut self) {
        self.launch.listen = self.address.to_string();
        (self.child, self.address) = spawn(&self.launch, self.folder.path(), &self.log).await;
    }

    /// One request on a connection of its own.
    ///
    /// # Panics
    ///
    /// If there is no response, with the log.
    pub async fn request(&self, request: &Request) -> Response {
        let exchange = async { Connection::open(self.address).await?.exchange(request).await };
        exchange
            .await
            .unwrap_or_else(|error| panic!("{request:?}: {error}; the log:\n{}", self.log()))
    }

    /// A POST to the simulator, path relative to `/sim/v1/`.
    pub async fn simulate(&self, path: &str, body: &str) -> Response {
        self.request(&Request::json(&format!("/sim/v1/{path}"), body)).await
    }
}

async fn spawn(launch: &Launch, folder: &Path, log: &Log) -> (Child, SocketAddr) {
    let data = launch.data.clone().unwrap_or_else(|| folder.join("data"));
    let mut command = Command::new(launch.binary.as_deref().unwrap_or_else(|| encke_binary()));
    command.args(["demo", "--listen", &launch.listen, "--data"]).arg(data);
    for (name, content) in &launch.files {
        fs::write(folder.join(name), content).expect("a file of the settings can be written");
    }
    if let Some(toml) = &launch.config {
        let file = folder.join("encke.toml");
        fs::write(&file, toml).expect("the settings can be written");
        command.arg("--config").arg(file);
    }
    command.args(&launch.arguments).current_dir(folder);
    // The environment of whoever runs the tests must not reach the server's settings.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ENCKE_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("the server's binary starts");
    let stderr = child.stderr.take().expect("standard error is piped");
    let (found, listening) = oneshot::channel();
    tokio::spawn(follow(stderr, Arc::clone(log), found));
    match timeout(DEADLINE, listening).await {
        Ok(Ok(address)) => (child, address),
        _ => panic!("the server does not listen; its log:\n{}", printed(log)),
    }
}

/// Keeps the log and tells the address of its listening line; ends with the process.
async fn follow(stderr: ChildStderr, log: Log, found: oneshot::Sender<SocketAddr>) {
    let mut found = Some(found);
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let address = line.split_once("listening on http://").and_then(|(_, rest)| {
            rest.split_whitespace().next().and_then(|address| address.parse().ok())
        });
        if let (Some(address), Some(found)) = (address, found.take_if(|_| address.is_some())) {
            // The starter may have given up; then nobody wants to know.
            let _gone = found.send(address);
        }
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOG_LINES {
            log.pop_front();
        }
        log.push_back(line);
    }
}

fn printed(log: &Log) -> String {
    let lines = log.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().map(|line| format!("{line}\n")).collect()
}
