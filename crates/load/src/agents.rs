//! Agents of the demo: they log in, and each gets a call on the desk.
//!
//! `encke demo --agents N` has `agent1` to `agentN`, password `demo`, at numbers from 20001. Each
//! logs in once; its cookie stands for it from then on. Calls come from outside by the simulator
//! and are answered by the agent, who is told about both by his poll.
//!
//! # Sources
//!
//! Documented: GWS API v2 (login by HTTP Basic, `Answer`); Encke's simulator, `docs/GWS.md`.

use crate::cookie::Cookies;
use crate::desk::Desk;
use crate::publisher::is_done;
use crate::request;
use crate::run::RunError;
use crate::scan;
use crate::session::SessionError;
use crate::stop::Stop;
use crate::target::Target;
use crate::turns::{Answer, Turns};

/// The number of the agent before the first.
const NUMBERS_FROM: usize = 20_000;

/// Where agents and calls are.
#[derive(Debug)]
pub(crate) struct Agents {
    target: Target,
    turns: Turns,
}

impl Agents {
    pub(crate) fn new(target: &Target) -> Self {
        Self { target: target.clone(), turns: Turns::new(target.address()) }
    }

    /// Logs in so many agents. Ends early when the run is stopped.
    pub(crate) fn log_in(&mut self, count: usize, stop: &Stop) -> Result<Vec<Desk>, RunError> {
        let mut desks = Vec::with_capacity(count);
        for stream in 0..count {
            if stop.is_stopped() {
                return Err(RunError::NoSession("stopped".to_owned()));
            }
            let user = format!("agent{}", stream + 1);
            let cookies = self
                .cookies_of(&user)
                .map_err(|error| RunError::NoCall(format!("{user} cannot log in: {error}")))?;
            desks.push(Desk {
                stream: u32::try_from(stream).unwrap_or(u32::MAX),
                number: (NUMBERS_FROM + 1 + stream).to_string(),
                cookies,
                call: std::sync::OnceLock::new(),
            });
        }
        Ok(desks)
    }

    fn cookies_of(&mut self, user: &str) -> Result<Cookies, SessionError> {
        let target = self.target.clone().basic(user, "demo");
        let request = request::get("/api/v2/me/calls", &target, &Cookies::default());
        let answer = done(self.turns.ask(&request)?)?;
        let mut cookies = Cookies::default();
        for cookie in &answer.cookies {
            cookies.absorb(cookie);
        }
        Ok(cookies)
    }

    /// Makes a call to each desk and answers it. Ends early when the run is stopped.
    pub(crate) fn call(&mut self, desks: &[Desk], stop: &Stop) -> Result<(), RunError> {
        for desk in desks {
            if stop.is_stopped() {
                return Ok(());
            }
            self.call_one(desk).map_err(|error| {
                RunError::NoCall(format!("no call at {}: {error}", desk.number))
            })?;
        }
        Ok(())
    }

    fn call_one(&mut self, desk: &Desk) -> Result<(), SessionError> {
        let nobody = Cookies::default();
        let body = format!(r#"{{"to":"{}","from":"+15550100"}}"#, desk.number);
        let request = request::post_to("/sim/v1/calls", &self.target, &nobody, &body);
        let answer = done(self.turns.ask(&request)?)?;
        let id = scan::member(&answer.body, b"\"id\"").and_then(scan::text);
        let id = id.ok_or(SessionError::Unanswered)?.into_owned();
        let path = format!("/api/v2/me/calls/{id}");
        let body = r#"{"operationName":"Answer"}"#;
        let request = request::post_to(&path, &self.target, &desk.cookies, body);
        done(self.turns.ask(&request)?)?;
        desk.call.get_or_init(|| id);
        Ok(())
    }

    /// Ends the calls, so that the next run finds free phones. What fails is nobody's trouble.
    pub(crate) fn hang_up(&mut self, desks: &[Desk]) {
        for (desk, call) in desks.iter().filter_map(|desk| Some((desk, desk.call.get()?))) {
            let path = format!("/api/v2/me/calls/{call}");
            let body = r#"{"operationName":"Hangup"}"#;
            let request = request::post_to(&path, &self.target, &desk.cookies, body);
            if self.turns.ask(&request).is_err() {
                return;
            }
        }
    }
}

/// An answer that says that it was done.
fn done(answer: Answer) -> Result<Answer, SessionError> {
    if answer.status != 200 {
        return Err(SessionError::Status(answer.status));
    }
    if !is_done(&answer.body) {
        let error = String::from_utf8_lossy(&answer.body).chars().take(120).collect();
        return Err(SessionError::Refused { channel: "a request", error });
    }
    Ok(answer)
}
