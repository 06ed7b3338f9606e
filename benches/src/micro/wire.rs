//! Bodies as browsers send them, and their decoding.

use encke_bayeux::batch::{self, Limits};

use super::DATA;

/// A `/meta/connect`.
pub fn connect() -> String {
    r#"[{"id":"17","channel":"/meta/connect","connectionType":"long-polling","advice":{"timeout":0},"clientId":"4hjm6cpwlo1vn2dsb8ya9o4zy5qw1c0k"}]"#.to_owned()
}

/// A publish.
pub fn publish() -> String {
    format!(
        r#"[{{"channel":"/load/fanout","clientId":"4hjm6cpwlo1vn2dsb8ya9o4zy5qw1c0k","id":"4","data":{DATA}}}]"#
    )
}

/// How many messages a body has, all of them decoded.
pub fn decode(body: &str) -> usize {
    batch::decode(body.as_bytes(), &Limits::default()).map_or(0, |messages| messages.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_decoded() {
        assert_eq!((decode(&connect()), decode(&publish())), (1, 1));
        assert_eq!(DATA.len(), 100);
    }
}
