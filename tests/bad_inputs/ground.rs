//! The server under the tables: what is there to be asked about, and the walk through the rows.

use encke_testkit::{Agent, Connection, GWS, Issuer, Launch, Login, PLAIN, Peer, Request, Server};
use serde_json::json;

use crate::case::Case;

/// A server and its inhabitants.
#[derive(Debug)]
pub struct Ground {
    server: Server,
    healthy: Peer,
    /// The names that rows need.
    pub world: World,
}

/// Identifiers of what was made before the first row.
#[derive(Debug)]
pub struct World {
    /// A call from alice to bob that rings.
    pub call: String,
    /// A call of alice that has ended.
    pub released: String,
    /// A call from carol to dave.
    pub foreign_call: String,
    /// Alice's device.
    pub device: String,
    /// Bob's device.
    pub foreign_device: String,
    /// An SMS session that alice accepted.
    pub sms: String,
    /// An SMS session that waits for alice.
    pub invited: String,
    /// An SMS session of bob.
    pub foreign_sms: String,
    /// The client id and the cookie of a session on `/cometd`.
    pub plain: Session,
    /// The client id and the cookie of a session on `/cometd` in another browser.
    pub other: Session,
    /// The client id and the cookies of alice's session on the GWS endpoint.
    pub gws: Session,
    /// Whose tokens the server takes.
    pub issuer: Issuer,
}

/// Failures cost nothing here: a table is full of them.
const SETTINGS: &str = r#"
[login]
user_failures = 1000
address_failures = 10000
[login.jwt]
jwks_file = "keys.json"
issuers = ["https://issuer.example.com"]
audiences = ["encke"]
leeway_ms = 0
[api]
enabled = true
max_batch_messages = 3
[api.keys.all]
sha256 = "e48ca2bf8164afcb930b4ba991bfe00e34794e8612620250741adab59f4b1bb9"
[api.keys.reader]
sha256 = "99ebe6f6c17e3e94441555592799d5866792c57211dad4e04aeafa1036a4517b"
operations = ["presence"]
"#;

/// A Bayeux session as a request names it.
#[derive(Debug)]
pub struct Session {
    /// Its client id.
    pub client: String,
    /// The `Cookie` header of its browser.
    pub cookie: String,
}

impl Session {
    fn of(peer: &Peer) -> Self {
        let browser = peer.cookie("BAYEUX_BROWSER").expect("a browser cookie");
        Self { client: peer.client_id().to_owned(), cookie: format!("BAYEUX_BROWSER={browser}") }
    }
}

impl Ground {
    /// Starts a server and fills it.
    pub async fn lay() -> Self {
        // Sessions live as long as the table: a row is about its input, not about expiry.
        let issuer = Issuer::new("a secret that is long enough for SHA-256");
        let server = Launch::demo()
            .config(&format!("[bayeux]\nmax_interval_ms = 600000\n{SETTINGS}"))
            .file("keys.json", &issuer.key_set("known"))
            .start()
            .await;
        let mut alice = Agent::new(&server, "alice");
        let released = alice.dial("15003").await;
        alice.operate(&released, &json!({"operationName": "Hangup"})).await;
        let call = alice.dial("15001").await;
        let foreign_call = Agent::new(&server, "carol").dial("15003").await;
        let sms = offer(&server, "alice").await;
        let accept = json!({"operationName": "Accept", "nickname": "Alice"});
        alice.must(&format!("me/smsessions/{sms}"), &accept).await;
        let invited = offer(&server, "alice").await;
        let foreign_sms = offer(&server, "bob").await;
        let device = device(&mut alice).await;
        let foreign_device = device_of(&server, "bob").await;
        let plain = Session::of(&Peer::up(&server, PLAIN, None, &[]).await);
        let other = Session::of(&Peer::up(&server, PLAIN, None, &[]).await);
        let gws = Session::of(&Peer::up(&server, GWS, Some(Login::demo("alice")), &[]).await);
        let healthy = Peer::up(&server, PLAIN, None, &[]).await;
        let world = World {
            call,
            released,
            foreign_call,
            device,
            foreign_device,
            sms,
            invited,
            foreign_sms,
            plain,
            other,
            gws,
            issuer,
        };
        Self { server, healthy, world }
    }

    /// Sends every row, judges its answer and then asks for something good.
    pub async fn walk(mut self, table: fn(&World) -> Vec<Case>) {
        let mut faults = Vec::new();
        let mut connection = self.open().await;
        for case in table(&self.world) {
            if let Err(fault) = self.put(&case, &mut connection).await {
                faults.push(fault);
                connection = self.open().await;
            }
        }
        assert!(
            faults.is_empty(),
            "{} rows failed:\n{}\nthe log:\n{}",
            faults.len(),
            faults.join("\n"),
            self.server.log()
        );
    }

    async fn put(&mut self, case: &Case, connection: &mut Connection) -> Result<(), String> {
        let lost = |error| format!("{}: no answer: {error}", case.name());
        connection.send(&case.bytes).await.map_err(lost)?;
        let response = connection.receive(&case.method).await.map_err(lost)?;
        let verdict = case.judge(&response);
        if response.closes() || case.may_close {
            *connection = self.open().await;
        }
        let good = Request::new("GET", "/api/v2/me").login(&Login::demo("alice"));
        let after = connection
            .exchange(&good)
            .await
            .map_err(|error| format!("{}: then a good request failed: {error}", case.name()))?;
        if after.status != 200 || after.value()["statusCode"] != 0 {
            return Err(format!("{}: then a good request got {}", case.name(), after.text()));
        }
        let reply = self.healthy.publish("/still/there", "1").await;
        if reply["successful"] != true {
            return Err(format!("{}: then a good publish got {reply}", case.name()));
        }
        verdict
    }

    async fn open(&self) -> Connection {
        Connection::open(self.server.address()).await.expect("the server accepts")
    }
}

async fn offer(server: &Server, to: &str) -> String {
    let body = json!({"to": to, "from": "+15550100", "nickname": "Customer", "text": "Hello"});
    let answer = server.simulate("smssessions", &body.to_string()).await.value();
    answer["id"].as_str().unwrap_or_else(|| panic!("an SMS session's id: {answer}")).to_owned()
}

async fn device(agent: &mut Agent) -> String {
    let devices = agent.get("me/devices?fields=*").await;
    devices["devices"][0]["id"].as_str().expect("a device has an id").to_owned()
}

async fn device_of(server: &Server, user: &str) -> String {
    device(&mut Agent::new(server, user)).await
}
