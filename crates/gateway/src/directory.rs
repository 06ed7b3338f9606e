//! The people and the phones: who owns which DN, and under which ids they appear.
//!
//! A directory is built once and then shared; it holds no passwords. It answers the questions of
//! both directions: a request comes from a user and acts on his DNs, a change happens at a DN and
//! is told to its user.
//!
//! Ids are stable across restarts because they are derived: the device id is the UUID v5 of the
//! DN, the user id that of the name. A device may keep an id it is known by elsewhere.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use encke_broker::UserId;
use encke_calls::Dn;
use uuid::Uuid;

use crate::caller::Roles;
use crate::features::Features;

/// The users and devices of one contact centre. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Directory(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    users: HashMap<UserId, User>,
    owners: HashMap<Dn, UserId>,
    devices: HashMap<Uuid, Dn>,
}

/// One person or program.
#[derive(Clone, Debug)]
pub struct User {
    name: UserId,
    id: Uuid,
    first_name: String,
    last_name: String,
    roles: Roles,
    features: Features,
    devices: Vec<Device>,
}

/// One phone: a DN and the id it has in addresses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    dn: Dn,
    id: Uuid,
}

/// Why users cannot stand in one directory.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The name is there already.
    User(UserId),
    /// The DN has an owner already.
    Dn(Dn),
    /// The device id belongs to another DN.
    Device(Uuid),
}

impl User {
    /// A user of this name, without roles and without phones.
    pub fn new(name: UserId) -> Self {
        let id = derived(USERS, name.as_str());
        Self {
            name,
            id,
            first_name: String::new(),
            last_name: String::new(),
            roles: Roles::default(),
            features: Features::default(),
            devices: Vec::new(),
        }
    }

    /// First and last name, as people write them. Default: empty.
    #[must_use]
    pub fn called(mut self, first: &str, last: &str) -> Self {
        self.first_name = first.into();
        self.last_name = last.into();
        self
    }

    /// What the user may do. Default: nothing.
    #[must_use]
    pub fn roles(mut self, roles: Roles) -> Self {
        self.roles = roles;
        self
    }

    /// What the user may use. Default: all features.
    #[must_use]
    pub fn with_features(mut self, features: Features) -> Self {
        self.features = features;
        self
    }

    /// One phone more. The first is the one the user speaks from as a third party.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.devices.push(device);
        self
    }

    /// The name that logs in and owns Bayeux sessions.
    pub fn name(&self) -> &UserId {
        &self.name
    }

    /// The roles, for the login to put into a [`Caller`](crate::Caller).
    pub fn granted(&self) -> Roles {
        self.roles
    }

    /// What the user may use.
    pub fn features(&self) -> Features {
        self.features
    }

    /// The phones, in the order in which they were added.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn first_name(&self) -> &str {
        &self.first_name
    }

    pub(crate) fn last_name(&self) -> &str {
        &self.last_name
    }
}

impl Device {
    /// The phone at this DN, with the id that is derived from it.
    pub fn new(dn: Dn) -> Self {
        let id = derived(DEVICES, dn.as_str());
        Self { dn, id }
    }

    /// The same phone under an id that clients know already.
    #[must_use]
    pub fn known_as(mut self, id: Uuid) -> Self {
        self.id = id;
        self
    }

    /// The number.
    pub fn dn(&self) -> &Dn {
        &self.dn
    }

    /// The id in `/api/v2/devices/{id}`.
    pub fn id(&self) -> Uuid {
        self.id
    }
}

impl Directory {
    /// A directory of these users.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] names what two of them claim.
    pub fn new(users: impl IntoIterator<Item = User>) -> Result<Self, DirectoryError> {
        let mut inner = Inner::default();
        for user in users {
            for device in &user.devices {
                if inner.owners.insert(device.dn.clone(), user.name.clone()).is_some() {
                    return Err(DirectoryError::Dn(device.dn.clone()));
                }
                if inner.devices.insert(device.id, device.dn.clone()).is_some() {
                    return Err(DirectoryError::Device(device.id));
                }
            }
            let name = user.name.clone();
            if inner.users.insert(name.clone(), user).is_some() {
                return Err(DirectoryError::User(name));
            }
        }
        Ok(Self(Arc::new(inner)))
    }

    /// The user of this name.
    pub fn user(&self, name: &UserId) -> Option<&User> {
        self.0.users.get(name)
    }

    /// The user who owns this DN.
    pub fn owner(&self, dn: &Dn) -> Option<&User> {
        self.user(self.0.owners.get(dn)?)
    }

    /// Every DN that has an owner, in no order: what the call-state core takes for internal.
    pub fn dns(&self) -> impl Iterator<Item = &Dn> {
        self.0.owners.keys()
    }

    /// Every user, in no order.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.0.users.values()
    }

    /// The user of this name or of this id.
    pub(crate) fn named(&self, text: &str) -> Option<&User> {
        self.user(&UserId::new(text)).or_else(|| {
            let id: Uuid = text.parse().ok()?;
            self.users().find(|user| user.id == id)
        })
    }

    /// The id of the device at a DN, which is derived where the DN has no owner.
    pub(crate) fn device_id(&self, dn: &Dn) -> Uuid {
        let known = |user: &User| user.devices.iter().find(|d| d.dn == *dn).map(|d| d.id);
        self.owner(dn).and_then(known).unwrap_or_else(|| derived(DEVICES, dn.as_str()))
    }
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user '{}' is there twice", name.as_str()),
            Self::Dn(dn) => write!(f, "DN {} has two owners", dn.as_str()),
            Self::Device(id) => write!(f, "device id {id} stands for two DNs"),
        }
    }
}

impl std::error::Error for DirectoryError {}

/// UUID v5 of a name in a space of its own, so that user `15000` and DN `15000` differ.
fn derived(space: &str, name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_URL, space.as_bytes()), name.as_bytes())
}

const USERS: &str = "urn:encke:users";
const DEVICES: &str = "urn:encke:devices";

/// The id of the contact centre that all users of a site belong to.
pub(crate) fn contact_center_id(site: &str) -> Uuid {
    derived("urn:encke:contact-centers", site)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, dns: &[&str]) -> User {
        dns.iter().fold(User::new(UserId::new(name)), |user, dn| {
            user.device(Device::new(Dn::new(*dn).unwrap()))
        })
    }

    #[test]
    fn a_dn_and_a_name_have_one_owner() {
        assert_eq!(
            Directory::new([user("alice", &["1"]), user("bob", &["1"])]).unwrap_err(),
            DirectoryError::Dn(Dn::new("1").unwrap())
        );
        assert_eq!(
            Directory::new([user("alice", &[]), user("alice", &[])]).unwrap_err(),
            DirectoryError::User(UserId::new("alice"))
        );
    }

    #[test]
    fn ids_are_derived_and_kept_apart() {
        let directory = Directory::new([user("15000", &["15000"])]).unwrap();
        let owner = directory.owner(&Dn::new("15000").unwrap()).unwrap();
        assert_ne!(owner.id(), owner.devices()[0].id());
        assert_eq!(owner.devices()[0].id().get_version_num(), 5);
        let again = Directory::default();
        assert_eq!(again.device_id(&Dn::new("15000").unwrap()), owner.devices()[0].id());
    }
}
