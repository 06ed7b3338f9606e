//! What a session has to send back.
//!
//! Servers bind a session to a browser or a login by cookies; CometD for Java does not hold the
//! polls of a client that sends none back. Attributes are ignored: a run talks to one path of one
//! host for minutes. A cookie with an empty value is removed.

/// The cookies of one session, in the order they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Takes the value of one `Set-Cookie` header. Text without `=` is ignored.
    pub(crate) fn absorb(&mut self, header: &str) {
        let pair = header.split(';').next().unwrap_or(header);
        let Some((name, value)) = pair.split_once('=') else { return };
        let (name, value) = (name.trim(), value.trim());
        self.0.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The value of a `Cookie` header; `None` without cookies.
    pub(crate) fn header(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some(pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_name_counts() {
        let mut cookies = Cookies::default();
        assert_eq!(cookies.header(), None);
        cookies.absorb("BAYEUX_BROWSER=a; Path=/; HttpOnly");
        cookies.absorb("JSESSIONID=x=y");
        cookies.absorb("BAYEUX_BROWSER=b");
        assert_eq!(cookies.header().unwrap(), "JSESSIONID=x=y; BAYEUX_BROWSER=b");
        cookies.absorb("JSESSIONID=; Max-Age=0");
        cookies.absorb("nonsense");
        assert_eq!(cookies.header().unwrap(), "BAYEUX_BROWSER=b");
    }
}
