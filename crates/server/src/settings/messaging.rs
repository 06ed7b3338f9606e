//! Settings of what the house does: Bayeux, calls, journal, the GWS surface, the simulator.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[bayeux]`: sessions of both Bayeux endpoints. Each endpoint has these bounds for itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct BayeuxSettings {
    /// Longest hold of a `/meta/connect`. Default 30,000 ms. CometD: `timeout`.
    pub timeout_ms: u64,
    /// What clients wait between two polls. Default 0 ms. CometD: `interval`.
    pub interval_ms: u64,
    /// Silence after which a session is gone. Default 10,000 ms. CometD: `maxInterval`.
    pub max_interval_ms: u64,
    /// Whether clients are told `maxInterval`, so that one that was cut off knows when to shake
    /// hands again. Default yes. CometD: `handshakeReconnect`.
    pub advise_max_interval: bool,
    /// Longest hold that a client may ask for. Default 86,400,000 ms, a day, which is also the most.
    /// Takes the place of CometD's `maxProcessing`.
    pub max_hold_ms: u64,
    /// Spelling of error texts: that of CometD `3.1`, `4` or `5` and later. Default `5`.
    pub error_texts: ErrorTexts,
    /// Status of a held poll that a newer one of its session has superseded, 400 to 599 but not 408.
    /// Default 409. CometD: `duplicateMetaConnectHttpResponseCode`, default 500.
    pub superseded_status: u16,
    /// Whether a publisher that is subscribed gets its own messages; `[[channels]]` may say no.
    /// Default yes. CometD: `broadcastToPublisher`.
    pub broadcast_to_publisher: bool,
    /// How long a session may do nothing but connect before it is ended. Default 0 ms: for ever.
    /// CometD: the activity extension, `maxInactivityPeriod`.
    pub max_inactive_ms: u64,
    /// What counts as activity: `client` is what the client sends, `client-or-server` also what is
    /// published for it. Default `client`. CometD: `CLIENT`, `CLIENT_SERVER`.
    pub active_by: ActiveBy,
    /// Whether events and replies carry the time of day. Default no. CometD: the timestamp extension.
    pub timestamps: bool,
    /// Longest time that a message of a lazy channel waits for others. Default 5,000 ms; 0 makes
    /// nothing lazy. CometD: `maxLazyTimeout`.
    pub max_lazy_ms: u64,
    /// Whether messages travel on connect replies only, which keeps their order. Default yes.
    /// CometD: `metaConnectDeliverOnly`.
    pub meta_connect_deliver_only: bool,
    /// Largest body. Default 1,048,576 bytes; beyond it 413.
    pub max_body_bytes: usize,
    /// Most messages in one body. Default 1,000; beyond it 413.
    pub max_batch_messages: usize,
    /// Deepest nesting of a body. Default 512 levels; beyond it 400.
    pub max_depth: usize,
    /// Undelivered messages of one session. Default 10,000; beyond it the session is cut and its
    /// client told to shake hands again.
    pub max_queue_messages: usize,
    /// The same in bytes. Default 8,388,608.
    pub max_queue_bytes: usize,
    /// Size at which a response is closed and the rest left for the next. Default 1,048,576 bytes.
    pub max_response_bytes: usize,
    /// Size above which responses are compressed for clients that take gzip. Default 2,048 bytes; 0
    /// is never.
    pub compress_above_bytes: usize,
    /// Whether channels can be read without a Bayeux library: `GET .../events` as server-sent events,
    /// `GET .../history` from the log. Default yes; both are judged like subscriptions.
    pub views: bool,
    /// Subscriptions of one session. Default 4,096; beyond it `403`.
    pub max_subscriptions: usize,
    /// Sessions of one endpoint. Default 200,000; beyond it `503`.
    pub max_sessions: usize,
    /// Sessions of one user. Default 10,000; beyond it the handshake is refused.
    pub max_sessions_per_user: usize,
    /// Sessions from one address, or one /64 of IPv6. Default 10,000; demo 0, which is no bound.
    /// Beyond it `429`.
    pub max_sessions_per_address: usize,
    /// Polls of one browser that are held at a time over HTTP/1.1, told by its cookie. Default 5:
    /// browsers open six connections to a host. Further sessions are answered at once and advised
    /// to poll. 0 holds nobody, -1 is no bound. CometD: `maxSessionsPerBrowser`, default 1.
    pub max_sessions_per_browser: i64,
    /// The same over HTTP/2, where polls share a connection. Default -1.
    /// CometD: `http2MaxSessionsPerBrowser`.
    pub http2_max_sessions_per_browser: i64,
    /// Pause between the polls of such further sessions. Default 2,000 ms; 0 turns them away.
    /// CometD: `multiSessionInterval`.
    pub multi_session_interval_ms: u64,
}

