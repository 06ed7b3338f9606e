//! From a command to its answer, and from the core's refusals to return values.

use axum::http::StatusCode;
use encke_calls::{Bound, Command, CommandError, Outcome, Refusal};

use crate::reply::Reply;
use crate::request::Asked;
use crate::status::{Failure, ReturnCode};

/// Submits a command that could be read and answers with what came of it.
///
/// The answer to an accepted command says nothing else: what the core did is told by
/// notifications.
pub(super) async fn outcome<F>(asked: Asked<Command>, submit: impl FnOnce(Command) -> F) -> Reply
where
    F: Future<Output = Result<Outcome, CommandError>>,
{
    let reply = match asked.command {
        Err(failure) => failure.into(),
        Ok(command) => match submit(command).await {
            Ok(_) => Reply::accepted(),
            Err(error) => failure(&error).into(),
        },
    };
    reply.counted_as(asked.operation)
}

/// What the sender of a command is told that was not carried out.
pub(super) fn failure(error: &CommandError) -> Failure {
    match error {
        CommandError::Refused(refusal) => Failure::new(code(refusal), refusal.to_string()),
        CommandError::Busy => unavailable("too many requests are waiting; try again"),
        CommandError::Unavailable => unavailable("changes cannot be stored at the moment"),
        _ => unavailable("the call-state core has stopped"),
    }
}

fn unavailable(message: &str) -> Failure {
    Failure::new(ReturnCode::Internal, message).with_http(StatusCode::SERVICE_UNAVAILABLE)
}

/// The return value of a refusal. Bounds of one user or line are his to wait for; a bound of the
/// whole server is ours.
fn code(refusal: &Refusal) -> ReturnCode {
    match refusal {
        Refusal::NotFound | Refusal::UnknownDn | Refusal::NoSuchConsultation => {
            ReturnCode::NotFound
        }
        Refusal::TooMany { what: Bound::Calls | Bound::Interactions, .. } => ReturnCode::Internal,
        Refusal::InvalidState { .. }
        | Refusal::LoggedOut
        | Refusal::DoNotDisturb
        | Refusal::ForwardingLoop
        | Refusal::ForwardedOutside
        | Refusal::DestinationBusy
        | Refusal::OnTheCall
        | Refusal::TakesPart
        | Refusal::TooMany { .. } => ReturnCode::InvalidState,
        Refusal::Exists => ReturnCode::Exists,
        _ => ReturnCode::Validation,
    }
}

#[cfg(test)]
mod tests {
    use encke_calls::Operation;

    use super::*;

    #[test]
    fn each_refusal_has_its_return_value() {
        let table = [
            (Refusal::NotFound, 6),
            (Refusal::UnknownDn, 6),
            (Refusal::InvalidState { operation: Operation::Answer, state: "Held" }, 2),
            (Refusal::LoggedOut, 2),
            (Refusal::DoNotDisturb, 2),
            (Refusal::ForwardingLoop, 2),
            (Refusal::ForwardedOutside, 2),
            (Refusal::NoSuchConsultation, 6),
            (Refusal::DestinationBusy, 2),
            (Refusal::OnTheCall, 2),
            (Refusal::TakesPart, 2),
            (Refusal::NoUrl, 10),
            (Refusal::TooMany { what: Bound::InteractionsOfUser, limit: 1 }, 2),
            (Refusal::TooMany { what: Bound::Interactions, limit: 1 }, 4),
            (Refusal::NoSuchParticipant, 10),
            (Refusal::TooMany { what: Bound::CallsOfDn, limit: 1 }, 2),
            (Refusal::TooMany { what: Bound::Calls, limit: 1 }, 4),
            (Refusal::DialToSelf, 10),
            (Refusal::TooLarge { bytes: 2, limit: 1 }, 10),
            (Refusal::TooDeep { depth: 2, limit: 1 }, 10),
            (Refusal::KeyTooLong { bytes: 2, limit: 1 }, 10),
            (Refusal::TextTooLong { bytes: 2, limit: 1 }, 10),
            (Refusal::InvalidParties, 10),
            (Refusal::Exists, 18),
        ];
        for (refusal, number) in table {
            assert_eq!(code(&refusal).number(), number, "{refusal:?}");
        }
    }

    #[test]
    fn what_cannot_be_stored_is_a_503() {
        for error in [CommandError::Busy, CommandError::Unavailable, CommandError::Stopped] {
            let failure = failure(&error);
            assert_eq!((failure.code.number(), failure.http.as_u16()), (4, 503), "{error:?}");
        }
    }
}
