//! One WebSocket: a text frame out, text frames in.
//!
//! Nothing is negotiated. Pings of the server are answered by the library as frames are read, so a
//! socket has to be read to stay open.
//!
//! # Sources
//!
//! Observed: Bayeux servers push messages in frames of their own and answer a request in one.

use std::io;
use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::connection::{ConnectionError, connect};
use crate::response::MAX_RESPONSE_BYTES;
use crate::target::Target;

/// Read buffer of a socket; frames are small, and an idle socket keeps it.
const READ_BUFFER_BYTES: usize = 2048;

/// An open socket.
#[derive(Debug)]
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects and upgrades, from the given source address if there is one.
    pub(crate) async fn open(
        target: &Target,
        source: Option<SocketAddr>,
    ) -> Result<Self, ConnectionError> {
        let url = format!("ws://{}{}", target.authority(), target.path());
        let mut request = url.into_client_request().map_err(failed)?;
        if let Some(authorization) = target.authorization() {
            let value = HeaderValue::from_str(authorization).map_err(io::Error::other)?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let stream = connect(target.address(), source).await?;
        let bounds = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_RESPONSE_BYTES))
            .max_frame_size(Some(MAX_RESPONSE_BYTES));
        let (socket, _) =
            client_async_with_config(request, stream, Some(bounds)).await.map_err(failed)?;
        Ok(Self(socket))
    }

    /// Writes a frame.
    pub(crate) async fn send(&mut self, text: &str) -> Result<(), ConnectionError> {
        self.0.send(Message::text(text)).await.map_err(failed)
    }

    /// Waits for the next text frame.
    pub(crate) async fn receive(&mut self) -> Result<Utf8Bytes, ConnectionError> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(_))) | None => return Err(ConnectionError::Ended),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(failed(error)),
            }
        }
    }
}

fn failed(error: Error) -> ConnectionError {
    match error {
        Error::Io(error) => error.into(),
        Error::ConnectionClosed | Error::AlreadyClosed => ConnectionError::Ended,
        Error::Http(response) => ConnectionError::NoUpgrade(response.status().as_u16()),
        other => io::Error::other(other).into(),
    }
}
