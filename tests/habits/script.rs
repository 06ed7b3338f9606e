//! Plays a script of requests and expected answers; the script's head explains its lines.

use std::collections::BTreeMap;

use encke_testkit::{Connection, Launch, Login, Request, Response, Server};
use serde_json::Value;

const WORKSPACE: &str = include_str!("workspace.script");

#[tokio::test]
async fn the_sequence_of_workspace_is_answered_line_by_line() {
    let answers = play(WORKSPACE, "alice").await.unwrap();
    let expected = WORKSPACE.lines().filter(|line| line.starts_with('<')).count();
    assert_eq!(answers, expected, "every answer of the script was compared");
    assert!(answers > 20, "{answers}");
}

#[tokio::test]
async fn a_script_whose_answers_are_others_fails_and_says_where() {
    for (script, said) in [
        ("> nobody GET /api/v2/me\n< 200 {}", "line 2"),
        ("> basic GET /api/v2/me\n< 200 {\"user\":{\"userName\":\"bob\"}}", "userName"),
        ("> basic GET /api/v2/me\n< 200 {\"user\":{\"userName\":null}}", "userName"),
        ("> basic GET /api/v2/me/calls\n< 200 {\"uris\":[\"*\"]}", "uris"),
    ] {
        let error = play(script, "alice").await.unwrap_err();
        assert!(error.contains(said), "{script}: {error}");
    }
}

/// Plays a script as this user; how many answers were compared, or the first that is another.
async fn play(script: &str, user: &str) -> Result<usize, String> {
    let server = Launch::demo().start().await;
    let mut player = Player {
        login: Login::demo(user),
        first: Connection::open(server.address()).await.unwrap(),
        second: Connection::open(server.address()).await.unwrap(),
        cookies: BTreeMap::new(),
        names: BTreeMap::new(),
        server,
    };
    let mut answer = None;
    let mut compared = 0;
    for (number, line) in (1..).zip(script.lines()) {
        let line = player.filled(line);
        let (mark, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let checked = match mark {
            "" | "#" => continue,
            ">" => {
                answer = Some(player.request(rest).await);
                continue;
            }
            ">>" => {
                player.poll(rest).await;
                continue;
            }
            "!" => {
                let (path, body) = rest.split_once(' ').unwrap();
                let answer = player.server.simulate(path, body).await;
                assert_eq!(answer.status, 200, "line {number}: {}", answer.text());
                continue;
            }
            "<" => player.check(&answer.take().unwrap(), rest),
            "<<" => {
                let answer = player.second.receive("POST").await.unwrap();
                player.check(&answer, &format!("200 {rest}"))
            }
            other => panic!("line {number} begins with {other}"),
        };
        checked.map_err(|error| format!("line {number}: {error}"))?;
        compared += 1;
    }
    Ok(compared)
}

struct Player {
    server: Server,
    login: Login,
    first: Connection,
    second: Connection,
    cookies: BTreeMap<String, String>,
    /// What answers called by a name.
    names: BTreeMap<String, String>,
}

impl Player {
    fn filled(&self, line: &str) -> String {
        let fill = |line: String, (name, value): (&String, &String)| {
            line.replace(&format!("{{{name}}}"), value)
        };
        self.names.iter().fold(line.to_owned(), fill)
    }

    async fn request(&mut self, line: &str) -> Response {
        let mut parts = line.splitn(4, ' ');
        let [who, method, path] = [(); 3].map(|()| parts.next().unwrap());
        let mut request = match parts.next() {
            Some(body) => Request::json(path, body),
            None => Request::new(method, path),
        };
        match who {
            "nobody" => {}
            "basic" => request = request.login(&self.login),
            "cookie" => request = request.header("cookie", &self.cookie()),
            other => panic!("who is {other}?"),
        }
        let response = self.first.exchange(&request).await.unwrap();
        for (name, value) in &response.headers {
            if name == "set-cookie"
                && let Some((name, value)) = value.split(';').next().unwrap().split_once('=')
            {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if response.closes() {
            self.first = Connection::open(self.server.address()).await.unwrap();
        }
        response
    }

    async fn poll(&mut self, body: &str) {
        let request = Request::json("/api/v2/notifications/connect", body);
        let request = request.header("cookie", &self.cookie());
        self.second.send(&request.encode()).await.unwrap();
    }

    fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn check(&mut self, answer: &Response, expected: &str) -> Result<(), String> {
        let (status, body) = expected.split_once(' ').unwrap_or((expected, ""));
        if answer.status.to_string() != status {
            return Err(format!("{} instead of {status}: {}", answer.status, answer.text()));
        }
        if body.is_empty() {
            return Ok(());
        }
        let expected: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        self.compare(&expected, &answer.value(), "answer")
            .map_err(|error| format!("{error} in {}", answer.text()))
    }

    fn compare(&mut self, expected: &Value, seen: &Value, place: &str) -> Result<(), String> {
        match (expected, seen) {
            (Value::Object(members), Value::Object(_)) => {
                members.iter().try_for_each(|(name, member)| {
                    self.compare(member, &seen[name], &format!("{place}.{name}"))
                })
            }
            (Value::Array(items), Value::Array(others)) if items.len() == others.len() => items
                .iter()
                .zip(others)
                .try_for_each(|(item, other)| self.compare(item, other, &format!("{place}[]"))),
            (Value::String(any), Value::String(_)) if any == "*" => Ok(()),
            (Value::String(name), Value::String(text)) if name.starts_with('=') => {
                self.names.insert(name[1..].to_owned(), text.clone());
                Ok(())
            }
            _ if expected == seen => Ok(()),
            _ => Err(format!("{place} is {seen} and not {expected}")),
        }
    }
}
