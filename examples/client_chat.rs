//! How does a program talk to a Bayeux server?
//!
//! ```text
//! cargo run -p encke-examples --example embed_hyper
//! cargo run -p encke-examples --example client_chat -- http://127.0.0.1:8081/cometd alice
//! ```
//!
//! Every line that you type goes to the room, and every line of the room is printed. Stop the
//! server and start it again: the client says so, comes back by itself, and knows where lines may
//! be missing. Ctrl-D leaves.

use encke_client::{Client, Gap, Status};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8081/cometd".into());
    let name = arguments.next().unwrap_or_else(|| "nobody".into());

    let (client, driver) = Client::builder(&url).connect()?;
    let driver = tokio::spawn(driver);
    tokio::spawn(tell_status(client.clone()));

    let mut room = client.subscribe("/chat/room").await?;
    tokio::spawn(async move {
        while let Some(line) = room.next().await {
            if line.gap() != Gap::None {
                println!("... lines may be missing here ...");
            }
            match line.json::<Value>() {
                Ok(said) => println!("{}: {}", said["name"], said["text"]),
                Err(error) => println!("not a line of ours: {error}"),
            }
        }
    });

    let mut lines = BufReader::new(stdin()).lines();
    while let Some(text) = lines.next_line().await? {
        if let Err(error) = client.publish("/chat/room", &json!({"name": name, "text": text})).await
        {
            println!("not said: {error}");
        }
    }
    client.disconnect().await;
    println!("left: {}", driver.await?);
    Ok(())
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
