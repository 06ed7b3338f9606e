//! Who may go on to a part of the house, and who may not.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use encke::transport::{Authenticated, Roles, Until};
use http::{Method, StatusCode, request};

use super::House;
use super::part::Part;
use crate::answer::Refused;
use crate::api::BackEnd;
use crate::clock::Moment;
use crate::login::{Found, Given, Known, Refusal, Shown, Unchecked};

/// The role of users who may use the API.
const SERVICE: &str = "service";

/// What is known of a request without waiting.
#[derive(Debug)]
pub(super) enum Admission {
    /// It may go on, and its answer has to tell this.
    Granted(Option<Box<Given>>),
    /// Its proof has to be checked first, which takes time: see [`House::check`].
    Unchecked(Unchecked),
}

impl House {
    /// Finds out who asks, and whether they may go on to this part.
    ///
    /// Puts the user into the request's extensions. Nearly everybody is known already, so this is no
    /// future, whose room would be moved about with every request.
    pub(super) fn admit(
        &self,
        part: Part,
        head: &mut request::Parts,
        peer: IpAddr,
        now: Moment,
    ) -> Result<Admission, Box<Refused>> {
        if part == Part::Simulator {
            return Ok(Admission::Granted(None));
        }
        if let (Part::Api | Part::Feed, Some(door)) = (part, &self.api) {
            match door.keys.find(&head.headers) {
                Shown::Nothing if part == Part::Feed => {
                    return Err(Box::new(self.refuse(Refusal::NoCredentials)));
                }
                Shown::Nothing => {}
                Shown::Known(back_end) => {
                    head.extensions.insert(back_end);
                    return Ok(Admission::Granted(None));
                }
                Shown::Unknown => {
                    let refusal = self.login.refuse_key(peer, now);
                    return Err(Box::new(self.refuse(refusal)));
                }
            }
        }
        let anonymous =
            part == Part::Cometd && self.cometd.as_ref().is_some_and(|cometd| cometd.anonymous);
        match self.login.identify(head, peer, now) {
            Found::Known(known) => self.let_in(known, part, head, now).map(Admission::Granted),
            Found::Unchecked(unchecked) => Ok(Admission::Unchecked(unchecked)),
            Found::Nobody(_) if anonymous => Ok(Admission::Granted(None)),
            Found::Nobody(refusal) | Found::Refused(refusal) => Err(Box::new(self.refuse(refusal))),
        }
    }

    /// Checks a proof that [`House::admit`] could not vouch for, and decides as it does. Returns what
    /// the answer has to tell.
    pub(super) async fn check(
        &self,
        unchecked: Unchecked,
        part: Part,
        head: &mut request::Parts,
        peer: IpAddr,
        now: Moment,
    ) -> Result<Option<Box<Given>>, Box<Refused>> {
        match self.login.check(unchecked, &head.headers, peer, now).await {
            Ok(known) => self.let_in(known, part, head, now),
            Err(refusal) => Err(Box::new(self.refuse(refusal))),
        }
    }

    /// Whether somebody who is known may go on to this part.
    fn let_in(
        &self,
        known: Known,
        part: Part,
        head: &mut request::Parts,
        now: Moment,
    ) -> Result<Option<Box<Given>>, Box<Refused>> {
        if let Some(outcome) = known.outcome {
            self.counted.login(outcome);
        }
        let user = known.who.user();
        if let Some(limit) = &self.by_user
            && let Err(wait) = limit.take(user.clone(), now.at)
        {
            self.counted.limited("user");
            return Err(Box::new(too_many(wait)));
        }
        if let Err(refusal) = self.login.guard_csrf(&known, &head.method, &head.headers) {
            let mut refused = self.refuse(refusal);
            refused.cookie = known.given.into_cookie();
            return Err(Box::new(refused));
        }
        match (part, known.who.caller()) {
            (Part::Api, _) => {
                if !known.who.roles().iter().any(|role| **role == *SERVICE) {
                    return Err(Box::new(self.refuse(Refusal::NoService)));
                }
                head.extensions.insert(BackEnd::unlimited());
            }
            (_, Some(caller)) => {
                head.extensions.insert(caller);
            }
            (Part::Cometd, None) => {}
            (_, None) => return Err(Box::new(self.refuse(Refusal::NotConfigured))),
        }
        head.extensions.insert(Authenticated(user.clone()));
        head.extensions.insert(Roles(Arc::clone(known.who.roles())));
        if let Some(until) = known.who.until() {
            head.extensions.insert(Until(until));
        }
        Ok(self.is_told(part, &head.method, &known.given).then(|| Box::new(known.given)))
    }

    /// Whether anything of this is needed for the answer. Of most polls nothing is, and a held one
    /// need not keep it.
    fn is_told(&self, part: Part, method: &Method, given: &Given) -> bool {
        let is_poll = matches!(part, Part::Cometd | Part::Notifications);
        !is_poll || given.has_cookie() || self.tells_token(method)
    }

    /// Whether the answer to a request with this method tells the CSRF token.
    pub(super) fn tells_token(&self, method: &Method) -> bool {
        self.login.csrf && *method == Method::GET
    }

    fn refuse(&self, refusal: Refusal) -> Refused {
        self.counted.login(refusal.label());
        refusal.refused()
    }
}

/// The refusal of a request that comes too soon after others.
pub(super) fn too_many(wait: Duration) -> Refused {
    Refused::new(StatusCode::TOO_MANY_REQUESTS, 3, "too_many_requests", "Too many requests")
        .after(wait)
}
