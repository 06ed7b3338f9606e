//! How does a program talk to a Bayeux server, and miss nothing?
//!
//! ```text
//! cargo run -p encke-examples --example embed_services
//! cargo run -p encke-examples --example client_chat -- http://127.0.0.1:8083/cometd alice
//! ```
//!
//! Every line that you type goes to the room, and every line of the room is printed; `/sum 1 2 3` has
//! the server add up. Stop this program, say something as somebody else, and start it again: what
//! was said meanwhile comes first. Stop the server: the client says so and comes back by itself, and
//! since this server forgets its log with that, it says that lines are missing. Ctrl-D leaves.

use std::sync::Arc;

use encke_client::{
    CallError, Client, FilePositions, Gap, ReplayFrom, Status, SubscribeOptions, TypedSubscription,
};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

/// What is said in the room.
#[derive(Deserialize, Serialize)]
struct Line {
    name: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8083/cometd".into());
    let name = arguments.next().unwrap_or_else(|| "nobody".into());

    // Where this reader has got to survives the program.
    let path = std::env::temp_dir().join(format!("encke-chat-{name}.json"));
    let positions = Arc::new(FilePositions::open(&path)?);
    println!("the place in the log is kept in {}", path.display());

    let (client, driver) = Client::builder(&url).positions(positions.clone()).connect()?;
    let driver = tokio::spawn(driver);
    tokio::spawn(tell_status(client.clone()));

    // The first time from the beginning, then from where the last line was read.
    let options = SubscribeOptions::default().replay(ReplayFrom::Kept);
    let room = client.subscribe_with("/chat/room", options).await?;
    tokio::spawn(print(room.typed()));

    let mut lines = BufReader::new(stdin()).lines();
    while let Some(text) = lines.next_line().await? {
        if let Some(numbers) = text.strip_prefix("/sum ") {
            match sum(&client, numbers).await {
                Ok(sum) => println!("= {sum}"),
                Err(error) => println!("no sum: {error}"),
            }
            continue;
        }
        let line = Line { name: name.clone(), text };
        if let Err(error) = client.publish("/chat/room", &line).await {
            println!("not said: {error}");
        }
    }
    client.disconnect().await;
    println!("left: {}", driver.await?);
    positions.flush()?;
    Ok(())
}

async fn print(mut room: TypedSubscription<Line>) {
    while let Some(line) = room.next().await {
        match line {
            Ok(line) => {
                if line.message.gap() != Gap::None {
                    println!("... lines are missing here ...");
                }
                println!("{}: {}", line.data.name, line.data.text);
            }
            Err(other) => println!("not a line of ours: {other}"),
        }
    }
}

/// A remote call, as the JavaScript library makes it with `remoteCall("sum", ...)`.
async fn sum(client: &Client, numbers: &str) -> Result<f64, CallError> {
    let numbers: Vec<f64> = numbers.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    client.call("sum", &numbers).await
}

async fn tell_status(client: Client) {
    let mut status = client.status();
    while status.changed().await.is_ok() {
        match &*status.borrow_and_update() {
            Status::Connected { session } => println!("connected, session {session}"),
            Status::Interrupted { why, .. } => println!("interrupted: {why}"),
            status => println!("{status:?}"),
        }
    }
}
