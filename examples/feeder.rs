//! How does my call-state core feed its calls to an Encke server, whatever breaks?
//!
//! ```text
//! export FEED_KEY=encke_...
//! cargo run -p encke-examples --example feeder -- http://127.0.0.1:8080 pbx < events.ndjson
//! cargo run -p encke-examples --example feeder -- http://127.0.0.1:8080 pbx --calls 100 --changes 50
//! ```
//!
//! Lines come from standard input, or are invented: `--calls N` calls at a time, each with
//! `--changes M` changes of its user data, in `--rounds R` rounds, `--rate L` lines a second at most,
//! ids beginning with `--prefix P`, the lines of agents from `--first-dn 20001` upward.
//!
//! What was sent and not answered is kept, 4,096 lines at most. When the connection ends in any
//! way, the server's death included, the feeder connects again and sends it again: what had been
//! stored is known there and changes nothing. It ends when every line is answered, and says how
//! many lines a second that were.

use std::collections::VecDeque;
use std::env;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::channel::mpsc;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};
use tokio::net::TcpStream;

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Lines that may be unanswered. The server bounds what is under way by itself; this bounds what
/// is kept for sending again.
const WINDOW: usize = 4_096;
/// Bytes that are sent at once.
const CHUNK: usize = 65_536;
/// Wait before the next attempt to connect.
const AGAIN: Duration = Duration::from_millis(200);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Problem> {
    let mut feeder = Feeder::from_arguments()?;
    let started = Instant::now();
    loop {
        match feeder.stream().await {
            Ok(()) => break,
            Err(problem) if problem.is::<Refused>() => return Err(problem),
            Err(problem) => {
                eprintln!("again in a moment, {} lines unanswered: {problem}", feeder.kept.len());
                feeder.reconnects += 1;
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
    let Feeder { stored, known, refused, reconnects, .. } = feeder;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{stored} stored, {known} known, {refused} refused, {reconnects} reconnects, {seconds:.2} s, \
         {:.0} lines/s",
        (stored + known + refused) as f64 / seconds
    );
    Ok(())
}

/// The server said no to the whole request; another attempt would be answered the same.
#[derive(Debug)]
struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What is needed of an answer.
#[derive(Deserialize)]
struct Answer {
    call: Option<String>,
    seq: Option<u64>,
    #[serde(default)]
    ok: bool,
    /// `true` of a line, a number at the end.
    #[serde(default)]
    known: Value,
    #[serde(default)]
    end: bool,
    error: Option<String>,
    line: Option<u64>,
}

/// Whose line it is.
#[derive(Deserialize)]
struct Numbered {
    call: String,
    seq: u64,
}

struct Feeder {
    uri: Uri,
    key: String,
    source: Source,
    /// Lines without an answer, oldest first, and how many of them this connection has sent.
    kept: VecDeque<String>,
    sent: usize,
    /// No more lines will come.
    dry: bool,
    stored: u64,
    known: u64,
    refused: u64,
    reconnects: u64,
}

impl Feeder {
    /// Feeds over one connection until every line is answered.
    async fn stream(&mut self) -> Result<(), Problem> {
        let host = self.uri.host().unwrap_or("localhost");
        let authority = format!("{host}:{}", self.uri.port_u16().unwrap_or(80));
        let socket = TcpStream::connect(&authority).await?;
        socket.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        let running = tokio::spawn(connection);
        let (mut to_body, chunks) = mpsc::channel::<Bytes>(1);
        let body = chunks.map(|chunk| Ok::<_, std::convert::Infallible>(Frame::data(chunk)));
        let request = Request::post(self.uri.path())
            .header("host", &authority)
            .header("x-api-key", &self.key)
            .header("content-type", "application/x-ndjson")
            .body(StreamBody::new(body))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let mut body = response.into_body();
        if status != StatusCode::OK {
            let text = body.collect().await?.to_bytes();
            let said = format!("{status}: {}", String::from_utf8_lossy(&text));
            let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            return Err(if passes { said.into() } else { Refused(said).into() });
        }
        // Everything that is kept goes again, in order.
        self.sent = 0;
        let mut partial = Vec::new();
        while !(self.dry && self.kept.is_empty()) {
            tokio::select! {
                biased;
                frame = body.frame() => self.hear(frame, &mut partial)?,
                line = self.source.next(), if !self.dry && self.kept.len() < WINDOW => match line? {
                    Some(line) if line.trim().is_empty() => {}
                    Some(line) => self.kept.push_back(line),
                    None => self.dry = true,
                },
                ready = futures::future::poll_fn(|cx| to_body.poll_ready(cx)),
                    if self.sent < self.kept.len() =>
                {
                    ready?;
                    to_body.start_send(self.chunk())?;
                }
            }
        }
        to_body.close_channel();
        while let Some(frame) = body.frame().await {
            self.hear(Some(frame), &mut partial)?;
        }
        running.abort();
        Ok(())
    }

    /// The next lines that this connection has not sent.
    fn chunk(&mut self) -> Bytes {
        let mut chunk = String::new();
        while let Some(line) = self.kept.get(self.sent).filter(|_| chunk.len() < CHUNK) {
            chunk.push_str(line);
            chunk.push('\n');
            self.sent += 1;
        }
        chunk.into()
    }

    /// Takes note of answers: they come in the order of the lines.
    fn hear(
        &mut self,
        frame: Option<Result<Frame<Bytes>, <Incoming as hyper::body::Body>::Error>>,
        partial: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let frame = frame.ok_or("the server ended the stream")??;
        let Some(data) = frame.data_ref() else { return Ok(()) };
        partial.extend_from_slice(data);
        let Some(last) = partial.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let rest = partial.split_off(last + 1);
        for line in std::mem::replace(partial, rest).split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            let answer: Answer = serde_json::from_slice(line)?;
            if answer.ok {
                // They come in the order of the lines. Whatever else came is better asked again.
                let front = self.kept.front().ok_or("an answer to nothing")?;
                let front: Numbered = serde_json::from_str(front)?;
                if (Some(front.call), Some(front.seq)) != (answer.call, answer.seq) {
                    return Err("an answer to another line".into());
                }
                *(if answer.known == true { &mut self.known } else { &mut self.stored }) += 1;
            } else if answer.end {
                // What follows is the end of the body, in order or with a reason.
                if let Some(error) = answer.error {
                    return Err(error.into());
                }
                continue;
            } else if answer.line.is_some() {
                // A core would send a snapshot of the call now.
                let line = String::from_utf8_lossy(line);
                eprintln!("refused, call {:?}: {line}", answer.call.unwrap_or_default());
                self.refused += 1;
            } else {
                continue;
            }
            self.kept.pop_front().ok_or("an answer to nothing")?;
            self.sent = self.sent.saturating_sub(1);
        }
        Ok(())
    }

    fn from_arguments() -> Result<Self, Problem> {
        let mut arguments = env::args().skip(1);
        let usage = "feeder URL SOURCE [--calls N --changes M --rounds R --rate L --prefix P]";
        let url = arguments.next().ok_or(usage)?;
        let source = arguments.next().ok_or(usage)?;
        let uri = format!("{}/api/feed/v1/{source}", url.trim_end_matches('/')).parse()?;
        let mut invented = Invented::new();
        let mut invents = false;
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(usage)?;
            invents = true;
            match name.as_str() {
                "--calls" => invented.calls = value.parse()?,
                "--changes" => invented.changes = value.parse()?,
                "--rounds" => invented.rounds = value.parse()?,
                "--rate" => invented.rate = Some(value.parse()?),
                "--prefix" => invented.prefix = value,
                "--first-dn" => invented.first_dn = value.parse()?,
                _ => return Err(usage.into()),
            }
        }
        Ok(Self {
            uri,
            key: env::var("FEED_KEY").map_err(|_| "FEED_KEY holds no key")?,
            source: if invents {
                Source::Invented(invented)
            } else {
                Source::Stdin(BufReader::new(tokio::io::stdin()).lines())
            },
            kept: VecDeque::new(),
            sent: 0,
            dry: false,
            stored: 0,
            known: 0,
            refused: 0,
            reconnects: 0,
        })
    }
}

