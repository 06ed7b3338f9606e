//! What an agent may do in an interaction, as one table over media and states.
//!
//! [`decide`](crate::decide()) refuses what no row gives, and what rows give is what clients are shown
//! as `capabilities`, in the order of the rows. Some operations are in no sample of the documents; they
//! work, and are shown to who asks for everything.
//!
//! # Sources
//!
//! - Documented: Web Services API Reference, the samples of `AttachUserData` on SMS sessions and chats
//!   in `Chatting`, on open media in `Processing` and on IM sessions in `Talking`; "Resources" of the
//!   SMS Session API for `LeaveAndComplete`.
//! - Observed: a client of the vendor's lists `SendUrl` among the capabilities of a chat.
//! - Ours: the lists of `Invited`, `Alerting`, `LeftChat` and `InWorkbin`; those of e-mails, work items
//!   and Twitter follow open media, those of Facebook follow chats; how a work item gets into a workbin
//!   and out of it.

use crate::{InteractionState, Medium, Operation, Profile};

/// Where an operation is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shown {
    /// In every list.
    Always,
    /// In no sample of a list, though it works.
    Unlisted,
}

struct Row(&'static [Medium], &'static [InteractionState], Operation, Shown);

use InteractionState::{Alerting, Chatting, InWorkbin, Invited, LeftChat, Processing, Talking};
use Medium::{Chat, Email, Facebook, Im, Openmedia, Sms, Twitter, Workitem};
use Shown::{Always, Unlisted};

const EVERY: &[Medium] = &Medium::ALL;
/// Several agents talk with a customer.
const ROOMS: &[Medium] = &[Sms, Chat];
/// People talk, and may leave before the work is complete.
const TALKS: &[Medium] = &[Sms, Chat, Facebook];
/// Something is worked on.
const ITEMS: &[Medium] = &[Email, Workitem, Openmedia, Twitter];
/// All but instant messages, which belong to the voice channel.
const OFFERED: &[Medium] = &[Sms, Chat, Facebook, Email, Workitem, Openmedia, Twitter];
/// What documents name no disposition of is open media.
const DISPOSED: &[Medium] = &[Sms, Chat, Facebook, Email, Workitem, Twitter];

/// The table. Rows of one medium and state stand in the order in which it lists them.
static ROWS: &[Row] = &[
    Row(EVERY, &[Invited, Alerting], Operation::Accept, Always),
    Row(EVERY, &[Invited, Alerting], Operation::Reject, Always),
    Row(OFFERED, &[Chatting, Processing], Operation::Transfer, Always),
    Row(TALKS, &[Chatting], Operation::Leave, Always),
    Row(TALKS, &[Chatting], Operation::LeaveAndComplete, Unlisted),
    Row(ROOMS, &[Chatting], Operation::Invite, Always),
    Row(ROOMS, &[Chatting], Operation::Consult, Always),
    Row(TALKS, &[Chatting], Operation::SetInFocus, Always),
    Row(TALKS, &[Chatting], Operation::SetDisposition, Always),
    Row(TALKS, &[LeftChat], Operation::Complete, Always),
    Row(&[Im], &[Talking], Operation::Complete, Always),
    Row(
        EVERY,
        &[Invited, Alerting, Chatting, Processing, Talking, LeftChat, InWorkbin],
        Operation::AttachUserData,
        Always,
    ),
    Row(ITEMS, &[Processing], Operation::UpdateUserData, Always),
    Row(
        EVERY,
        &[Invited, Alerting, Chatting, Processing, Talking, LeftChat, InWorkbin],
        Operation::DeleteUserData,
        Always,
    ),
    Row(
        EVERY,
        &[Invited, Alerting, Chatting, Talking, LeftChat, InWorkbin],
        Operation::UpdateUserData,
        Always,
    ),
    Row(ITEMS, &[Processing], Operation::SetInFocus, Always),
    Row(DISPOSED, &[Processing], Operation::SetDisposition, Unlisted),
    Row(TALKS, &[Chatting], Operation::Complete, Always),
    Row(ITEMS, &[Processing], Operation::Complete, Always),
    Row(TALKS, &[LeftChat], Operation::SetInFocus, Unlisted),
    Row(TALKS, &[LeftChat], Operation::SetDisposition, Unlisted),
    Row(TALKS, &[Chatting], Operation::SendMessage, Always),
    Row(&[Im], &[Talking], Operation::SendMessage, Always),
    Row(TALKS, &[Chatting], Operation::SendUrl, Unlisted),
    Row(ROOMS, &[Chatting], Operation::SendStartTypingNotification, Always),
    Row(ROOMS, &[Chatting], Operation::SendStopTypingNotification, Always),
    Row(&[Workitem], &[Processing], Operation::PlaceInWorkbin, Unlisted),
    Row(&[Workitem], &[InWorkbin], Operation::PullFromWorkbin, Always),
];

