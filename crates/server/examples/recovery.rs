//! How long a server takes to come back, and how much memory it has then.
//!
//! Fills a journal with live calls whose user data changed, starts the real server on it, waits
//! until it says that it listens, and prints what that took. The first start verifies and replays
//! the journal from files that were just written, so from the kernel's cache.
//!
//! ```sh
//! cargo build --release -p encke-server
//! cargo run --release -p encke-server --example recovery -- target/release/encke FOLDER
//! ```
//!
//! | Argument | Default | Meaning                                       |
//! |----------|---------|-----------------------------------------------|
//! | 1        |         | the binary                                    |
//! | 2        |         | folder of the journal; one that is there is   |
//! |          |         | used as it is, and 3 to 5 say nothing then    |
//! | 3        | 20000   | calls                                         |
//! | 4        | 45      | events of each                                |
//! | 5        | 100000  | events of one more call                       |

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use encke::calls::{
    CallEvent, CallHappening, CallId, CallType, ConnId, Dn, Event, NewParty, Number, PartyState,
    Requester, Role, Subject, UserData, UserDataChange, journal_key,
};
use encke::journal::{Append, FileConfig, FileJournal, Journal, Version};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Starts on the same folder; the first one also builds the logs of messages.
const STARTS: usize = 3;

/// Events in one write.
const BATCH: usize = 5000;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let binary = arguments.next().ok_or("which binary?")?;
    let folder = arguments.next().ok_or("which folder?")?;
    let folder = Path::new(&folder);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<u64>());
    let (calls, each, long) = (number(20_000)?, number(45)?, number(100_000)?);
    let mut out = io::stdout().lock();
    if !folder.join("journal.redb").exists() {
        let started = now();
        futures::executor::block_on(fill(folder, calls, each, long))?;
        let took = started.elapsed().as_secs_f64();
        writeln!(out, "filled with {} events in {took:.1} s", calls * each + long)?;
    }
    let bytes = fs::metadata(folder.join("journal.redb"))?.len();
    writeln!(out, "the file has {} MiB", bytes >> 20)?;
    for start in 1..=STARTS {
        let ready = start_once(&binary, folder)?;
        writeln!(
            out,
            "start {start}: ready after {:.2} s and {:.2} s of CPU time, {} now, {} at most",
            ready.seconds, ready.cpu_seconds, ready.memory, ready.peak
        )?;
    }
    Ok(())
}

/// Calls that take turns, as those of a contact centre do, and the long one among them.
async fn fill(folder: &Path, calls: u64, each: u64, long: u64) -> Result<()> {
    let journal = FileJournal::open(folder, FileConfig::default())?;
    let mut batch = Vec::new();
    let long_per_round = long.div_ceil(each.max(1));
    let mut long_done = 0;
    for round in 0..each {
        for call in 0..calls {
            batch.push(append(call, round)?);
            if batch.len() >= BATCH {
                journal.append(std::mem::take(&mut batch)).await?;
            }
        }
        for _ in 0..long_per_round.min(long - long_done) {
            batch.push(append(calls, long_done)?);
            long_done += 1;
            if batch.len() >= BATCH {
                journal.append(std::mem::take(&mut batch)).await?;
            }
        }
    }
    journal.append(batch).await?;
    journal.close().await;
    Ok(())
}

/// The event number `number` of call number `call`: it starts, is answered, and then gets data.
fn append(call: u64, number: u64) -> Result<Append> {
    let id = CallId::new(format!("{call:032X}"))?;
    let (from, to) = (100_000 + 2 * call, 100_001 + 2 * call);
    let party = |dn: u64, role, state| -> Result<NewParty> {
        let text = dn.to_string();
        Ok(NewParty { dn: Some(Dn::new(text.as_str())?), number: Number::new(text)?, state, role })
    };
    let what = if number == 0 {
        CallHappening::Started {
            conn_id: ConnId::new(format!("{call:016x}"))?,
            call_type: CallType::Internal,
            dnis: Some(Number::new(to.to_string())?),
            ani: Some(Number::new(from.to_string())?),
            parties: vec![
                party(from, Role::Origin, PartyState::Established)?,
                party(to, Role::Destination, PartyState::Established)?,
            ],
            user_data: UserData::parse(r#"{"AccountNumber":"12345","Segment":"Gold"}"#)?,
            consult: None,
            rings_until_ms: None,
        }
    } else {
        let data = format!(r#"{{"Step":"{number}","Note":"customer asked for a call back"}}"#);
        CallHappening::UserDataChanged {
            requester: Requester::Party(Dn::new(from.to_string())?),
            change: UserDataChange::Update(UserData::parse(&data)?),
        }
    };
    let event = Event::Call(CallEvent {
        call: id.clone(),
        at_ms: 1_700_000_000_000 + number,
        what,
        feed: None,
    });
    Ok(Append {
        key: journal_key(&Subject::Call(id)),
        expected: Version::new(number),
        records: vec![event.to_record().into()],
    })
}

/// What a server took until it listened.
struct Ready {
    seconds: f64,
    cpu_seconds: f64,
    memory: String,
    peak: String,
}

fn start_once(binary: &str, folder: &Path) -> Result<Ready> {
    let started = now();
    let mut child = Command::new(binary)
        .args(["demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .stderr(Stdio::piped())
        .spawn()?;
    let errors = child.stderr.take().ok_or("no standard error")?;
    let mut said = String::new();
    for line in BufReader::new(errors).lines() {
        said = line?;
        if said.starts_with("listening on ") {
            break;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
    child.kill()?;
    child.wait()?;
    if !said.starts_with("listening on ") {
        return Err(said.into());
    }
    let memory = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map_or_else(|| "?".to_owned(), |line| line.trim().to_owned())
    };
    // User and system time, in ticks of 10 ms; the name before them may hold anything.
    let fields = stat.rsplit_once(')').ok_or("no CPU time")?.1.split_ascii_whitespace();
    let mut ticks = 0;
    for field in fields.skip(11).take(2) {
        ticks += field.parse::<u32>()?;
    }
    Ok(Ready {
        seconds,
        cpu_seconds: f64::from(ticks) / 100.0,
        memory: memory("VmRSS:"),
        peak: memory("VmHWM:"),
    })
}

#[expect(clippy::disallowed_methods, reason = "this measures")]
fn now() -> Instant {
    Instant::now()
}
