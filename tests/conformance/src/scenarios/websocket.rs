//! WebSocket by itself: upgrades, frames, closing, moving.
//!
//! Specified: RFC 6455 for frames. Observed: what CometD does with them; Bayeux 1.0 does not know
//! the transport. The neutral scenarios run on it too.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::framing::HANDSHAKE;
use crate::client::having;
use crate::http::Request;
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::transport::Transport;
use crate::verdict::{Outcome, PASS, Stop, check, failed, skipped, varies};
use crate::wire::{Fault, Socket};

pub(super) fn scenarios() -> Vec<Scenario> {
    let list = scenarios! { "websocket";
        "H289" Required a_handshake_frame_is_answered_by_a_frame;
        "H290" Varies an_upgrade_below_the_endpoint;
        "H292" Expected an_idle_connect_is_answered_at_its_time;
        "H293" Expected a_message_comes_during_a_hold;
        "H294" Varies a_message_without_a_hold;
        "H296" Required three_messages_in_a_frame_are_answered;
        "H296" Varies frames_of_three_replies;
        "H299" Varies frames_of_messages_and_replies;
        "H300" Varies an_empty_frame;
        "H301" Varies a_frame_of_null;
        "H302" Varies a_frame_of_an_empty_array;
        "H302" Varies a_frame_of_broken_json;
        "H303" Expected a_bare_object_is_served;
        "H304" Varies a_binary_frame;
        "H305" Varies a_frame_of_70_kilobytes;
        "H306" Required a_message_in_three_fragments_is_read;
        "H307" Required a_ping_gets_a_pong_with_its_payload;
        "H308" Expected a_closed_socket_leaves_the_session;
        "H309" Expected messages_wait_for_the_next_socket;
        "H310" Expected a_second_socket_takes_the_session_over;
        "H310" Varies the_first_of_two_sockets;
        "H311" Want both_of_two_connects_are_answered;
        "H312" Expected a_second_handshake_on_a_socket_is_served;
        "H312" Varies the_older_session_after_a_second_handshake;
        "H313" Want a_handshake_beside_a_connect_breaks_nothing;
        "H314" Required a_disconnect_is_answered_before_the_end;
        "H314" Varies the_socket_after_a_disconnect;
        "H316" Varies an_upgrade_from_another_origin;
        "H317" Varies compression;
        "H319" Expected an_unknown_subprotocol_does_not_hinder_the_upgrade;
        "H321" Required a_thousand_publishes_without_waiting;
        "H228" Varies a_foreign_client_id_on_a_bound_socket;
        "H231" Varies a_websocket_session_over_long_polling;
        "H307" Required a_close_is_answered_by_a_close;
        "H289" Required an_upgrade_without_key_is_refused;
        "H289" Required an_unmasked_frame_ends_the_connection;
    };
    let only = On::Only(Transport::WebSocket);
    list.into_iter().map(|scenario| scenario.on(only)).collect()
}

/// A message of a frame, or the end of the socket.
async fn next(lab: &Lab, socket: &mut Socket) -> Result<Result<String, Fault>, Stop> {
    loop {
        match timeout(lab.limit(), socket.next()).await {
            Err(_) => return Err(failed("nothing came")),
            Ok(Ok(Message::Text(text))) => {
                lab.note(&format!("< {text}"));
                return Ok(Ok(text.to_string()));
            }
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => {
                lab.note(&format!("< {fault}"));
                return Ok(Err(fault));
            }
        }
    }
}

/// The messages of the next frame.
async fn frame(lab: &Lab, socket: &mut Socket) -> Result<Value, Stop> {
    let text = next(lab, socket).await??;
    serde_json::from_str(&text).map_err(|error| failed(format!("no JSON ({error}): {text}")))
}

async fn send(lab: &Lab, socket: &mut Socket, body: impl Into<String>) -> Result<(), Stop> {
    let body = body.into();
    lab.note(&format!("> {body}"));
    Ok(socket.send(Message::text(body)).await?)
}

