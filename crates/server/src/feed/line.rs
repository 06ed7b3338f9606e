//! What a line says: a report, or why it is none.

use encke::bayeux::batch::check_depth;
use encke::calls::{
    CallType, ConnId, Dn, FedCall, FedId, NewParty, Number, PartyState, Report, Reported, Role,
    SourceName, UserData, UserDataChange,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::said::{Code, Refused};

/// All members that a line may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Members<'a> {
    call: FedId,
    seq: u64,
    event: What,
    #[serde(rename = "type")]
    call_type: Option<CallType>,
    conn_id: Option<ConnId>,
    ani: Option<Number>,
    dnis: Option<Number>,
    parties: Option<Vec<Party>>,
    #[serde(borrow)]
    user_data: Option<&'a RawValue>,
    keys: Option<Vec<String>>,
    by: Option<Dn>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
enum What {
    Began,
    Parties,
    Attach,
    Update,
    Delete,
    Clear,
    Replace,
    Ended,
    Snapshot,
}

/// A party: a line by its `dn`, or somebody outside by a `number`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Party {
    dn: Option<Dn>,
    number: Option<Number>,
    state: PartyState,
    role: Option<Role>,
}

/// Whose line it is, as far as it says.
#[derive(Debug, Default, Deserialize)]
struct Named {
    #[serde(default)]
    call: Option<String>,
    #[serde(default)]
    seq: Option<u64>,
}

/// Reads a line of a source.
pub(super) fn read(source: &SourceName, line: &[u8], depth: usize) -> Result<Report, Refused> {
    let text = std::str::from_utf8(line)
        .map_err(|error| Refused::new(Code::JsonInvalid, error.to_string()))?;
    if check_depth(line, depth).is_err() {
        return Err(Refused::new(Code::TooDeep, format!("a line nests at most {depth} deep")));
    }
    let members: Members<'_> = serde_json::from_str(text).map_err(|error| {
        if !error.is_data() {
            return Refused::new(Code::JsonInvalid, error.to_string());
        }
        let Named { call, seq } = serde_json::from_str(text).unwrap_or_default();
        Refused::new(Code::LineInvalid, error.to_string()).of(call.as_deref(), seq)
    })?;
    let (call, seq) = (members.call.clone(), members.seq);
    report(source, members)
        .map_err(|why| Refused::new(Code::LineInvalid, why).of(Some(call.as_str()), Some(seq)))
}

fn report(source: &SourceName, members: Members<'_>) -> Result<Report, String> {
    let Members { call, seq, event, call_type, conn_id, ani, dnis, parties, user_data, keys, by } =
        members;
    if seq == 0 {
        return Err("`seq` counts from 1".to_owned());
    }
    let whole = matches!(event, What::Began | What::Snapshot);
    let changes = matches!(event, What::Attach | What::Update | What::Replace);
    let deletes = event == What::Delete;
    for (name, given, allowed) in [
        ("type", call_type.is_some(), whole),
        ("connId", conn_id.is_some(), whole),
        ("ani", ani.is_some(), whole),
        ("dnis", dnis.is_some(), whole),
        ("parties", parties.is_some(), whole || event == What::Parties),
        ("userData", user_data.is_some(), whole || changes),
        ("keys", keys.is_some(), deletes),
        ("by", by.is_some(), changes || deletes || event == What::Clear),
    ] {
        if given && !allowed {
            return Err(format!("`{name}` is no member of this event"));
        }
    }
    let data = user_data.map(|data| match data.get() {
        object if object.starts_with('{') => {
            UserData::parse(object).map_err(|error| error.to_string())
        }
        _ => Err("`userData` is no object".to_owned()),
    });
    let data = data.transpose()?;
    let needed = |name: &str| format!("`{name}` is missing");
    let parties = || {
        let parties = parties.ok_or_else(|| needed("parties"))?;
        parties.into_iter().map(party).collect::<Result<Vec<_>, _>>()
    };
    let changed = |change| Reported::UserData { by, change };
    let what = match event {
        What::Began | What::Snapshot => {
            let whole = FedCall {
                conn_id,
                call_type: call_type.ok_or_else(|| needed("type"))?,
                dnis,
                ani,
                parties: parties()?,
                user_data: data.unwrap_or_default(),
            };
            if event == What::Began { Reported::Began(whole) } else { Reported::Snapshot(whole) }
        }
        What::Parties => Reported::Parties(parties()?),
        What::Ended => Reported::Ended,
        What::Clear => changed(UserDataChange::Clear),
        What::Delete => changed(UserDataChange::DeleteKeys(keys.ok_or_else(|| needed("keys"))?)),
        What::Attach | What::Update | What::Replace => {
            let data = data.ok_or_else(|| needed("userData"))?;
            changed(match event {
                What::Attach => UserDataChange::Attach(data),
                What::Update => UserDataChange::Update(data),
                _ => UserDataChange::Replace(data),
            })
        }
    };
    Ok(Report { source: source.clone(), id: call, seq, what })
}

fn party(party: Party) -> Result<NewParty, String> {
    let Party { dn, number, state, role } = party;
    let number = number.or_else(|| dn.as_ref().map(Dn::number));
    let number = number.ok_or_else(|| "a party has a `dn` or a `number`".to_owned())?;
    Ok(NewParty { dn, number, state, role: role.unwrap_or(Role::Destination) })
}
