//! A user of the REST API.

use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::{Connection, Login, Request, Response, Server};

/// One user with one keep-alive connection, opened again when the server closed it.
#[derive(Debug)]
pub struct Agent {
    address: SocketAddr,
    login: Login,
    connection: Option<Connection>,
}

impl Agent {
    /// One of the demo's people.
    pub fn new(server: &Server, user: &str) -> Self {
        Self::at(server.address(), user)
    }

    /// The same for a server that listens here.
    pub fn at(address: SocketAddr, user: &str) -> Self {
        Self { address, login: Login::demo(user), connection: None }
    }

    /// GET, path relative to `/api/v2/`; the body of a 200.
    ///
    /// # Panics
    ///
    /// If the status is another.
    pub async fn get(&mut self, path: &str) -> Value {
        let request = Request::new("GET", &format!("/api/v2/{path}"));
        let response = self.request(request).await;
        assert_eq!(response.status, 200, "GET {path}: {}", response.text());
        response.value()
    }

    /// POST of JSON text, path relative to `/api/v2/`.
    pub async fn post(&mut self, path: &str, body: &str) -> Response {
        self.request(Request::json(&format!("/api/v2/{path}"), body)).await
    }

    /// POST on a connection that may break, as when the server is being killed.
    ///
    /// # Errors
    ///
    /// The connection's, after which the change may or may not have happened.
    pub async fn try_post(&mut self, path: &str, body: &str) -> io::Result<Response> {
        let request = Request::json(&format!("/api/v2/{path}"), body).login(&self.login);
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let response = connection.exchange(&request).await?;
        Ok(self.keep(connection, response))
    }

    /// POST that must be answered with exactly `{"statusCode":0}`.
    ///
    /// # Panics
    ///
    /// If the answer is another.
    pub async fn must(&mut self, path: &str, body: &Value) {
        let response = self.post(path, &body.to_string()).await;
        assert_eq!(
            (response.status, response.value()),
            (200, json!({"statusCode": 0})),
            "{} POST {path} {body}",
            self.login.user()
        );
    }

    /// An operation on one of the user's calls that must be accepted.
    pub async fn operate(&mut self, call: &str, body: &Value) {
        self.must(&format!("me/calls/{call}"), body).await;
    }

    /// Dials from the user's first device; the id of the new call.
    ///
    /// # Panics
    ///
    /// If the call is refused or does not show in the user's calls.
    pub async fn dial(&mut self, to: &str) -> String {
        let before = self.live_calls().await;
        let devices = self.get("me/devices?fields=*").await;
        let device = devices["devices"][0]["id"].as_str().expect("a device").to_owned();
        let body = json!({"operationName": "Dial", "destination": {"phoneNumber": to}});
        self.must(&format!("me/devices/{device}/calls"), &body).await;
        let mut after = self.live_calls().await;
        after.retain(|call| !before.contains(call));
        assert_eq!(after.len(), 1, "one new call of {}: {after:?}", self.login.user());
        after.remove(0)
    }

    /// The ids of the user's calls that are not released.
    pub async fn live_calls(&mut self) -> Vec<String> {
        let calls = self.get("me/calls?fields=*").await;
        let calls = calls["calls"].as_array().expect("an array of calls");
        calls
            .iter()
            .filter(|call| call["state"] != "Released")
            .map(|call| call["id"].as_str().expect("a call has an id").to_owned())
            .collect()
    }

    /// One of the user's calls as the API shows it.
    pub async fn call(&mut self, id: &str) -> Value {
        self.get(&format!("me/calls/{id}")).await["call"].take()
    }

    /// A request with the user's credentials.
    ///
    /// # Panics
    ///
    /// If there is no response on a fresh connection.
    pub async fn request(&mut self, request: Request) -> Response {
        let request = request.login(&self.login);
        if let Some(mut connection) = self.connection.take()
            && let Ok(response) = connection.exchange(&request).await
        {
            return self.keep(connection, response);
        }
        let mut connection = Connection::open(self.address).await.expect("the server accepts");
        let response = connection.exchange(&request).await;
        let response = response.unwrap_or_else(|error| panic!("{request:?}: {error}"));
        self.keep(connection, response)
    }

    fn keep(&mut self, connection: Connection, response: Response) -> Response {
        if !response.closes() {
            self.connection = Some(connection);
        }
        response
    }
}