/// A socket with a session that has had its first connect.
async fn connected(lab: &Lab) -> Result<(Socket, String), Stop> {
    let mut socket = lab.socket().await?;
    send(lab, &mut socket, HANDSHAKE.replace("long-polling", "websocket")).await?;
    let replies = frame(lab, &mut socket).await?;
    let id = replies[0]["clientId"].as_str().map(str::to_owned);
    let id = id.ok_or_else(|| failed(format!("no session: {replies}")))?;
    ask(lab, &mut socket, connect(&id, "c0", json!({"timeout": 0}))).await?;
    Ok((socket, id))
}

fn connect(client: &str, id: &str, advice: Value) -> Value {
    let mut request = json!({"channel": "/meta/connect", "clientId": client, "id": id,
                             "connectionType": "websocket"});
    if !advice.is_null() {
        crate::client::with(&mut request, "advice", advice);
    }
    request
}

/// Sends one message and reads frames until its reply, which it returns.
async fn ask(lab: &Lab, socket: &mut Socket, request: Value) -> Result<Value, Stop> {
    let id = request["id"].clone();
    send(lab, socket, Value::from(vec![request]).to_string()).await?;
    loop {
        let messages = frame(lab, socket).await?;
        let mut replies = messages.as_array().into_iter().flatten();
        if let Some(reply) = replies.find(|m| m["id"] == id && !m["successful"].is_null()) {
            return Ok(reply.clone());
        }
    }
}

async fn a_handshake_frame_is_answered_by_a_frame(lab: Lab) -> Outcome {
    let mut socket = lab.socket().await?;
    send(&lab, &mut socket, HANDSHAKE).await?;
    let replies = frame(&lab, &mut socket).await?;
    check!(replies[0]["successful"] == true, "refused: {replies}");
    PASS
}

async fn an_upgrade_below_the_endpoint(lab: Lab) -> Outcome {
    let endpoint = &lab.target().endpoint;
    match Socket::open(endpoint, &endpoint.below("/connect"), &[]).await {
        Ok(_) => varies("served"),
        Err(fault) => varies(format!("refused: {fault}")),
    }
}

async fn an_idle_connect_is_answered_at_its_time(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    let begun = crate::clock::now();
    ask(&lab, &mut socket, connect(&id, "c1", json!({"timeout": 600}))).await?;
    let took = begun.elapsed();
    check!(took >= Duration::from_millis(450), "after {} ms", took.as_millis());
    PASS
}

/// A subscribed socket, its session, and a publisher.
async fn subscribed(
    lab: &Lab,
    channel: &str,
) -> Result<(Socket, String, crate::client::Client), Stop> {
    let (mut socket, id) = connected(lab).await?;
    let request = json!({"channel": "/meta/subscribe", "clientId": id, "id": "s1",
                         "subscription": channel});
    let reply = ask(lab, &mut socket, request).await?;
    check!(reply["successful"] == true, "refused: {reply}");
    Ok((socket, id, lab.client().await?))
}

async fn a_message_comes_during_a_hold(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (mut socket, id, publisher) = subscribed(&lab, &channel).await?;
    send(&lab, &mut socket, Value::from(vec![connect(&id, "c1", Value::Null)]).to_string()).await?;
    publisher.publish(&channel, 1).await?;
    let messages = timeout(lab.at_once(), frame(&lab, &mut socket)).await;
    let messages = messages.map_err(|_| failed("not at once"))??;
    check!(messages[0]["data"] == 1, "{messages} instead of the message");
    PASS
}

async fn a_message_without_a_hold(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (mut socket, id, publisher) = subscribed(&lab, &channel).await?;
    publisher.publish(&channel, 1).await?;
    if timeout(Duration::from_millis(700), frame(&lab, &mut socket)).await.is_ok() {
        return varies("pushed at once");
    }
    send(&lab, &mut socket, Value::from(vec![connect(&id, "c1", Value::Null)]).to_string()).await?;
    let messages = frame(&lab, &mut socket).await?;
    check!(messages[0]["data"] == 1, "{messages} instead of the message");
    varies("with the next connect")
}

/// Subscribe and two publishes of one session.
fn three(client: &str, channel: &str) -> Value {
    json!([
        {"channel": "/meta/subscribe", "clientId": client, "id": "t1", "subscription": channel},
        {"channel": channel, "clientId": client, "id": "t2", "data": 1},
        {"channel": channel, "clientId": client, "id": "t3", "data": 2},
    ])
}

