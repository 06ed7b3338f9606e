//! The floor that hyper sets: hyper 1 as it is meant to be used, and next to nothing behind it.
#![expect(clippy::print_stderr, reason = "a command line tool")]

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use encke_benches::floor::{address, room};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

type Room = Mutex<room::Room<oneshot::Sender<String>>>;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind(address(std::env::args_os())).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let room = Arc::new(Room::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let room = Arc::clone(&room);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&room), request));
            // A client that is gone is no trouble of a floor's.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(
    room: Arc<Room>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    let body = body.unwrap_or_default();
    let text = match take(&room, std::str::from_utf8(&body).unwrap_or_default()) {
        Ok(text) => text,
        Err(held) => held.await.unwrap_or_default(),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    let kind = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

/// The response, or what it comes from later.
fn take(room: &Room, body: &str) -> Result<String, oneshot::Receiver<String>> {
    let mut over = Vec::new();
    let mut room = room.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = match room.take(body, &mut over) {
        room::Answer::Reply(text) => Ok(text),
        room::Answer::Hold(client) => {
            let (poll, held) = oneshot::channel();
            room.hold(client, poll);
            Err(held)
        }
    };
    drop(room);
    for (poll, text) in over {
        // The client may be gone.
        drop(poll.send(text));
    }
    answer
}
