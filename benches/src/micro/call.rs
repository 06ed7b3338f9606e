//! A call between two agents, and a change of its user data on the way to both.

use std::sync::{Arc, Mutex, PoisonError};

use encke_broker::{Broker, Config, Rules, UserId};
use encke_calls::{
    CallId, CallType, Change, Command, ConnId, Core, CoreConfig, Dn, ImportedCall, NewParty,
    Observer, PartyState, Requester, Role, SystemClock, UserData, UserDataChange,
};
use encke_gateway::{Device, Directory, GatewayConfig, Projection, User};
use encke_journal::MemoryJournal;

use super::crowd::Crowd;

/// A committed change, and the projection that tells both agents of it, each with a held session.
#[derive(Debug)]
pub struct Told {
    projection: Projection,
    change: Change,
    crowds: [Crowd; 2],
}

/// Keeps the last change.
#[derive(Debug, Default)]
struct Ear(Mutex<Option<Change>>);

impl Observer for Ear {
    fn committed(&self, change: &Change) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(change.clone());
    }
}

/// User data as a call collects it: ten pairs.
const DATA: &str = r#"{"AccountNumber":"12345","CustomerSegment":"Gold","Language":"en","LastName":"Example","FirstName":"Erika","ServiceType":"Support","Priority":"5","RTargetObjSelDBID":"4711","IVRPath":"1-3-2","CallbackNumber":"+4930901820"}"#;

impl Told {
    /// Makes the call and changes its data once.
    pub fn ready() -> Self {
        let users = ["alice", "bob"].map(UserId::new);
        let lines = ["15000", "15001"].map(|number| Dn::new(number).expect("a number is a DN"));
        let people = users.iter().zip(&lines);
        let people =
            people.map(|(name, dn)| User::new(name.clone()).device(Device::new(dn.clone())));
        let directory = Directory::new(people).expect("nobody is there twice");
        let change = changed(&directory, &lines);
        let private = ["/v2/me", "/v2/me/**"]
            .map(|text| encke_bayeux::ChannelPattern::new(text).expect("a fixed pattern is one"));
        let rules = Rules::default().anonymous(false).publish(false);
        let config = Config::default().private(private.into()).policy(Arc::new(rules));
        let broker = Broker::new(config).expect("settings do not contradict themselves");
        // Of two sessions each, so that none is told twice and the second finds nobody held.
        let crowds = ["/v2/me/calls", "/v2/me/tevents"]
            .map(|channel| Crowd::of_users(broker.clone(), channel, &users));
        let clock = Arc::new(SystemClock);
        let projection =
            Projection::new(directory, Arc::new(broker), &GatewayConfig::default(), clock);
        Self { projection, change, crowds }
    }

    /// Tells of the change: two notifications for each of two parties.
    pub fn tell(&self) {
        self.projection.committed(&self.change);
    }

    /// Bytes of the responses that carry the notifications.
    pub fn bytes(self) -> usize {
        self.crowds.into_iter().map(|crowd| crowd.answer().0).sum()
    }
}

/// A change of user data as the core commits it.
fn changed(directory: &Directory, lines: &[Dn; 2]) -> Change {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let ear = Arc::new(Ear::default());
    runtime.block_on(async {
        let config = CoreConfig::default().dns(directory.dns().cloned());
        let journal = Arc::new(MemoryJournal::new());
        let observers: Vec<Arc<dyn Observer>> = vec![Arc::clone(&ear) as _];
        let (core, writer) = Core::open(journal, config, Arc::new(SystemClock), observers)
            .await
            .expect("an empty journal can be opened");
        let writing = tokio::spawn(writer);
        let [first, second] = lines;
        let party = |dn: &Dn, role| NewParty {
            dn: Some(dn.clone()),
            number: dn.number(),
            state: PartyState::Established,
            role,
        };
        let id = CallId::new("01RCC3N118B1V0SL8O7GK2LAES00000R").expect("an id");
        let data = UserData::parse(DATA).expect("an object");
        core.submit(Command::Import(ImportedCall {
            id: id.clone(),
            conn_id: ConnId::new("007102719818001b").expect("an id"),
            call_type: CallType::Internal,
            dnis: Some(second.number()),
            ani: None,
            parties: vec![party(first, Role::Origin), party(second, Role::Destination)],
            user_data: data,
        }))
        .await
        .expect("the call is taken");
        let pair = UserData::parse(r#"{"CaseId":"2026-11-30-0001"}"#).expect("an object");
        let (call, requester) = (id, Requester::Party(first.clone()));
        let change = UserDataChange::Update(pair);
        core.submit(Command::ChangeUserData { call, requester, change })
            .await
            .expect("the change is taken");
        core.close().await;
        writing.await.expect("the writer ends");
    });
    let change = ear.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    change.expect("the change was told")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_agents_are_told_on_both_channels() {
        let told = Told::ready();
        told.tell();
        let bytes = told.bytes();
        assert!(bytes > 4 * DATA.len(), "{bytes}");
    }
}