/// Reads frames until these replies have come; how many messages of which kind each frame had.
async fn shape(lab: &Lab, socket: &mut Socket, mut replies: usize) -> Result<Vec<String>, Stop> {
    let mut shape = Vec::new();
    while replies > 0 {
        let messages = frame(lab, socket).await?;
        let messages = messages.as_array().cloned().unwrap_or_default();
        let answers = messages.iter().filter(|m| !m["successful"].is_null()).count();
        shape.push(format!("{} messages and {answers} replies", messages.len() - answers));
        replies = replies.saturating_sub(answers);
    }
    Ok(shape)
}

async fn three_messages_in_a_frame_are_answered(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    send(&lab, &mut socket, three(&id, &lab.channel("/a")).to_string()).await?;
    shape(&lab, &mut socket, 3).await?;
    PASS
}

async fn frames_of_three_replies(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    let channel = lab.channel("/a");
    let mut body = three(&id, &channel);
    // Nobody subscribes, so that nothing but replies comes.
    body[0] = json!({"channel": channel, "clientId": id, "id": "t1", "data": 0});
    send(&lab, &mut socket, body.to_string()).await?;
    varies(format!("{} frames", shape(&lab, &mut socket, 3).await?.len()))
}

async fn frames_of_messages_and_replies(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    send(&lab, &mut socket, three(&id, &lab.channel("/a")).to_string()).await?;
    varies(shape(&lab, &mut socket, 3).await?.join(", "))
}

/// What comes of an odd frame: silence, an answer or a close; after silence the socket must work.
async fn odd_frame(lab: &Lab, odd: Message) -> Outcome {
    let (mut socket, id) = connected(lab).await?;
    socket.send(odd).await?;
    match timeout(Duration::from_millis(500), next(lab, &mut socket)).await {
        Ok(Ok(Ok(text))) => varies(format!("answered with {text}")),
        Ok(Ok(Err(Fault::Closed(code, _)))) => varies(format!("closed with {code:?}")),
        Ok(Ok(Err(fault))) => Err(failed(fault.to_string())),
        Ok(Err(stop)) => Err(stop),
        Err(_) => {
            let reply = ask(lab, &mut socket, connect(&id, "c1", json!({"timeout": 0}))).await?;
            check!(reply["successful"] == true, "the session is gone: {reply}");
            varies("ignored")
        }
    }
}

async fn an_empty_frame(lab: Lab) -> Outcome {
    odd_frame(&lab, Message::text("")).await
}

async fn a_frame_of_null(lab: Lab) -> Outcome {
    odd_frame(&lab, Message::text("null")).await
}

async fn a_frame_of_an_empty_array(lab: Lab) -> Outcome {
    odd_frame(&lab, Message::text("[]")).await
}

async fn a_frame_of_broken_json(lab: Lab) -> Outcome {
    odd_frame(&lab, Message::text("[{bad")).await
}

async fn a_bare_object_is_served(lab: Lab) -> Outcome {
    let mut socket = lab.socket().await?;
    let object = HANDSHAKE.trim_start_matches('[').trim_end_matches(']');
    send(&lab, &mut socket, object).await?;
    let replies = frame(&lab, &mut socket).await?;
    check!(replies[0]["successful"] == true, "refused: {replies}");
    PASS
}

async fn a_binary_frame(lab: Lab) -> Outcome {
    odd_frame(&lab, Message::binary(HANDSHAKE.as_bytes().to_vec())).await.map(|verdict| {
        match verdict {
            // The answer has a new client id each time.
            crate::verdict::Verdict::Varies(text) if text.starts_with("answered") => {
                crate::verdict::Verdict::Varies("served".to_owned())
            }
            other => other,
        }
    })
}

async fn a_frame_of_70_kilobytes(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    let data = "x".repeat(70_000);
    let request = json!([{"channel": lab.channel("/a"), "clientId": id, "id": "b1", "data": data}]);
    send(&lab, &mut socket, request.to_string()).await?;
    match next(&lab, &mut socket).await? {
        Ok(_) => varies("served"),
        Err(Fault::Closed(code, _)) => varies(format!("closed with {code:?}")),
        Err(fault) => Err(failed(fault.to_string())),
    }
}

