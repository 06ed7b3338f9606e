//! A state, a clock and a source of ids, and short ways to use them.

use std::collections::HashSet;

use encke_calls::{
    Actor, Call, CallAction, CallId, Command, Dn, Event, Limits, Number, Operation, PartyState,
    Refusal, Requester, SeededIds, State, UserData, UserDataChange, decide, evolve,
};

/// A state, a clock and a source of ids.
pub(crate) struct House {
    pub(crate) state: State,
    pub(crate) now_ms: u64,
    ids: SeededIds,
}

impl House {
    pub(crate) fn new(limits: Limits) -> Self {
        let mut state = State::new(limits);
        let lines = ["15000", "15001", "15002"].map(dn);
        state.set_dns(HashSet::from(lines));
        Self { state, now_ms: 1000, ids: SeededIds::new(1) }
    }

    pub(crate) fn run(&mut self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = decide(&self.state, command, self.now_ms, &mut self.ids)?;
        for event in &events {
            evolve(&mut self.state, event).unwrap();
        }
        self.now_ms += 1000;
        Ok(events)
    }

    pub(crate) fn begin(&mut self, command: &Command) -> CallId {
        match self.run(command).unwrap().remove(0) {
            Event::Call(event) => event.call,
            other => unreachable!("{other:?}"),
        }
    }

    pub(crate) fn dial(&mut self, to: &str) -> CallId {
        self.begin(&Command::Dial { from: dn("15000"), to: number(to), user_data: data("{}") })
    }

    pub(crate) fn operate(
        &mut self,
        call: &CallId,
        by: &str,
        action: CallAction,
    ) -> Result<(), Refusal> {
        let by = if by == OUTSIDE { Actor::Outside } else { Actor::Dn(dn(by)) };
        self.run(&Command::Operate { call: call.clone(), by, action }).map(|_| ())
    }

    pub(crate) fn change(
        &mut self,
        call: &CallId,
        requester: Requester,
        change: UserDataChange,
    ) -> Result<Vec<Event>, Refusal> {
        self.run(&Command::ChangeUserData { call: call.clone(), requester, change })
    }

    pub(crate) fn attach(&mut self, call: &CallId, object: &str) -> Result<Vec<Event>, Refusal> {
        let change = UserDataChange::Attach(data(object));
        self.change(call, Requester::Party(dn("15000")), change)
    }

    pub(crate) fn call(&self, id: &CallId) -> &Call {
        self.state.call(id.as_str()).unwrap()
    }

    pub(crate) fn states(&self, id: &CallId) -> Vec<PartyState> {
        self.call(id).parties.iter().map(|party| party.state).collect()
    }
}

pub(crate) const OUTSIDE: &str = "outside";

pub(crate) fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

pub(crate) fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

pub(crate) fn data(object: &str) -> UserData {
    UserData::parse(object).unwrap()
}

pub(crate) fn house() -> House {
    House::new(Limits::default())
}

pub(crate) fn not_possible(operation: Operation, state: PartyState) -> Result<(), Refusal> {
    Err(Refusal::InvalidState { operation, state: state.as_str() })
}
