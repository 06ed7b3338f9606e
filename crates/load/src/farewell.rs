//! Sessions leave, so that the next run finds a clean server.
//!
//! Their own connections are gone by then, with a poll unanswered on each. A few fresh ones carry
//! one `/meta/disconnect` per session. What fails here is nobody's trouble: the server removes a
//! session that has gone silent by itself.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;

use crate::connection::Connection;
use crate::request::{self, json_string};
use crate::session::Identity;

/// Connections that say farewell.
const CONNECTIONS: usize = 8;

/// Longest time it may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Tells the server that these sessions leave.
pub(crate) async fn say(identities: Vec<Identity>) {
    let shares = identities.chunks(identities.len().div_ceil(CONNECTIONS).max(1));
    let all = stream::iter(shares).for_each_concurrent(None, share);
    // Whoever is not done by then is left to the server.
    drop(tokio::time::timeout(LIMIT, all).await);
}

/// One connection's part; a broken connection is replaced once per session.
async fn share(identities: &[Identity]) {
    let mut connection = None;
    for identity in identities {
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(identity.target.address(), None).await,
        };
        let Ok(mut open) = open else { continue };
        let body = format!(
            r#"[{{"channel":"/meta/disconnect","clientId":{},"id":"5"}}]"#,
            json_string(&identity.client_id)
        );
        let request = request::post(&identity.target, &identity.cookies, &body);
        if open.send(&request).await.is_ok()
            && open.receive().await.is_ok_and(|response| !response.close)
        {
            connection = Some(open);
        }
    }
}