impl Default for BayeuxSettings {
    fn default() -> Self {
        Self {
            timeout_ms: 30_000,
            interval_ms: 0,
            max_interval_ms: 10_000,
            advise_max_interval: true,
            max_hold_ms: 86_400_000,
            error_texts: ErrorTexts::V5,
            superseded_status: 409,
            broadcast_to_publisher: true,
            max_inactive_ms: 0,
            active_by: ActiveBy::Client,
            timestamps: false,
            max_lazy_ms: 5_000,
            meta_connect_deliver_only: true,
            max_body_bytes: 1_048_576,
            max_batch_messages: 1_000,
            max_depth: 512,
            max_queue_messages: 10_000,
            max_queue_bytes: 8_388_608,
            max_response_bytes: 1_048_576,
            compress_above_bytes: 2_048,
            views: true,
            max_subscriptions: 4_096,
            max_sessions: 200_000,
            max_sessions_per_user: 10_000,
            max_sessions_per_address: 10_000,
            max_sessions_per_browser: 5,
            http2_max_sessions_per_browser: -1,
            multi_session_interval_ms: 2_000,
        }
    }
}

/// What keeps a session from being inactive; connects never do.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActiveBy {
    /// What its client sends.
    #[default]
    Client,
    /// That, and what is published for it.
    ClientOrServer,
}

/// Whose spelling of error texts is used: deployed clients compare whole texts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ErrorTexts {
    /// CometD 2.9 to 3.1: `402::Unknown client`.
    #[serde(rename = "3.1")]
    V31,
    /// CometD 4: `402::unknown_session`.
    #[serde(rename = "4")]
    V4,
    /// CometD 5 and later: `402::session_unknown`.
    #[default]
    #[serde(rename = "5")]
    V5,
}

/// `[cometd]`: the generic endpoint at `/cometd`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CometdSettings {
    /// Whether it exists. Default yes.
    pub enabled: bool,
    /// Whether a client may shake hands without a login. Default no, demo yes.
    pub anonymous: bool,
    /// What handshakes offer, in order of preference. Default `websocket`, `long-polling`.
    /// `callback-polling` (JSONP) has to be asked for: any page of any site may load its replies
    /// with its visitor's cookies. CometD: `allowedTransports`.
    pub transports: Vec<Transport>,
    /// The parameter that names the callback of `callback-polling`. Default `jsonp`.
    /// CometD: `callbackParameter`.
    pub callback_parameter: String,
    /// Longest name of a callback. Default 64 bytes; beyond it 400.
    /// CometD: `callbackParameterMaxLength`.
    pub callback_max_bytes: usize,
}

/// A way to carry Bayeux messages.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Messages are pushed through an open socket.
    #[serde(rename = "websocket")]
    WebSocket,
    /// A request is held until there are messages.
    LongPolling,
    /// The same, with the replies as a script.
    CallbackPolling,
}

impl Transport {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::LongPolling => "long-polling",
            Self::CallbackPolling => "callback-polling",
        }
    }
}

impl Default for CometdSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            anonymous: false,
            transports: vec![Transport::WebSocket, Transport::LongPolling],
            callback_parameter: "jsonp".to_owned(),
            callback_max_bytes: 64,
        }
    }
}

/// `[journal]`: where the truth is kept.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct JournalSettings {
    /// Folder of the journal; made if it is not there. `serve` demands it, here or as `--data`;
    /// `demo` takes a temporary folder instead and removes it at the end.
    pub data: Option<PathBuf>,
    /// Events of a call, an interaction or a line after which one record takes their place. Default
    /// 256; 0 for never. It bounds what a long call costs on disk and at the next start.
    pub snapshot_after: u64,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self { data: None, snapshot_after: 256 }
    }
}

/// `[calls]`: how many calls and interactions there may be, and how long ended ones are kept.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CallSettings {
    /// Calls that are not released. Default 100,000; beyond it `statusCode` 4.
    pub max_calls: usize,
    /// The same on one DN, ringing ones included. Default 10; beyond it `statusCode` 2.
    pub max_calls_per_dn: usize,
    /// Interactions of all media that are not completed. Default 100,000; beyond it `statusCode` 4.
    /// Until there were other media it was called `max_sms_sessions`, which is still read.
    #[serde(alias = "max_sms_sessions")]
    pub max_interactions: usize,
    /// The same of one user. Default 20; beyond it `statusCode` 2.
    #[serde(alias = "max_sms_sessions_per_user")]
    pub max_interactions_per_user: usize,
    /// Entries of a transcript after which no more texts are taken. Default 1,000.
    pub max_transcript_entries: usize,
    /// Length of one text. Default 4,096 bytes; beyond it `statusCode` 10.
    pub max_text_bytes: usize,
    /// How long a line rings at most. Default 0: for ever. It then stops ringing, and a call with
    /// fewer than two left ends; whoever waited for an answer gets an `ErrorMessage` besides.
    pub no_answer_ms: u64,
    /// What a consultation call has of the user data of the call it was made from. Default
    /// `inherited`.
    pub consult_user_data: ConsultData,
    /// Commands that wait for the journal. Default 4,096; beyond it 503.
    pub max_waiting: usize,
    /// How long ended calls and interactions are kept, so that late operations are told of the end.
    /// Default 600,000 ms.
    pub retention_ms: u64,
    /// How many of them. Default 10,000; the oldest go first.
    pub max_retained: usize,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            max_calls: 100_000,
            max_calls_per_dn: 10,
            max_interactions: 100_000,
            max_interactions_per_user: 20,
            max_transcript_entries: 1_000,
            max_text_bytes: 4_096,
            no_answer_ms: 0,
            consult_user_data: ConsultData::Inherited,
            max_waiting: 4_096,
            retention_ms: 600_000,
            max_retained: 10_000,
        }
    }
}

