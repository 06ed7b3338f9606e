//! Resources as clients read them: names, JSON types and member order of the documented samples.
//!
//! A view borrows from the model and is written by one serialisation. Values of user data go
//! through as the text they came in. Nothing here decides anything.
//!
//! # Sources
//!
//! - Documented: Web Services API `AttachUserData` and `UpdateUserData` of the Voice API, and
//!   `AttachUserData` of the SMS Session API, for members, types and order. The samples are kept,
//!   repaired, in `tests/golden`.
//! - Observed: GWS 8.5.202 for the device and the user.

use encke_calls::{Duplicates, UserData};
use serde::Serialize;
use serde_json::value::RawValue;

mod call;
mod device;
mod interaction;
mod user;

pub(crate) use self::{
    call::CallView,
    device::DeviceView,
    interaction::{MessageView, addresses, interaction, media_type, path},
    user::UserView,
};

/// A view as JSON text.
pub(crate) fn render<T: Serialize>(view: &T) -> String {
    serde_json::to_string(view).expect("a view holds texts, numbers, lists and JSON only")
}

/// Text of this crate that is JSON, to be set into a larger view as it is.
pub(crate) fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("only rendered views come here")
}

/// User data as the member of a resource: absent when there is none.
pub(crate) fn user_data(data: &UserData, duplicates: Duplicates) -> Option<Box<RawValue>> {
    if data.is_empty() {
        return None;
    }
    Some(all_user_data(data, duplicates))
}

/// User data as an object, empty when there is none.
pub(crate) fn all_user_data(data: &UserData, duplicates: Duplicates) -> Box<RawValue> {
    let mut json = String::new();
    data.write_json(&mut json, duplicates);
    raw(json)
}
