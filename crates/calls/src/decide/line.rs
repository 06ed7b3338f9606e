//! What is done at lines.

use crate::{AgentState, Dn, Line, LineAction, LineEvent, LineId, LineSettings, Refusal, State};

/// One event for each line at which something changes.
pub(super) fn operate(
    state: &State,
    lines: &[Dn],
    action: &LineAction,
    now_ms: u64,
) -> Result<Vec<LineEvent>, Refusal> {
    if lines.is_empty() {
        return Err(Refusal::UnknownDn);
    }
    let mut events: Vec<LineEvent> = Vec::new();
    for dn in lines {
        let dn = state.dn(dn.as_str()).ok_or(Refusal::UnknownDn)?;
        let line = state.line(dn);
        let before = line.map_or_else(LineSettings::default, |line| line.settings.clone());
        if let LineAction::Forward(Some(to)) = action
            && to.as_str() == dn.as_str()
        {
            return Err(Refusal::DialToSelf);
        }
        let settings = after(before.clone(), action)?;
        if settings == before || events.iter().any(|event| event.line.dn == *dn) {
            continue;
        }
        let era = line.map_or(1, |line| line.id.era + u64::from(line.version >= Line::ERA_CHANGES));
        let line = LineId { dn: dn.clone(), era };
        events.push(LineEvent { line, at_ms: now_ms, settings });
    }
    Ok(events)
}

fn after(mut settings: LineSettings, action: &LineAction) -> Result<LineSettings, Refusal> {
    let not_ready = |work_mode, reason| AgentState::NotReady { work_mode, reason };
    let there = settings.agent != AgentState::LoggedOut;
    settings.agent = match action {
        LineAction::DoNotDisturb(on) => {
            settings.do_not_disturb = *on;
            return Ok(settings);
        }
        LineAction::Forward(to) => {
            settings.forward_to.clone_from(to);
            return Ok(settings);
        }
        LineAction::LogIn if there => return Ok(settings),
        LineAction::LogIn => not_ready(None, None),
        LineAction::LogOut => AgentState::LoggedOut,
        LineAction::Ready | LineAction::NotReady(_) | LineAction::Work(_) if !there => {
            return Err(Refusal::LoggedOut);
        }
        LineAction::Ready => AgentState::Ready,
        LineAction::NotReady(reason) => not_ready(None, reason.clone()),
        LineAction::Work(mode) => not_ready(Some(*mode), None),
    };
    Ok(settings)
}
