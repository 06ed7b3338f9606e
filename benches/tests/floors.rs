//! The floors start, and carry one message from one client to another.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "support code of tests, which clippy takes for library code"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A floor that ends with the test.
struct Floor {
    child: Child,
    address: String,
}

impl Floor {
    fn start(program: &str) -> Self {
        let mut child = Command::new(program).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn send(stream: &mut TcpStream, body: &str) {
    let head = format!("POST /cometd HTTP/1.1\r\nHost: floor\r\nContent-Length: {}", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
}

/// The body of the next response.
fn receive(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

fn carries_a_message(program: &str) {
    let floor = Floor::start(program);
    let (mut polling, mut publishing) = (floor.connect(), floor.connect());
    send(&mut polling, r#"[{"channel":"/meta/handshake","version":"1.0","id":"1"}]"#);
    let greeting: serde_json::Value = serde_json::from_str(&receive(&mut polling)).unwrap();
    let client = greeting[0]["clientId"].as_str().unwrap().to_owned();
    send(
        &mut polling,
        &format!(
            r#"[{{"channel":"/meta/subscribe","clientId":"{client}","subscription":"/a","id":"2"}}]"#
        ),
    );
    assert!(receive(&mut polling).contains(r#""successful":true"#));
    for number in 0..3 {
        send(
            &mut polling,
            &format!(r#"[{{"channel":"/meta/connect","clientId":"{client}","id":"3"}}]"#),
        );
        let data = format!(r#"{{"n":{number}}}"#);
        let publish =
            format!(r#"[{{"channel":"/a","clientId":"{client}","id":"4","data":{data}}}]"#);
        send(&mut publishing, &publish);
        assert!(receive(&mut publishing).contains(r#""successful":true"#));
        let delivered: serde_json::Value = serde_json::from_str(&receive(&mut polling)).unwrap();
        assert_eq!(delivered[0]["data"]["n"], number);
        assert_eq!(delivered[1]["channel"], "/meta/connect");
    }
}

#[test]
fn hyper_carries_a_message() {
    carries_a_message(env!("CARGO_BIN_EXE_floor-hyper"));
}

#[test]
fn epoll_carries_a_message() {
    carries_a_message(env!("CARGO_BIN_EXE_floor-epoll"));
}

#[test]
fn a_crowd_in_memory_is_reached() {
    let mut crowd = Command::new(env!("CARGO_BIN_EXE_bench-crowd"));
    let crowd = crowd.args(["--sessions", "200"]).output().unwrap();
    let said = String::from_utf8(crowd.stdout).unwrap();
    assert!(crowd.status.success() && said.contains("delivered              200"), "{said}");
}
