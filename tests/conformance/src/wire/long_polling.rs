//! Long-polling: a POST per body, on kept connections.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;

use super::{Fault, Wire};
use crate::answer::{Answer, Received};
use crate::clock;
use crate::cookies::Browser;
use crate::http::{Connection, Request, Response};
use crate::target::Endpoint;

/// Connections that are free for the next request, shared by the futures of one wire.
pub(super) type Idle = Arc<Mutex<Vec<Connection>>>;

/// A browser that posts.
#[derive(Clone, Debug)]
pub(crate) struct LongPolling {
    endpoint: Endpoint,
    browser: Browser,
    idle: Idle,
}

impl LongPolling {
    /// A wire that shows and keeps the cookies of `browser`.
    pub(crate) fn new(endpoint: Endpoint, browser: Browser) -> Self {
        Self { endpoint, browser, idle: Idle::default() }
    }
}

impl Wire for LongPolling {
    fn post(&self, body: String) -> BoxFuture<'static, Result<Answer, Fault>> {
        let Self { endpoint, browser, idle } = self.clone();
        Box::pin(async move {
            let mut request = Request::json(&endpoint.path, body);
            if let Some(cookies) = browser.header() {
                request = request.header("Cookie", &cookies);
            }
            let begun = clock::now();
            let response = exchange(&endpoint, &idle, &request).await?;
            response.all("set-cookie").for_each(|cookie| browser.take(cookie));
            Ok(Answer {
                status: response.status,
                messages: Answer::decode(&response.body),
                body: response.text(),
                headers: response.headers,
                took: begun.elapsed(),
            })
        })
    }

    fn pushed(&self) -> Vec<Received> {
        Vec::new()
    }

    fn another(&self) -> Box<dyn Wire> {
        Box::new(Self::new(self.endpoint.clone(), self.browser.clone()))
    }
}

/// One exchange on an idle connection or, if there is none that still works, on a new one.
pub(super) async fn exchange(
    endpoint: &Endpoint,
    idle: &Idle,
    request: &Request,
) -> Result<Response, Fault> {
    let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    if let Some(mut connection) = kept {
        // A server may close an idle connection at any time; that is no answer.
        if let Ok(response) = connection.exchange(request).await {
            keep(idle, connection, &response);
            return Ok(response);
        }
    }
    let mut connection = Connection::open(endpoint).await?;
    let response = connection.exchange(request).await?;
    keep(idle, connection, &response);
    Ok(response)
}

fn keep(idle: &Idle, connection: Connection, response: &Response) {
    if !response.closes() {
        idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}