/// What an agent may do whose part of an interaction of `medium` is in `state`.
fn rows(medium: Medium, state: InteractionState) -> impl Iterator<Item = &'static Row> {
    let there = medium.has(state);
    ROWS.iter().filter(move |row| there && row.0.contains(&medium) && row.1.contains(&state))
}

/// What a client is shown of what an agent may do whose part of an interaction of `medium` is in
/// `state`.
pub fn interaction_capabilities(
    medium: Medium,
    state: InteractionState,
    profile: Profile,
) -> impl Iterator<Item = Operation> {
    rows(medium, state)
        .filter(move |row| row.3 == Always || profile == Profile::Everything)
        .map(|row| row.2)
}

/// Whether an agent may do this whose part of an interaction of `medium` is in `state`.
pub(crate) fn allows(medium: Medium, state: InteractionState, operation: Operation) -> bool {
    rows(medium, state).any(|row| row.2 == operation)
}

/// Every operation that agents have in some state of a medium, user data included, in the order of
/// the table.
pub fn interaction_operations(medium: Medium) -> Vec<Operation> {
    let mut operations = Vec::new();
    for row in ROWS.iter().filter(|row| row.0.contains(&medium)) {
        if !operations.contains(&row.2) {
            operations.push(row.2);
        }
    }
    operations
}

/// What those outside may do in an interaction of `medium` whose state is `state`: the customer
/// writes and leaves, and who distributes work takes back what nobody has accepted. Nobody reads what is
/// written after all agents left, so it is not taken.
pub(crate) fn outside_allows(
    medium: Medium,
    state: InteractionState,
    operation: Operation,
) -> bool {
    let heard = matches!(state, Invited | Alerting | Chatting | Talking);
    match operation {
        Operation::SendMessage => medium.has_messages() && heard,
        Operation::SendUrl => TALKS.contains(&medium) && heard,
        Operation::SendStartTypingNotification | Operation::SendStopTypingNotification => {
            ROOMS.contains(&medium) && heard
        }
        Operation::Leave => medium.has_messages() && (heard || state == LeftChat),
        Operation::Revoke => !matches!(medium, Sms | Im) && state == Invited,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(medium: Medium, state: InteractionState, profile: Profile) -> String {
        let names: Vec<_> =
            interaction_capabilities(medium, state, profile).map(Operation::as_str).collect();
        names.join(" ")
    }

    #[test]
    fn lists_are_those_of_the_documented_samples() {
        for medium in [Sms, Chat] {
            assert_eq!(
                shown(medium, Chatting, Profile::Documented),
                "Transfer Leave Invite Consult SetInFocus SetDisposition AttachUserData \
                 DeleteUserData UpdateUserData Complete SendMessage SendStartTypingNotification \
                 SendStopTypingNotification"
            );
        }
        assert_eq!(
            shown(Openmedia, Processing, Profile::Documented),
            "Transfer AttachUserData UpdateUserData DeleteUserData SetInFocus Complete"
        );
        assert_eq!(
            shown(Im, Talking, Profile::Documented),
            "Complete AttachUserData DeleteUserData UpdateUserData SendMessage"
        );
    }

    #[test]
    fn no_operation_is_listed_twice_and_what_has_ended_has_none() {
        for medium in Medium::ALL {
            for state in InteractionState::ALL {
                let listed: Vec<_> =
                    interaction_capabilities(medium, state, Profile::Everything).collect();
                for operation in &listed {
                    let times = listed.iter().filter(|other| *other == operation).count();
                    assert_eq!(times, 1, "{medium} {state} {operation}");
                }
                assert_eq!(listed.is_empty(), !has(medium, state), "{medium} {state}");
            }
        }
    }

    /// Whether an agent's part of such an interaction can be in this state and is not over.
    fn has(medium: Medium, state: InteractionState) -> bool {
        let between = match medium {
            Sms | Chat | Facebook => state == LeftChat,
            Workitem => state == InWorkbin,
            _ => false,
        };
        state == medium.asked() || state == medium.working() || between
    }
}