async fn a_message_in_three_fragments_is_read(lab: Lab) -> Outcome {
    let mut socket = lab.socket().await?;
    let bytes = HANDSHAKE.as_bytes();
    let third = bytes.len() / 3;
    for (number, part) in bytes.chunks(third + 1).enumerate() {
        let opcode = OpCode::Data(if number == 0 { Data::Text } else { Data::Continue });
        let last = (number + 1) * (third + 1) >= bytes.len();
        socket.send(Message::Frame(Frame::message(part.to_vec(), opcode, last))).await?;
    }
    let replies = frame(&lab, &mut socket).await?;
    check!(replies[0]["successful"] == true, "refused: {replies}");
    PASS
}

async fn a_ping_gets_a_pong_with_its_payload(lab: Lab) -> Outcome {
    let mut socket = lab.socket().await?;
    socket.send(Message::Ping(b"are you there".to_vec().into())).await?;
    match timeout(lab.at_once(), socket.next()).await {
        Ok(Ok(Message::Pong(payload))) => check!(&payload[..] == b"are you there", "{payload:?}"),
        Ok(Ok(other)) => return Err(failed(format!("{other:?} instead of a pong"))),
        Ok(Err(fault)) => return Err(fault.into()),
        Err(_) => return Err(failed("no pong")),
    }
    PASS
}

async fn a_closed_socket_leaves_the_session(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    socket.send(Message::Close(None)).await?;
    drop(socket);
    let mut again = lab.socket().await?;
    let reply = ask(&lab, &mut again, connect(&id, "c1", json!({"timeout": 0}))).await?;
    check!(reply["successful"] == true, "it is gone: {reply}");
    PASS
}

async fn messages_wait_for_the_next_socket(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (mut socket, id, publisher) = subscribed(&lab, &channel).await?;
    socket.send(Message::Close(None)).await?;
    while next(&lab, &mut socket).await?.is_ok() {}
    publisher.publish(&channel, 1).await?;
    let mut again = lab.socket().await?;
    let body = Value::from(vec![connect(&id, "c1", json!({"timeout": 0}))]);
    send(&lab, &mut again, body.to_string()).await?;
    for _ in 0..2 {
        let messages = frame(&lab, &mut again).await?;
        if messages.as_array().into_iter().flatten().any(|message| message["data"] == 1) {
            return PASS;
        }
    }
    Err(failed("it did not come"))
}

async fn a_second_socket_takes_the_session_over(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (_first, id, publisher) = subscribed(&lab, &channel).await?;
    let mut second = lab.socket().await?;
    ask(&lab, &mut second, connect(&id, "c1", json!({"timeout": 0}))).await?;
    send(&lab, &mut second, Value::from(vec![connect(&id, "c2", Value::Null)]).to_string()).await?;
    publisher.publish(&channel, 1).await?;
    let messages = frame(&lab, &mut second).await?;
    check!(messages[0]["data"] == 1, "{messages} instead of the message");
    PASS
}

async fn the_first_of_two_sockets(lab: Lab) -> Outcome {
    let (mut first, id) = connected(&lab).await?;
    let mut second = lab.socket().await?;
    let request = Value::from(vec![connect(&id, "c1", json!({"timeout": 0}))]).to_string();
    send(&lab, &mut second, request).await?;
    match timeout(Duration::from_millis(500), next(&lab, &mut first)).await {
        Err(_) => varies("stays open and silent"),
        Ok(Ok(Err(Fault::Closed(code, _)))) => varies(format!("closed with {code:?}")),
        Ok(Ok(Err(fault))) => varies(fault.to_string()),
        Ok(Ok(Ok(text))) => varies(format!("is sent {} bytes", text.len())),
        Ok(Err(stop)) => Err(stop),
    }
}

