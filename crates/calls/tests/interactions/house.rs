//! A state, a clock and ids, and short ways to ask for things.

use encke_calls::{
    Asking, Command, Contact, Details, Event, Interaction, InteractionAction, InteractionActor,
    InteractionKey, InteractionOffer, InteractionState, Limits, Medium, Nickname, Operation,
    Refusal, SeededIds, State, UserData, UserDataChange, UserName, decide, evolve,
};

pub(crate) struct House {
    pub(crate) state: State,
    now_ms: u64,
    ids: SeededIds,
}

impl House {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { state: State::new(limits), now_ms: 1000, ids: SeededIds::new(1) }
    }

    pub(crate) fn run(&mut self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = decide(&self.state, command, self.now_ms, &mut self.ids)?;
        for event in &events {
            evolve(&mut self.state, event).unwrap();
        }
        self.now_ms += 1000;
        Ok(events)
    }

    /// Offers an interaction of the medium to alice.
    pub(crate) fn offered(&mut self, medium: Medium) -> InteractionKey {
        let offer = Command::OfferInteraction(offer(medium));
        match self.run(&offer).unwrap().remove(0) {
            Event::Interaction(event) => event.key(),
            other => unreachable!("{other:?}"),
        }
    }

    /// Offers one to alice, who accepts.
    pub(crate) fn accepted(&mut self, medium: Medium) -> InteractionKey {
        let key = self.offered(medium);
        self.agent(&key, "alice", accept()).unwrap();
        key
    }

    pub(crate) fn agent(
        &mut self,
        key: &InteractionKey,
        agent: &str,
        action: InteractionAction,
    ) -> Result<usize, Refusal> {
        self.act(key, InteractionActor::Agent(user(agent)), action)
    }

    pub(crate) fn outside(
        &mut self,
        key: &InteractionKey,
        action: InteractionAction,
    ) -> Result<usize, Refusal> {
        self.act(key, InteractionActor::Outside, action)
    }

    fn act(
        &mut self,
        key: &InteractionKey,
        by: InteractionActor,
        action: InteractionAction,
    ) -> Result<usize, Refusal> {
        let command = Command::OperateInteraction { interaction: key.clone(), by, action };
        self.run(&command).map(|events| events.len())
    }

    pub(crate) fn change(
        &mut self,
        key: &InteractionKey,
        agent: Option<&str>,
        change: UserDataChange,
    ) -> Result<usize, Refusal> {
        let (interaction, agent) = (key.clone(), agent.map(user));
        let command = Command::ChangeInteractionUserData { interaction, agent, change };
        self.run(&command).map(|events| events.len())
    }

    pub(crate) fn interaction(&self, key: &InteractionKey) -> &Interaction {
        self.state.interaction(key.id.as_str()).unwrap()
    }

    pub(crate) fn seat(&self, key: &InteractionKey, agent: &str) -> InteractionState {
        self.interaction(key).seat(agent).unwrap().state
    }

    /// The nicknames of who takes part now.
    pub(crate) fn there(&self, key: &InteractionKey) -> Vec<&str> {
        let there = &self.interaction(key).participants;
        there.iter().map(|participant| participant.nickname.as_str()).collect()
    }

    /// Who did what, line by line.
    pub(crate) fn lines(&self, key: &InteractionKey) -> Vec<String> {
        let lines = &self.interaction(key).transcript;
        lines
            .iter()
            .map(|line| {
                let (from, kind) = (&line.from.nickname, line.kind.as_str());
                line.text.as_ref().map_or_else(
                    || format!("{from} {kind}"),
                    |text| format!("{from} {kind} {text}"),
                )
            })
            .collect()
    }
}

pub(crate) fn house() -> House {
    House::new(Limits::default())
}

pub(crate) fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

pub(crate) fn data(object: &str) -> UserData {
    UserData::parse(object).unwrap()
}

pub(crate) fn offer(medium: Medium) -> InteractionOffer {
    InteractionOffer {
        medium,
        to: user("alice"),
        from: Contact::new("+15550100").unwrap(),
        nickname: Some(Nickname::new("Sam").unwrap()),
        text: Some("hello".into()),
        user_data: data(r#"{"Service Type":1,"a":1,"a":2}"#),
        details: Details::default(),
    }
}

pub(crate) fn say(text: &str) -> InteractionAction {
    InteractionAction::SendMessage { text: text.into() }
}

pub(crate) fn accept() -> InteractionAction {
    InteractionAction::Accept { nickname: None }
}

pub(crate) fn ask(asking: Asking, agent: &str) -> InteractionAction {
    InteractionAction::Ask { asking, agent: user(agent) }
}

pub(crate) fn not_possible(
    operation: Operation,
    state: InteractionState,
) -> Result<usize, Refusal> {
    Err(Refusal::InvalidState { operation, state: state.as_str() })
}
