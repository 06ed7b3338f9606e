//! The trace of all T-Library events: who may read it, what is in it, and what it costs.

use axum::body::Body;
use axum::http::{Method, Request, Response};
use encke_testkit::DEADLINE;
use futures::StreamExt;

use crate::support::{CALL, Centre, TEVENTS, request};

const PATH: &str = "/api/v2/tevents";
const UPDATE: &str = r#"{"operationName":"UpdateUserData","userData":{"k":"v"}}"#;

async fn opened(centre: &Centre, user: &str) -> Response<Body> {
    let request: Request<Body> = request(Method::GET, PATH, "");
    centre.answer(request, Some(user)).await
}

/// A reader and the text that it has read.
struct Reader {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Reader {
    async fn open(centre: &Centre, user: &str) -> Self {
        let response = opened(centre, user).await;
        assert_eq!(response.status(), 200, "{user}");
        assert_eq!(response.headers()["content-type"], "text/event-stream;charset=UTF-8");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Reads until `enough` is in the text, which is answered and dropped.
    async fn until(&mut self, enough: &str) -> String {
        while !self.text.contains(enough) {
            let next = tokio::time::timeout(DEADLINE, self.body.next()).await;
            let next = next.unwrap_or_else(|_| panic!("only {:?}", self.text));
            self.text.push_str(std::str::from_utf8(&next.unwrap().unwrap()).unwrap());
        }
        std::mem::take(&mut self.text)
    }
}

#[tokio::test]
async fn every_copy_is_in_the_trace_as_it_was_sent() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let mut readers = [Reader::open(&centre, "erin").await, Reader::open(&centre, "robot").await];
    let path = format!("/api/v2/calls/{CALL}");
    centre.accepted("erin", &path, UPDATE).await;
    // Nobody owns 7777, so its copy is sent to nobody; it is in the trace.
    let by_robot = UPDATE.replace("}}", r#"},"thirdPartyDn":"7777"}"#);
    centre.accepted("robot", &path, &by_robot).await;
    let heard = centre.heard().await;
    let sent: Vec<_> = heard.iter().filter(|heard| heard.channel == TEVENTS).collect();
    assert_eq!(sent.len(), 5);
    for reader in &mut readers {
        let last = r#""thirdPartyDN":"7777","callUuid""#;
        let nobodys = r#"@encke","thirdPartyDN":"7777""#;
        let text = reader.until(nobodys).await;
        assert!(text.contains(last), "{text}");
        for copy in &sent {
            let place = copy.place.sequence();
            let event =
                format!("id: {place}\nevent: EventAttachedDataChanged\ndata: {}\n\n", copy.data);
            assert_eq!(text.matches(&event).count(), 1, "{event} in {text}");
        }
        assert_eq!(text.matches("data: ").count(), 6, "{text}");
    }
}

#[tokio::test]
async fn user_data_on_several_lines_is_one_line_of_the_trace() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let mut reader = Reader::open(&centre, "erin").await;
    let update = "{\"operationName\":\"UpdateUserData\",\"userData\":{\"card\":{\n\"a\":1,\r\n\
                  \"b\":[\n\r\"x\\ny\"]}}}";
    centre.accepted("erin", &format!("/api/v2/calls/{CALL}"), update).await;
    let text = reader.until(r#""thisDN":"15001"#).await;
    let data: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert!(!data.is_empty() && !text.contains('\r'), "{text}");
    for data in data {
        let copy: serde_json::Value = serde_json::from_str(data).unwrap();
        let card = serde_json::json!({"a": 1, "b": ["x\ny"]});
        assert_eq!(copy["userData"]["card"], card, "{text}");
    }
    for line in text.lines().filter(|line| !line.is_empty()) {
        let known = ["id: ", "event: ", "data: ", ": "];
        assert!(known.iter().any(|field| line.starts_with(field)), "{line:?}");
    }
}

#[tokio::test]
async fn the_trace_is_for_supervisors_and_services() {
    let centre = Centre::open().await;
    for user in ["alice", "bob"] {
        let (http, code, _) = centre.get(user, PATH).await.refused();
        assert_eq!((http, code), (403, 5), "{user}");
    }
    let nobody = centre.send(request(Method::GET, PATH, ""), None).await.refused();
    assert_eq!((nobody.0, nobody.1), (403, 20));
}

#[tokio::test]
async fn readers_are_so_many_and_their_places_are_free_again() {
    let centre = Centre::open().await;
    let mut readers = Vec::new();
    for _ in 0..32 {
        readers.push(opened(&centre, "erin").await);
    }
    assert!(readers.iter().all(|reader| reader.status() == 200));
    let refused = centre.get("erin", PATH).await.refused();
    assert_eq!((refused.0, refused.1), (503, 4));
    readers.pop();
    assert_eq!(opened(&centre, "erin").await.status(), 200);
}

#[tokio::test]
async fn who_is_too_slow_is_told_how_much_was_passed_over() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let mut reader = Reader::open(&centre, "erin").await;
    let path = format!("/api/v2/me/calls/{CALL}");
    for _ in 0..300 {
        centre.accepted("alice", &path, UPDATE).await;
    }
    centre.heard().await;
    let text = reader.until("event: EventAttachedDataChanged").await;
    assert!(text.contains("event: missed\ndata: {\"missed\":88}\n\n"), "{text}");
}

#[tokio::test]
async fn a_server_that_stops_ends_the_trace() {
    let centre = Centre::open().await;
    let mut reader = Reader::open(&centre, "erin").await;
    reader.until("begins").await;
    centre.trace.close();
    assert!(tokio::time::timeout(DEADLINE, reader.body.next()).await.unwrap().is_none());
    assert_eq!(centre.get("erin", PATH).await.http, 503);
}