async fn both_of_two_connects_are_answered(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    for (name, advice) in [("c1", json!({"timeout": 1500})), ("c2", json!({"timeout": 600}))] {
        send(&lab, &mut socket, Value::from(vec![connect(&id, name, advice)]).to_string()).await?;
    }
    let both = async {
        let mut seen = Vec::new();
        while seen.len() < 2 {
            let messages = frame(&lab, &mut socket).await?;
            let messages = messages.as_array().cloned().unwrap_or_default();
            seen.extend(messages.into_iter().map(|message| message["id"].clone()));
        }
        Ok::<_, Stop>(seen)
    };
    let seen = timeout(Duration::from_secs(4), both).await;
    let seen = seen.map_err(|_| failed("not both within 4 s"))??;
    check!(seen.contains(&json!("c1")) && seen.contains(&json!("c2")), "answered: {seen:?}");
    PASS
}

async fn a_second_handshake_on_a_socket_is_served(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    send(&lab, &mut socket, HANDSHAKE).await?;
    let replies = frame(&lab, &mut socket).await?;
    check!(replies[0]["successful"] == true, "refused: {replies}");
    check!(replies[0]["clientId"] != id.as_str(), "the same client id: {replies}");
    PASS
}

async fn the_older_session_after_a_second_handshake(lab: Lab) -> Outcome {
    let (mut socket, old) = connected(&lab).await?;
    send(&lab, &mut socket, HANDSHAKE).await?;
    frame(&lab, &mut socket).await?;
    let request = json!([{"channel": lab.channel("/a"), "clientId": old, "id": "o1", "data": 1}]);
    send(&lab, &mut socket, request.to_string()).await?;
    match next(&lab, &mut socket).await? {
        Err(Fault::Closed(code, _)) => varies(format!("the socket is closed with {code:?}")),
        Err(fault) => Err(failed(fault.to_string())),
        Ok(text) if text.contains("\"successful\":true") => varies("served"),
        Ok(text) => {
            check!(text.contains("\"successful\":false"), "neither served nor refused: {text}");
            varies("refused")
        }
    }
}

async fn a_handshake_beside_a_connect_breaks_nothing(lab: Lab) -> Outcome {
    let mut socket = lab.socket().await?;
    let both = HANDSHAKE.trim_end_matches("}]").to_owned()
        + r#"},{"channel":"/meta/connect","clientId":"x","id":"2","connectionType":"websocket"}]"#;
    send(&lab, &mut socket, both).await?;
    let messages = frame(&lab, &mut socket).await?;
    let channels: Vec<_> = messages
        .as_array()
        .into_iter()
        .flatten()
        .map(|message| message["channel"].as_str())
        .collect();
    check!(channels == [Some("/meta/handshake")], "replies on {channels:?}");
    PASS
}

async fn a_disconnect_is_answered_before_the_end(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    let request = json!({"channel": "/meta/disconnect", "clientId": id, "id": "d1"});
    let reply = ask(&lab, &mut socket, request).await?;
    check!(reply["successful"] == true, "refused: {reply}");
    PASS
}

async fn the_socket_after_a_disconnect(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    let request = json!({"channel": "/meta/disconnect", "clientId": id, "id": "d1"});
    ask(&lab, &mut socket, request).await?;
    match timeout(Duration::from_millis(500), next(&lab, &mut socket)).await {
        Err(_) => varies("left for the client to close"),
        Ok(Ok(Err(Fault::Closed(code, _)))) => varies(format!("closed with {code:?}")),
        Ok(Ok(other)) => Err(failed(format!("{other:?}"))),
        Ok(Err(stop)) => Err(stop),
    }
}

async fn an_upgrade_from_another_origin(lab: Lab) -> Outcome {
    let endpoint = &lab.target().endpoint;
    let headers = [("origin", "http://other.example")];
    match Socket::open(endpoint, &endpoint.path, &headers).await {
        Ok(_) => varies("served"),
        Err(fault) => varies(format!("refused: {fault}")),
    }
}

