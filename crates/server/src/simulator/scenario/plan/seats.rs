//! The users whom a scenario names, each of them once.
//!
//! Every name of a list is looked up when the list is read, so that a wrong one is found whatever
//! the seed draws later, and found once.

use std::collections::HashMap;

use encke::calls::{Dn, UserName};

use super::super::script::{Seat, Target};
use super::super::text::Text;
use super::bounds::{MAX_NAMES, MAX_SEATS};

/// Who of the house has which lines; `None` for a name that it does not know.
pub(crate) type Lines<'a> = &'a dyn Fn(&str) -> Option<Vec<Dn>>;

/// Those that were named so far, in the order in which they were.
pub(super) struct Seats<'a> {
    lines: Lines<'a>,
    named: Vec<Seat>,
    by_user: HashMap<String, usize>,
}

/// Somebody whom an agent may call.
#[derive(Clone, Debug)]
pub(super) enum Callee {
    /// A user, at his phone.
    Inside(Target),
    /// A number outside, with places.
    Outside(Text),
}

impl<'a> Seats<'a> {
    pub(super) fn new(lines: Lines<'a>) -> Self {
        Self { lines, named: Vec::new(), by_user: HashMap::new() }
    }

    /// Whether this user was named.
    pub(super) fn has(&self, user: &str) -> bool {
        self.by_user.contains_key(user)
    }

    pub(super) fn get(&self, place: usize) -> Option<&Seat> {
        self.named.get(place)
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Seat> {
        self.named.get_mut(place)
    }

    pub(super) fn into_seats(self) -> Vec<Seat> {
        self.named
    }

    /// The place of this user, who is named herewith.
    pub(super) fn place(&mut self, user: &str) -> Result<usize, String> {
        if let Some(place) = self.by_user.get(user) {
            return Ok(*place);
        }
        let lines = (self.lines)(user).ok_or_else(|| format!("names {user}, who is no user"))?;
        let place = self.named.len();
        if place >= MAX_SEATS {
            return Err("names more than 1000 users".to_owned());
        }
        let name = UserName::new(user).map_err(|error| error.to_string())?;
        let user = user.to_owned();
        self.by_user.insert(user.clone(), place);
        self.named.push(Seat { user, name, lines, robot: false, beside_human: false });
        Ok(place)
    }

    /// The users of a `to`. Customers may write to who has no phone, and not call him.
    pub(super) fn users(&mut self, to: &[String], phone: bool) -> Result<Vec<usize>, String> {
        check_length(to)?;
        let mut places = Vec::with_capacity(to.len());
        for user in to {
            let place = self.place(user)?;
            if phone && self.get(place).is_none_or(|seat| seat.line().is_none()) {
                return Err(format!("calls {user}, a user without a phone"));
            }
            places.push(place);
        }
        Ok(places)
    }

    /// Whom of a `to` an agent may call: users, and where `outside` says so numbers outside.
    pub(super) fn callees(&mut self, to: &[String], outside: bool) -> Result<Vec<Callee>, String> {
        check_length(to)?;
        to.iter().map(|name| self.callee(name, outside)).collect()
    }

    fn callee(&mut self, name: &str, outside: bool) -> Result<Callee, String> {
        if self.has(name) || (self.lines)(name).is_some() {
            let place = self.place(name)?;
            let line = self.get(place).and_then(Seat::line);
            let line = line.ok_or_else(|| format!("calls {name}, a user without a phone"))?;
            return Ok(Callee::Inside(Target { number: line.number(), seat: Some(place) }));
        }
        if !name.starts_with(|c: char| c == '+' || c.is_ascii_digit()) {
            return Err(format!("{name} is no user, and no number outside"));
        }
        if !outside {
            return Err("a number outside can only be consulted".to_owned());
        }
        Text::parse(name).map(Callee::Outside)
    }
}

fn check_length(to: &[String]) -> Result<(), String> {
    match to.len() {
        0 => Err("`to` names nobody".to_owned()),
        1..=MAX_NAMES => Ok(()),
        _ => Err("`to` has more than 1000 names".to_owned()),
    }
}
