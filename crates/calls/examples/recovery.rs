//! What calls that live long cost at the next start and on disk, with snapshots and without.
//!
//! Fills a journal through a core, lets the core take the snapshots that are due, and opens it again.
//! Before it come the same events in a journal of a version that took none, and what its first start
//! makes of it.
//!
//! ```sh
//! cargo run --release -p encke-calls --example recovery -- FOLDER 200 5000
//! ```
//!
//! | Argument | Meaning                                           |
//! |----------|---------------------------------------------------|
//! | 1        | folder for the two journals, which must not be there |
//! | 2        | calls                                             |
//! | 3        | events of each                                    |

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use encke_calls::{
    Command, Core, CoreConfig, Dn, Number, Requester, Subject, SystemClock, UserData,
    UserDataChange,
};
use encke_journal::{FileConfig, FileJournal, Journal, compact};
use futures::future::join_all;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const EVERY: Option<NonZeroU64> = NonZeroU64::new(256);

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<u64>());
    let (calls, events) = (number(200)?, number(5000)?);
    for (name, every) in [("without", None), ("with", EVERY)] {
        let folder = Path::new(&folder).join(name);
        let took = fill(&folder, calls, events, every).await?;
        say(&format!("{name}: {} events took {took:.2} s of CPU time", calls * events))?;
        recover(&folder, every).await?;
        if every.is_none() {
            let took = upgrade(&folder).await?;
            say(&format!("{name}: the snapshots that were missing took {took:.2} s of CPU time"))?;
            recover(&folder, EVERY).await?;
        }
        let sizes = compact(&folder)?;
        say(&format!(
            "{name}: compacted from {} to {} KiB",
            sizes.before >> 10,
            sizes.after >> 10
        ))?;
    }
    Ok(())
}

fn config(calls: u64, every: Option<NonZeroU64>) -> Result<CoreConfig> {
    let dns: std::result::Result<Vec<_>, _> =
        (0..2 * calls).map(|n| Dn::new((100_000 + n).to_string())).collect();
    Ok(CoreConfig::default().dns(dns?).snapshot_after(every))
}

async fn open(
    folder: &Path,
    config: CoreConfig,
) -> Result<(Arc<dyn Journal>, Core, tokio::task::JoinHandle<()>)> {
    let journal: Arc<dyn Journal> = Arc::new(FileJournal::open(folder, FileConfig::default())?);
    let opened = Core::open(Arc::clone(&journal), config, Arc::new(SystemClock), Vec::new()).await;
    let (core, writer) = opened?;
    Ok((journal, core, tokio::spawn(writer)))
}

/// Calls that take turns, with user data that changes.
async fn fill(folder: &Path, calls: u64, events: u64, every: Option<NonZeroU64>) -> Result<f64> {
    let started = cpu_seconds()?;
    let (journal, core, writer) = open(folder, config(calls, every)?).await?;
    let mut ids = Vec::new();
    for call in 0..calls {
        let dial = Command::Dial {
            from: Dn::new((100_000 + 2 * call).to_string())?,
            to: Number::new((100_001 + 2 * call).to_string())?,
            user_data: UserData::parse(r#"{"AccountNumber":"12345","Segment":"Gold"}"#)?,
        };
        let Subject::Call(id) = core.submit(dial).await?.subject else {
            return Err("no call".into());
        };
        ids.push((id, Dn::new((100_000 + 2 * call).to_string())?));
    }
    for event in 1..events {
        let data = format!(r#"{{"Step":"{event}","Note":"customer asked for a call back"}}"#);
        let change = UserDataChange::Update(UserData::parse(&data)?);
        let changes = ids.iter().map(|(call, dn)| {
            core.submit(Command::ChangeUserData {
                call: call.clone(),
                requester: Requester::Party(dn.clone()),
                change: change.clone(),
            })
        });
        for answer in join_all(changes).await {
            answer?;
        }
    }
    settle(&core).await;
    core.close().await;
    writer.await?;
    journal.close().await;
    Ok(cpu_seconds()? - started)
}

/// Until no snapshot is taken any more.
async fn settle(core: &Core) {
    loop {
        let before = core.stats().snapshots;
        for _ in 0..10 {
            core.sweep().await;
        }
        if core.stats().snapshots == before {
            return;
        }
    }
}

async fn recover(folder: &Path, every: Option<NonZeroU64>) -> Result<()> {
    let started = cpu_seconds()?;
    let journal: Arc<dyn Journal> = Arc::new(FileJournal::open(folder, FileConfig::default())?);
    let verified = cpu_seconds()?;
    let core =
        Core::open(Arc::clone(&journal), config(0, every)?, Arc::new(SystemClock), Vec::new());
    drop(core.await?);
    let replayed = cpu_seconds()?;
    journal.close().await;
    let size = fs::metadata(folder.join("journal.redb"))?.len() >> 20;
    say(&format!(
        "  a start takes {:.2} s of CPU time to verify {size} MiB and {:.2} s to replay",
        verified - started,
        replayed - verified
    ))
}

async fn upgrade(folder: &Path) -> Result<f64> {
    let started = cpu_seconds()?;
    let (journal, core, writer) = open(folder, config(0, EVERY)?).await?;
    settle(&core).await;
    core.close().await;
    writer.await?;
    journal.close().await;
    Ok(cpu_seconds()? - started)
}

/// User and system time of this process.
fn cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("no CPU time")?.1.split_ascii_whitespace();
    let mut ticks = 0;
    for field in fields.skip(11).take(2) {
        ticks += field.parse::<u32>()?;
    }
    Ok(f64::from(ticks) / 100.0)
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}