async fn compression(lab: Lab) -> Outcome {
    let endpoint = &lab.target().endpoint;
    let request = Request::new("GET", &endpoint.path)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Extensions", "permessage-deflate");
    let response = lab.request(&request).await?;
    check!(response.status == 101, "HTTP {}", response.status);
    let accept = response.header("sec-websocket-accept").unwrap_or_default();
    check!(accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Accept is {accept:?}");
    varies(match response.header("sec-websocket-extensions") {
        None => "declined".to_owned(),
        Some(extension) => extension.to_owned(),
    })
}

async fn an_unknown_subprotocol_does_not_hinder_the_upgrade(lab: Lab) -> Outcome {
    let endpoint = &lab.target().endpoint;
    let request = Request::new("GET", &endpoint.path)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "something");
    let response = lab.request(&request).await?;
    check!(response.status == 101, "HTTP {}", response.status);
    let protocol = response.header("sec-websocket-protocol");
    check!(protocol.is_none(), "it claims to speak {protocol:?}");
    PASS
}

async fn a_thousand_publishes_without_waiting(lab: Lab) -> Outcome {
    let (mut socket, id) = connected(&lab).await?;
    let channel = lab.channel("/a");
    for number in 0..1000 {
        let message = json!([{"channel": channel, "clientId": id, "id": number.to_string(),
                              "data": number}]);
        socket.send(Message::text(message.to_string())).await?;
    }
    let mut ids = Vec::<u32>::new();
    while ids.len() < 1000 {
        let messages = frame(&lab, &mut socket).await?;
        let messages = messages.as_array().cloned().unwrap_or_default();
        ids.extend(
            messages.iter().filter_map(|message| message["id"].as_str()?.parse::<u32>().ok()),
        );
    }
    let expected: Vec<u32> = (0..1000).collect();
    check!(ids == expected, "out of order, or {} replies", ids.len());
    PASS
}

async fn a_foreign_client_id_on_a_bound_socket(lab: Lab) -> Outcome {
    let (_victims, victim) = connected(&lab).await?;
    let (mut socket, _) = connected(&lab).await?;
    let request = json!({"channel": lab.channel("/a"), "clientId": victim, "id": "x1", "data": 1});
    let reply = ask(&lab, &mut socket, request).await?;
    varies(if reply["successful"] == true {
        "served: the client id is enough".to_owned()
    } else {
        format!("refused with {}", reply["error"])
    })
}

async fn a_websocket_session_over_long_polling(lab: Lab) -> Outcome {
    lab.needs(Transport::LongPolling)?;
    let (_socket, id) = connected(&lab).await?;
    let browser = crate::cookies::Browser::default();
    let wire = lab.wire_of(Transport::LongPolling, &browser);
    let other = crate::client::Client::new(lab.clone(), wire, browser);
    let request =
        having(connect(&id, "c9", json!({"timeout": 0})), "connectionType", "long-polling");
    let reply = other.ask(request).await?;
    varies(if reply.is_success() { "served".to_owned() } else { reply.error().to_owned() })
}

async fn a_close_is_answered_by_a_close(lab: Lab) -> Outcome {
    let mut socket = lab.socket().await?;
    socket.send(Message::Close(None)).await?;
    match timeout(lab.at_once(), socket.next()).await {
        Ok(Err(Fault::Closed(_, _))) => PASS,
        Ok(other) => Err(failed(format!("{other:?} instead of a close"))),
        Err(_) => Err(failed("no close")),
    }
}

async fn an_upgrade_without_key_is_refused(lab: Lab) -> Outcome {
    let request = Request::new("GET", &lab.target().endpoint.path)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13");
    match lab.request(&request).await {
        Ok(response) => check!(response.status >= 400, "HTTP {}", response.status),
        Err(Stop::Failed(problem)) if !problem.contains("within") => {}
        Err(stop) => return Err(stop),
    }
    PASS
}

async fn an_unmasked_frame_ends_the_connection(lab: Lab) -> Outcome {
    let endpoint = &lab.target().endpoint;
    let mut connection = lab.connection().await?;
    let request = Request::new("GET", &endpoint.path)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = lab.exchange(&mut connection, &request).await?;
    if response.status != 101 {
        return Err(skipped(format!("no upgrade, HTTP {}", response.status)));
    }
    let sent = connection.send(b"\x81\x02[]").await;
    sent.map_err(|error| failed(error.to_string()))?;
    match timeout(lab.at_once(), connection.ended()).await {
        Ok(_) => PASS,
        Err(_) => Err(failed("the connection goes on")),
    }
}