/// What a consultation call has of the other call's user data; T-Library has the same three.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ConsultData {
    /// Nothing.
    Separate,
    /// A copy at its beginning.
    #[default]
    Inherited,
    /// The same data: a change on either call changes both.
    Joint,
}

/// Whose lists of `capabilities` calls show.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Capabilities {
    /// The samples of the documentation.
    #[default]
    #[serde(rename = "docs")]
    Docs,
    /// What GWS 8.5.202 was seen to send: `ClearCall` besides.
    #[serde(rename = "live-8.5.202")]
    Live,
    /// Everything that is possible, muting and recording included, which no known server lists so.
    #[serde(rename = "all")]
    All,
}

/// `[gws]`: spellings and options of the GWS v2 surface.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GwsSettings {
    /// Adds the `metrics` member to notifications, as live servers do. Default off.
    pub metrics: bool,
    /// `docs`, `live-8.5.202` or `all`: what `capabilities` of calls list. Default `docs`. What is
    /// possible does not depend on it.
    pub capabilities: Capabilities,
    /// Lists what can be done about recordings, as for users with the feature
    /// `api-voice-recording`. Default off.
    pub recording: bool,
    /// `smsession` or `smssession`: payload key, `uri` and channel. Default `smsession`.
    pub sms_spelling: SmsSpelling,
    /// What follows the `@` in the `connId` of T-Library events. Default `encke`.
    pub site: String,
    /// How many levels of objects and arrays a REST body may nest. Default 32; beyond it
    /// `statusCode` 10.
    pub max_depth: usize,
    /// What handshakes of the notifications endpoint offer. Default `long-polling` alone: deployed
    /// desktops switch WebSocket off, since the live servers' documentation calls it unsupported.
    /// `callback-polling` is refused here.
    pub transports: Vec<Transport>,
}

impl Default for GwsSettings {
    fn default() -> Self {
        Self {
            metrics: false,
            capabilities: Capabilities::Docs,
            recording: false,
            sms_spelling: SmsSpelling::Smsession,
            site: "encke".to_owned(),
            max_depth: 32,
            transports: vec![Transport::LongPolling],
        }
    }
}

/// How SMS sessions are spelt in answers and notifications; both are accepted in requests.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsSpelling {
    /// `smsession`, `/v2/me/smsessions`.
    #[default]
    Smsession,
    /// `smssession`, `/v2/me/smssessions`.
    Smssession,
}

/// `[user_data]`: bounds and form of attached data.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct UserDataSettings {
    /// Packed size of the data of one call or session. Default 16,000 bytes, at most 65,535;
    /// beyond it `statusCode` 10 and nothing changes.
    pub max_bytes: usize,
    /// Length of one key. Default 1,024 bytes; beyond it `statusCode` 10.
    pub max_key_bytes: usize,
    /// How deep values may nest. Default 64 levels; beyond it `statusCode` 10.
    pub max_depth: usize,
    /// `all` writes a repeated key repeatedly, `last` only its last pair, `list` every pair as an
    /// element of an array. Default `all`.
    pub duplicates: DuplicateKeys,
    /// Notifications of a change say who changed which keys, in `origin`. Default off.
    pub origin: bool,
    /// Changes that one user makes of the data of one call or session in one window. Default 1,000;
    /// beyond it 429 until the window is over. 0: as many as there come. (Demo: 0)
    pub max_changes: u32,
    /// How long a window is. Default 10,000 ms.
    pub changes_window_ms: u64,
}

impl Default for UserDataSettings {
    fn default() -> Self {
        Self {
            max_bytes: 16_000,
            max_key_bytes: 1_024,
            max_depth: 64,
            duplicates: DuplicateKeys::All,
            origin: false,
            max_changes: 1_000,
            changes_window_ms: 10_000,
        }
    }
}

/// How a key that stands in user data more than once is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DuplicateKeys {
    /// Each pair.
    #[default]
    All,
    /// The last pair of a key, for strict parsers.
    Last,
    /// Each pair, as `{"key":...,"value":...}` in an array, for strict parsers that want all.
    List,
}

/// `[simulator]`: the outside world at `/sim/v1`, without a login.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SimulatorSettings {
    /// Default off, demo on. Never switch it on where strangers can reach it.
    pub enabled: bool,
}

/// `[desk]`: the agent desk at `/` and `/desk/`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct DeskSettings {
    /// Whether it is served. Default off, demo on.
    pub enabled: bool,
}