/// Where lines come from.
enum Source {
    Stdin(Lines<BufReader<Stdin>>),
    Invented(Invented),
}

impl Source {
    /// The next line. Nothing is lost when the wait for it is given up.
    async fn next(&mut self) -> Result<Option<String>, Problem> {
        match self {
            Self::Stdin(lines) => Ok(lines.next_line().await?),
            Self::Invented(invented) => {
                invented.due().await;
                Ok(invented.next())
            }
        }
    }
}

/// Calls of agents whose user data changes, in rounds: all begin, change in turns, and end.
struct Invented {
    calls: u64,
    changes: u64,
    rounds: u64,
    rate: Option<f64>,
    prefix: String,
    first_dn: u64,
    made: u64,
    began: Instant,
}

impl Invented {
    fn new() -> Self {
        let prefix = format!("i{}", std::process::id());
        let (calls, changes, rounds, first_dn) = (10, 10, 1, 20_001);
        let began = Instant::now();
        Self { calls, changes, rounds, rate: None, prefix, first_dn, made: 0, began }
    }

    /// Waits until the next line is due.
    async fn due(&self) {
        if let Some(rate) = self.rate {
            let due = self.began + Duration::from_secs_f64(self.made as f64 / rate);
            tokio::time::sleep_until(due.into()).await;
        }
    }

    fn next(&mut self) -> Option<String> {
        let lines = self.changes + 2;
        let (turn, call) = (self.made / self.calls, self.made % self.calls);
        let (round, seq) = (turn / lines, turn % lines + 1);
        if round == self.rounds {
            return None;
        }
        self.made += 1;
        let (id, dn) = (format!("{}-{round}-{call}", self.prefix), self.first_dn + call);
        Some(if seq == 1 {
            format!(
                r#"{{"call":"{id}","seq":1,"event":"began","type":"Inbound","ani":"+15550100","dnis":"{dn}","parties":[{{"number":"+15550100","state":"Established","role":"Origin"}},{{"dn":"{dn}","state":"Established"}}],"userData":{{"AccountNumber":"12345","Segment":"gold"}}}}"#
            )
        } else if seq < lines {
            format!(
                r#"{{"call":"{id}","seq":{seq},"event":"update","userData":{{"Step":{seq},"Note":"as the caller says, this is about the last invoice"}}}}"#
            )
        } else {
            format!(r#"{{"call":"{id}","seq":{seq},"event":"ended"}}"#)
        })
    }
}
